import assert from "node:assert/strict";
import { readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { archiveStep, Pipeline, rule, step, until } from "./flow-harness.ts";
import { notes, ownStep, python, type StepWorker } from "./steps-harness.ts";

const BACKLOG = 10_000;
/** Of those that wait so many may come before an urgent one: what a worker has asked for, and what is done until the pipeline has it. */
const NEAR = BACKLOG / 4;
const NAME = "first.core.original_basename";

describe("priorities", () => {
  const flow = new Pipeline();
  const worker: StepWorker[] = [];
  const seen = (): readonly string[] => notes(flow).filter((name) => name !== "");

  before(async () => {
    await flow.startRedis();
    const entry = step(
      "entry",
      {
        do: "move",
        to: { to: "step", step: { plugin: "slow", step: "main" } },
        basename: "{ORIGINAL_BASENAME}",
        dropTags: false,
      },
      { priority: 3 },
    );
    const [slow] = rule("warning*", "slow", NAME).targets;
    assert.ok(slow);
    const urgent = { ...rule("warning*", "slow", NAME), targets: [{ ...slow, priority: 9 }] };
    flow.configure(flow.config([ownStep("slow"), entry, archiveStep(flow.archive)], [rule("*", "slow", NAME), urgent]));
    await flow.start();
  });
  after(async () => {
    await Promise.all(worker.map((one) => one.stop("SIGKILL")));
    await flow.close();
  });

  test(`urgent files overtake ${BACKLOG} that wait, by a rule's priority or a step's, the higher first`, async () => {
    const waiting = join(flow.dataIn, "step.slow.main");
    for (let index = 0; index < BACKLOG; index++) writeFileSync(join(waiting, `plain${index}`), "x");
    writeFileSync(join(flow.dataIn, "step.entry.main", "entered"), "x");
    flow.drop("warning1", "x");
    await until("all of them wait", () => readdirSync(waiting).length === BACKLOG + 2, 60_000);
    worker.push(
      python(flow, "slow", "\ndef process(self, xaf):\n    note(self.get_original_basename(xaf))\n    return True\n"),
    );
    await until("some are done", () => seen().length > 100);
    const order = seen().filter((name) => !name.startsWith("plain"));
    assert.deepEqual(order, ["warning1", "entered"]);
    assert.ok(seen().indexOf("entered") < 20, String(seen().indexOf("entered")));
    writeFileSync(join(flow.stage, "warning2"), "x");
    renameSync(join(flow.stage, "warning2"), join(flow.incoming, "warning2"));
    const before = seen().length;
    await until("the second is done", () => seen().includes("warning2"));
    const overtaken = seen().indexOf("warning2") - before;
    assert.ok(overtaken < NEAR && before < BACKLOG / 2, `${overtaken} files after ${before}`);
  });
});
