import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Expectation, ExpectState } from "../../src/core/expect/types.ts";
import { archiveStep, Pipeline, rule, until } from "./flow-harness.ts";

const MAIN = join(import.meta.dirname, "..", "..", "src", "main", "trace.ts");
const EVERY_S = 3;

test("what is missing is told once, over kills too, and that it came after all; what came is not told of", async () => {
  const flow = new Pipeline();
  const state = join(flow.root, "expect.json");
  const expectation = (name: string): Expectation => ({
    plugin: "p",
    name,
    match: `${name}_*`,
    directory: "incoming",
    schedule: name === "often" ? `*/${EVERY_S} * * * * *` : nextMoments(),
    count: 1,
    graceS: 1,
    command: ["sh", "-c", `echo $METWORK_EXPECT_STATE >> ${flow.root}/${name}.told`],
    home: flow.root,
  });
  const settings = {
    directory: join(flow.root, "trace"),
    keep: false,
    maxAgeS: 3600,
    maxBytes: 1024 * 1024,
    digest: false,
    expect: { specs: [expectation("often"), expectation("once")], state, settleMs: 3000 },
  };
  const argv = [process.execPath, MAIN] as const;
  flow.configure({ ...flow.config([archiveStep(flow.archive)], [rule("*", "archive")]), trace: { argv, settings } });
  await flow.startRedis();
  await flow.start();
  const feed = setInterval(() => flow.drop(`often_${Date.now()}`, "x"), (EVERY_S * 1000) / 4);
  const raised = (): readonly string[] => flow.log.match(/\[expect_once\] of p: missing: .* due at \S+/g) ?? [];
  try {
    await until("it is told", () => raised().length > 0, 45_000);
    const [, told = "", due = ""] = /^(\S+Z).*\[expect_once\] of p: missing: .* due at (\S+)/m.exec(flow.log) ?? [];
    const lateS = (Date.parse(told) - Date.parse(due)) / 1000;
    assert.ok(lateS >= 1 && lateS <= 1 + 10, `told ${lateS} s after it was due, with a grace of 1 s`);
    await until("its command ran", () => existsSync(join(flow.root, "once.told")));
    await until("it is remembered", () => {
      const watched: ExpectState = JSON.parse(readFileSync(state, "utf8"));
      return watched.watched["p/once"]?.due.some(({ raisedAt }) => raisedAt !== undefined) === true;
    });
    await flow.stop("SIGKILL");
    await flow.start();
    flow.drop("once_late", "x");
    await until("it came after all", () => /\[expect_once\] of p: what was due at .* arrived after all/.test(flow.log));
    assert.equal(new Set(raised()).size, raised().length, "each moment is told of once");
    assert.equal(existsSync(join(flow.root, "often.told")), false);
    assert.equal(existsSync(settings.directory), false);
  } finally {
    clearInterval(feed);
    await flow.close();
  }
});

/** Due in some seconds, and every twenty seconds after. */
function nextMoments(): string {
  const second = new Date(Date.now() + 4000).getUTCSeconds();
  return `${[0, 20, 40].map((later) => (second + later) % 60).join()} * * * * *`;
}
