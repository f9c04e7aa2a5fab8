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
    // Two moments a minute: the second is far enough for the test to end before.
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
    expect: { specs: [expectation("often"), expectation("once")], state, settleMs: 500 },
  };
  const argv = [process.execPath, MAIN] as const;
  flow.configure({ ...flow.config([archiveStep(flow.archive)], [rule("*", "archive")]), trace: { argv, settings } });
  await flow.startRedis();
  await flow.start();
  const feed = setInterval(() => flow.drop(`often_${Date.now()}`, "x"), (EVERY_S * 1000) / 4);
  const raised = (): number => (flow.log.match(/\[expect_once\] of p: missing/g) ?? []).length;
  try {
    await until("it is told", () => raised() === 1, 20_000);
    await until("its command ran", () => existsSync(join(flow.root, "once.told")));
    await until("it is remembered", () => {
      const watched: ExpectState = JSON.parse(readFileSync(state, "utf8"));
      return watched.watched["p/once"]?.due.some(({ raisedAt }) => raisedAt !== undefined) === true;
    });
    await flow.stop("SIGKILL");
    await flow.start();
    flow.drop("once_late", "x");
    await until("it came after all", () => /\[expect_once\] of p: what was due at .* arrived after all/.test(flow.log));
    assert.equal(raised(), 1);
    assert.equal(existsSync(join(flow.root, "often.told")), false);
    assert.equal(existsSync(settings.directory), false);
  } finally {
    clearInterval(feed);
    await flow.close();
  }
});

/** Due in about two seconds, and not again for half a minute. */
function nextMoments(): string {
  const second = new Date(Date.now() + 2500).getUTCSeconds();
  return `${second},${(second + 30) % 60} * * * * *`;
}
