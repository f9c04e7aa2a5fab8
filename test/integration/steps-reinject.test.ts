import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { archiveStep, Pipeline, rule, until } from "./flow-harness.ts";
import { notes, ownStep, python, StepWorker } from "./steps-harness.ts";

const FAILS = `
def process(self, xaf):
    tried = int(self.get_tag(xaf, "attempt", b"0", force_process_name="main", force_plugin_name="again"))
    note("own", self.get_original_basename(xaf), tried)
    name = self.get_original_basename(xaf)
    return tried >= int(name[-1]) and self.move_to_plugin_step(xaf, "archive", "main")
`;

/** A step whose failures go to one that gives them back, as the predecessor made of `retry_total`, or plugins by hand. */
describe("the reinject step of the Python layer", () => {
  let flow: Pipeline;
  const workers: StepWorker[] = [];
  beforeEach(async () => {
    flow = new Pipeline();
    const onFailure = { do: "move", to: { to: "step", step: { plugin: "again", step: "main" } } } as const;
    const steps = [ownStep("own", { onFailure }), ownStep("again"), archiveStep(flow.archive)];
    flow.configure(flow.config(steps, [rule("*", "own")]));
    await flow.start();
    workers.push(python(flow, "own", FAILS));
  });
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.stop("SIGKILL")));
    await flow.close();
  });

  const trash = (): readonly string[] => {
    const directory = join(flow.dataIn, "trash", "again.main");
    return existsSync(directory) ? readdirSync(directory).sort() : [];
  };

  function reinject(body: string, ...options: readonly string[]): StepWorker {
    const worker = python(flow, "again", body, "AcquisitionReinjectStep", ["--dest-dir=own/main", ...options]);
    workers.push(worker);
    return worker;
  }

  test("the command: files are given back until they pass; one that never does goes to trash, once", async () => {
    const script = join(import.meta.dirname, "..", "..", "layers", "python3", "bin", "reinject_step");
    const options = ["--dest-dir=own/main", "--retry-min-wait=0", "--retry-total=3", "--step-name=main"];
    workers.push(new StepWorker(flow, "again", ["python3", script, ...options, "step.again.main"]));
    for (const name of ["passes1", "passes2", "never9"]) flow.drop(name, `content of ${name}`);
    await until("two passed, one was given up", () => flow.archived().length === 2 && trash().length === 2);
    assert.deepEqual(trash(), ["never9", "never9.tags"]);
    const tags = readFileSync(join(flow.dataIn, "trash", "again.main", "never9.tags"), "utf8");
    assert.match(tags, /^latest\.again\.main\.attempt = 3$/m);
    assert.equal(flow.tags("passes2").get("latest.again.main.attempt"), "2");
    const tried = notes(flow).filter((line) => line.includes("never9"));
    assert.deepEqual(
      tried,
      [0, 1, 2, 3].map((attempt) => `own never9 ${attempt}`),
    );
  });

  test("a class of a plugin: its delay and hooks are used, and a stop or a death loses neither file nor attempt", async () => {
    const body = `
def delay(self, attempt_number):
    note("delay", attempt_number, self.retry_min_wait, self.retry_total)
    return 0 if os.path.exists(os.path.join(OUT, "now")) else 1000

def reinject(self, xaf, retry_attempt):
    note("reinject", self.get_original_basename(xaf), retry_attempt)
    super().reinject(xaf, retry_attempt)

def give_up(self, xaf):
    note("give up", self.get_original_basename(xaf))
`;
    const first = reinject(body, "--retry-min-wait=7", "--retry-total=1");
    flow.drop("passes1", "content");
    flow.drop("never9", "content");
    await until("both wait", () => notes(flow).filter((line) => line === "delay 1 7.0 1").length >= 2);
    assert.equal(await first.stop(), 0);
    const second = reinject(body, "--retry-min-wait=8", "--retry-total=1");
    await until("they wait again", () => notes(flow).filter((line) => line === "delay 1 8.0 1").length >= 2);
    second.kill();
    await until("one passed, one was given up", () => flow.archived().length === 1 && trash().length === 2);
    assert.deepEqual(trash(), ["never9", "never9.tags"]);
    const hooks = notes(flow).filter((line) => /^(reinject|give)/.test(line));
    assert.deepEqual(hooks.sort(), ["give up never9", "reinject never9 0", "reinject passes1 0"]);
    assert.doesNotMatch(readFileSync(join(flow.dataIn, "trash", "again.main", "never9.tags"), "utf8"), /waiting_since/);
  });
});
