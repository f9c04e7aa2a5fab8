import assert from "node:assert/strict";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { archiveStep, type Pipeline, rule, until } from "./flow-harness.ts";
import { notes, ownStep, pipelineOfEach, python, StepWorker } from "./steps-harness.ts";

const FILES = 1500;

describe("steps that die", () => {
  let flow: Pipeline;
  const workers = pipelineOfEach((fresh) => {
    flow = fresh;
  });

  function drop(index: number): void {
    writeFileSync(join(flow.stage, "file"), `content ${index}`);
    renameSync(join(flow.stage, "file"), join(flow.incoming, `file${index}`));
  }

  async function someMore(): Promise<void> {
    const before = notes(flow).length;
    await until("some more", () => notes(flow).length > before + 20);
  }

  /** Every file is archived once, as it was; executions beyond one each are at most `kills`. */
  async function assertComplete(count: number, kills: number): Promise<void> {
    await until("all are archived", () => flow.archived().length === count && flow.inside().length === 0);
    const expected = Array.from({ length: count }, (_, index) => `file${index}`).sort();
    assert.deepEqual(flow.archived(), expected);
    assert.deepEqual(flow.inside(), []);
    for (let index = 0; index < count; index++) {
      assert.equal(readFileSync(join(flow.archive, `file${index}`), "utf8"), `content ${index}`);
      assert.equal(flow.tags(`file${index}`).get("latest.core.step_counter"), "3");
    }
    const executions = notes(flow).length;
    assert.ok(executions >= count && executions <= count + kills, `${executions} executions after ${kills} kills`);
  }

  const body = `
def process(self, xaf):
    note(self.get_original_basename(xaf))
    return self.move_to_plugin_step(xaf, "archive", "main")
`;

  test(`kill -9 of a Python and a Node worker in the middle of ${FILES} files`, async () => {
    flow.configure(flow.config([ownStep("own"), archiveStep(flow.archive)], [rule("*", "own")]));
    await flow.start();
    const script = join(flow.root, "own.js");
    writeFileSync(
      script,
      `const { appendFileSync } = require("node:fs");
require("metwork-step").run((file) => {
  appendFileSync(process.env.OUT + "/notes", file.tags["first.core.original_basename"] + "\\n");
  file.emit("archive/main");
});
`,
    );
    workers.push(python(flow, "own", body), new StepWorker(flow, "own", [process.execPath, script]));
    const kills = 6;
    const count = await flow.feed(FILES, drop, async () => {
      for (let kill = 0; kill < kills; kill++) {
        await someMore();
        workers[kill % 2]?.kill();
      }
    });
    await assertComplete(count, kills);
  });

  test(`kill -9 of the daemon in the middle of ${FILES} files: its workers come back to the next one`, async () => {
    flow.configure(flow.config([ownStep("own"), archiveStep(flow.archive)], [rule("*", "own")]));
    await flow.start();
    workers.push(python(flow, "own", body), python(flow, "own", body));
    const kills = 4;
    const count = await flow.feed(FILES, drop, async () => {
      for (let kill = 0; kill < kills; kill++) {
        await someMore();
        await flow.stop("SIGKILL");
        await flow.start();
      }
    });
    await assertComplete(count, kills * 2);
    assert.deepEqual(
      workers.map(({ starts }) => starts),
      [1, 1],
    );
  });
});
