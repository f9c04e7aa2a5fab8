import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { FlowConfig } from "../../src/core/flow/types.ts";
import { archiveStep, Pipeline, rule, says, until } from "./flow-harness.ts";
import { ownStep, python, type StepWorker } from "./steps-harness.ts";

describe("back-pressure", () => {
  const flow = new Pipeline();
  const file = join(flow.root, "refusing.json");
  let worker: StepWorker | undefined;
  const configure = (limits: Partial<FlowConfig["limits"]>, maxWaiting = 20): void => {
    const all = { freeBytes: 0, freeInodes: 0, waiting: 0, ...limits };
    flow.configure(
      flow.config([ownStep("slow", { maxWaiting }), archiveStep(flow.archive)], [rule("*", "slow")], { limits: all }),
    );
  };
  const refused = (): string => readFileSync(file, "utf8");

  before(async () => {
    configure({});
    await flow.start();
  });
  after(async () => {
    await worker?.stop("SIGKILL");
    await flow.close();
  });

  test("a step that does not keep up makes the ways in refuse, and says which", async () => {
    for (let index = 0; index < 30; index++) flow.drop(`file${index}`, "x");
    await until("files are refused", () => existsSync(file));
    assert.deepEqual(JSON.parse(refused()).reasons, [
      { what: "waiting slow.main", text: "more files wait for slow.main than 20" },
    ]);
    await says(flow, /\[ERROR\].*the ways in refuse files: more files wait for slow\.main than 20/);
  });

  test("they take files again when it has caught up, and nothing is lost", async () => {
    worker = python(
      flow,
      "slow",
      "\ndef process(self, xaf):\n    return self.move_to_plugin_step(xaf, 'archive', 'main')\n",
    );
    await until("they take files again", () => !existsSync(file));
    await until("all are archived", () => flow.archived().length === 30);
    await says(flow, /the ways in take files again/);
  });

  test("limits of the whole module hold, and change while it runs", async () => {
    configure({ waiting: 3 });
    flow.signal("SIGHUP");
    const step = join(flow.dataIn, "step.slow.main");
    for (let index = 0; index < 5; index++) writeFileSync(join(step, `waits${index}.t`), "");
    await until("files are refused", () => existsSync(file));
    assert.match(refused(), /"what":"waiting"/);
    configure({ freeBytes: Number.MAX_SAFE_INTEGER });
    flow.signal("SIGHUP");
    await until("for another reason", () => existsSync(file) && refused().includes('"what":"space"'));
    assert.equal(readdirSync(step).length, 5);
  });

  test("a daemon that starts says at once what is true now", async () => {
    await flow.stop();
    assert.ok(existsSync(file));
    configure({});
    mkdirSync(join(flow.dataIn, "incoming"), { recursive: true });
    await flow.start();
    await until("files are taken", () => !existsSync(file));
  });
});
