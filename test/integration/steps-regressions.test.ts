import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { FlowStep } from "../../src/core/flow/types.ts";
import { run } from "../../src/kit/exec.ts";
import { archiveStep, step as builtin, type Pipeline, rule, says, until } from "./flow-harness.ts";
import { notes, ownStep, pipelineOfEach, python } from "./steps-harness.ts";

/** What the predecessor's steps did wrong, each of which lost files or repeated them. */
describe("defects of the predecessor's steps that must not come back", () => {
  let flow: Pipeline;
  const workers = pipelineOfEach((fresh) => {
    flow = fresh;
  });

  async function start(steps: readonly FlowStep[], to = "own"): Promise<void> {
    flow.configure(flow.config([...steps, archiveStep(flow.archive)], [rule("*", to)]));
    await flow.start();
  }

  const trash = (plugin: string): string[] => {
    const directory = join(flow.dataIn, "trash", `${plugin}.main`);
    return existsSync(directory) ? readdirSync(directory).sort() : [];
  };
  const trashed = (plugin: string, name: string): string =>
    readFileSync(join(flow.dataIn, "trash", `${plugin}.main`, name), "utf8");

  test("files derived from one, with its uid, meet in a batch and each is read as it is", async () => {
    await start([ownStep("own"), ownStep("collect")]);
    workers.push(
      python(
        flow,
        "own",
        `
def transform(self, xaf):
    paths = [self.get_tmp_filepath(f"derived{index}") for index in range(20)]
    for path in paths:
        with open(path, "w") as file:
            file.write(os.path.basename(path))
    return paths

def move_to_plugin_step(self, xaf, *others, **more):
    return super().move_to_plugin_step(xaf, "collect", "main")
`,
        "AcquisitionTransformStep",
      ),
      python(
        flow,
        "collect",
        `
batch_process_max_wait = 1

def batch_process(self, xafs):
    for xaf in xafs:
        with open(xaf.filepath) as file:
            note(self.get_original_uid(xaf), file.read())
    return True
`,
        "AcquisitionBatchStep",
      ),
    );
    flow.drop("one", "content");
    await until("all were read", () => notes(flow).length === 20 && flow.inside().length === 0);
    const [uids, contents] = [0, 1].map((column) => new Set(notes(flow).map((line) => line.split(" ")[column])));
    assert.equal(uids?.size, 1);
    assert.equal(contents?.size, 20);
  });

  test("a retry without any wait tries as often as it was asked, and its file is in trash afterwards", async () => {
    const retry = { total: 3, minWaitS: 0, maxWaitS: 0, backoff: 0 };
    await start([ownStep("own", { retry })]);
    workers.push(python(flow, "own", "\ndef process(self, xaf):\n    note('tried')\n    return False\n"));
    flow.drop("never", "its content");
    await until("it was given up", () => trash("own").length === 2);
    assert.equal(notes(flow).length, 4);
    assert.equal(trashed("own", "never"), "its content");
    assert.match(trashed("own", "never.tags"), /^latest\.own\.main_reinject\.attempt = 3$/m);
    assert.deepEqual(readdirSync(join(flow.dataIn, "step.own.main_reinject")), []);
  });

  test("a move that fails leaves the file in trash with all its tags", async () => {
    const blocked = join(flow.root, "a file");
    writeFileSync(blocked, "");
    const to = { to: "directory", path: join(blocked, "below") } as const;
    await start([builtin("own", { do: "move", to, basename: "{ORIGINAL_BASENAME}", dropTags: true })]);
    flow.drop("my%dfile.txt", "content");
    await until("it failed", () => trash("own").length === 2);
    assert.deepEqual(trash("own"), ["my%dfile.txt", "my%dfile.txt.tags"]);
    const tags = trashed("own", "my%dfile.txt.tags");
    assert.match(tags, /^latest\.guess_file_type\.main\.system_magic = ASCII text/m);
    assert.match(tags, /^first\.core\.original_uid = [0-9a-f]{32}$/m);
  });

  test("a file that cannot even be put in trash is not deleted, and is there once that is mended", async () => {
    await start([ownStep("own")]);
    mkdirSync(join(flow.dataIn, "trash"), { recursive: true });
    writeFileSync(join(flow.dataIn, "trash", "own.main"), "no directory");
    workers.push(python(flow, "own", "\ndef process(self, xaf):\n    note('tried')\n    return False\n"));
    flow.drop("dear", "its content");
    await until("it failed", () => notes(flow).length === 1);
    await until("that is said", () => /\[ERROR\].*own/.test(flow.log));
    await flow.stop();
    rmSync(join(flow.dataIn, "trash", "own.main"));
    await flow.start();
    await until("it is in trash", () => trash("own").length === 2);
    assert.equal(trashed("own", "dear"), "its content");
  });

  test("what a decorator can't unpack, and what fails on an unpacked copy, is in trash as it came", async () => {
    await start([ownStep("own")]);
    const body = "\n@ungzip\ndef process(self, xaf):\n    note('called')\n    return False\n";
    workers.push(python(flow, "own", body));
    flow.drop("plain", "no gzip at all");
    await until("it failed", () => trash("own").length === 2);
    assert.equal(trashed("own", "plain"), "no gzip at all");
    assert.deepEqual(notes(flow), []);
  });

  test("a step sets a limit of its own to files that go round in circles", async () => {
    await start([ownStep("own")]);
    const body = `
step_limit = 5

def process(self, xaf):
    note("round", self.failure_policy)
    return self.move_to_plugin_step(xaf, "own", "main")
`;
    workers.push(python(flow, "own", body));
    flow.drop("circle", "content");
    await until("it is given up", () => trash("own").length === 2);
    // guess_file_type and switch are steps 0 and 1.
    assert.deepEqual(notes(flow), Array(4).fill("round keep"));
    await says(flow, /circle: it went through more than 5 steps/);
  });

  test("a batch step tries one file by itself", async () => {
    const script = join(flow.root, "alone.py");
    writeFileSync(
      script,
      `from acquisition import AcquisitionBatchStep
class Step(AcquisitionBatchStep):
    def batch_process(self, xafs):
        return [open(xaf.filepath).read() == "good" for xaf in xafs]
Step().run()
`,
    );
    for (const [content, code] of [
      ["good", 0],
      ["bad", 1],
    ] as const) {
      writeFileSync(join(flow.root, "tried"), content);
      const env = {
        ...process.env,
        PYTHONPATH: join(import.meta.dirname, "..", "..", "layers", "python3", "lib"),
        MFDATA_DATA_IN_DIR: flow.dataIn,
        MFDATA_CURRENT_PLUGIN_NAME: "alone",
      };
      const done = await run(["python3", script, "--step-name=main", join(flow.root, "tried")], { env });
      assert.equal(done.code, code, done.stderr);
      assert.equal(readFileSync(join(flow.root, "tried"), "utf8"), content);
    }
  });
});
