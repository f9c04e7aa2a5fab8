import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { archiveStep, type Pipeline, rule, says, until } from "./flow-harness.ts";
import { notes, ownStep, pipelineOfEach, python } from "./steps-harness.ts";

describe("files that fail", () => {
  let flow: Pipeline;
  const workers = pipelineOfEach((fresh) => {
    flow = fresh;
  });

  test("a file that kills its workers goes to trash, the others of its batch do not", async () => {
    flow.configure(flow.config([ownStep("own"), archiveStep(flow.archive)], [rule("*", "own")]));
    await flow.start();
    workers.push(
      python(
        flow,
        "own",
        `
batch_process_max_wait = 1

def batch_process(self, xafs):
    if any(self.get_original_basename(xaf) == "poison" for xaf in xafs):
        os.kill(os.getpid(), signal.SIGKILL)
    return all(self.move_to_plugin_step(xaf, "archive", "main") for xaf in xafs)
`,
        "AcquisitionBatchStep",
      ),
    );
    for (const name of ["a", "b", "poison", "c"]) flow.drop(name, name);
    const trash = join(flow.dataIn, "trash", "own.main");
    await until("it is in trash", () => existsSync(trash) && readdirSync(trash).length === 2);
    assert.match(readFileSync(join(trash, "poison.tags"), "utf8"), /^latest\.own\.main\.worker_deaths = 3$/m);
    await until("the others are archived", () => flow.archived().length === 3);
    assert.deepEqual(flow.archived(), ["a", "b", "c"]);
  });

  test("a worker that holds a file for too long is killed; the file goes to trash, the others go on", async () => {
    flow.configure(flow.config([ownStep("own", { maxProcessingS: 1 }), archiveStep(flow.archive)], [rule("*", "own")]));
    await flow.start();
    const body = `
def process(self, xaf):
    while self.get_original_basename(xaf) == "hangs":
        time.sleep(1)
    return self.move_to_plugin_step(xaf, "archive", "main")
`;
    workers.push(python(flow, "own", body), python(flow, "own", body));
    for (const name of ["a", "hangs", "b", "c"]) flow.drop(name, name);
    const trash = join(flow.dataIn, "trash", "own.main");
    await until("the others are archived", () => flow.archived().length === 3);
    await until("it is in trash", () => existsSync(trash) && readdirSync(trash).length === 2);
    assert.match(readFileSync(join(trash, "hangs.tags"), "utf8"), /^latest\.own\.main\.worker_deaths = 3$/m);
    await says(flow, /holds a file for more than 1 s and is killed/);
  });

  test("a failed file is tried again, across a restart, as often as it was asked, then the policy applies", async () => {
    const retry = { total: 2, minWaitS: 1, maxWaitS: 5, backoff: 0 };
    const onFailure = { do: "move", to: { to: "step", step: { plugin: "archive", step: "main" } } } as const;
    const builtIn = { ...archiveStep("/proc/nowhere", "broken"), retry };
    const steps = [ownStep("own", { retry, onFailure }), builtIn, archiveStep(flow.archive)];
    const rules = [
      rule("own", "own", "first.core.original_basename"),
      rule("built", "broken", "first.core.original_basename"),
    ];
    flow.configure(flow.config(steps, rules));
    await flow.start();
    workers.push(
      python(
        flow,
        "own",
        `
def process(self, xaf):
    note(time.time(), self.get_tag(xaf, "attempt", force_process_name="main_reinject", not_found_value=b"0").decode())
    return False
`,
      ),
    );
    flow.drop("own", "x");
    flow.drop("built", "x");
    const room = join(flow.dataIn, "step.own.main_reinject");
    await until("it waits for its next try", () => existsSync(room) && readdirSync(room).length === 1);
    await flow.stop("SIGKILL");
    await flow.start();
    await until("it went where the policy says", () => flow.archived().length === 1);
    const tries = notes(flow).map((line) => line.split(" "));
    assert.deepEqual(
      tries.map(([, attempt]) => attempt),
      ["0", "1", "2"],
    );
    for (const [index, [time]] of tries.entries()) {
      if (index > 0) assert.ok(Number(time) - Number(tries[index - 1]?.[0]) >= 0.9, "it waited");
    }
    assert.equal(flow.tags("own").get("latest.own.main_reinject.attempt"), "2");
    const trash = join(flow.dataIn, "trash", "broken.main");
    await until("the built-in step gave up too", () => existsSync(trash) && readdirSync(trash).length === 2);
    assert.match(readFileSync(join(trash, "built.tags"), "utf8"), /^latest\.broken\.main_reinject\.attempt = 2$/m);
    assert.equal(flow.inside().length, 2);
  });
});
