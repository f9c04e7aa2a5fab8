import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { FlowStep } from "../../src/core/flow/types.ts";
import { archiveStep, type Pipeline, rule, until } from "./flow-harness.ts";
import { notes, ownStep, pipelineOfEach, python } from "./steps-harness.ts";

/** Plugins of the predecessor override more than the hooks that its documentation names. */
describe("classes that plugins of the predecessor derive from", () => {
  let flow: Pipeline;
  const workers = pipelineOfEach((fresh) => {
    flow = fresh;
  });

  async function start(...steps: readonly FlowStep[]): Promise<void> {
    flow.configure(flow.config([ownStep("own"), archiveStep(flow.archive), ...steps], [rule("*", "own")]));
    await flow.start();
  }

  const step = (body: string, base: string, ...options: readonly string[]): void =>
    void workers.push(python(flow, "own", body, base, options));

  test("transform: it declares --dest-dir itself, has a default for it, changes what is sent", async () => {
    await start();
    step(
      `
dest_dir_default = "archive/main"

def add_extra_arguments(self, parser):
    parser.add_argument("--dest-dir", action="store", default=self.dest_dir_default, help="its own words")
    parser.add_argument("--shout", action="store", default="no")

def init(self):
    self.keep_transformed_basename = False

def transform(self, xaf):
    self._set_tag_latest(xaf, "colour", "blue")
    self._set_tag(xaf, self._get_tag_name("size", "latest", force_plugin_name="core"), "7", info=True)
    note(self.args.shout, self._get_counter_tag_value(xaf), self.keep_transformed_basename)
    made = self.get_tmp_filepath()
    with open(made, "w") as file:
        file.write("made")
    return (one for one in [made, None])

def process_out(self, xaf, out):
    note("out", type(out).__name__)
    return super().process_out(xaf, out)
`,
      "AcquisitionTransformStep",
      "--shout=yes",
    );
    flow.drop("picture", "content");
    await until("it is archived", () => flow.archived().length === 1);
    assert.deepEqual(notes(flow), ["yes 2 False", "out generator", "out str", "out NoneType"]);
    assert.equal(readFileSync(join(flow.archive, "picture"), "utf8"), "made");
    assert.equal(flow.tags("picture").get("latest.own.main.colour"), "blue");
    assert.equal(flow.tags("picture").get("latest.core.size"), "7");
  });

  test("transform: what is not overridden sends the file on; a wrong result is a failure", async () => {
    await start(ownStep("other"));
    step("\nstep_limit = 9\n", "AcquisitionTransformStep", "--dest-dir=other/main");
    const body = "\ndef transform(self, xaf):\n    return 7 if self.get_original_basename(xaf) == 'bad' else xaf\n";
    workers.push(python(flow, "other", body, "AcquisitionTransformStep", ["--dest-dir=archive/main"]));
    flow.drop("good", "content");
    flow.drop("bad", "content");
    await until("one is archived", () => flow.archived().length === 1);
    await until("the other failed", () => /bad: TypeError: transform\(\) returned int/.test(flow.log));
    assert.deepEqual(flow.archived(), ["good"]);
  });

  test("move to a step: before_move is asked, its own arguments, and tags dropped when that is wanted", async () => {
    await start();
    step(
      `
def add_extra_arguments(self, parser):
    self.add_dest_arguments(parser)
    self.add_force_chmod_argument(parser)
    parser.add_argument("--drop-tags", default="0")

def before_move(self, xaf):
    note(self.dest_dir == os.path.join(os.environ["MFDATA_DATA_IN_DIR"], "step.archive.main"), self.drop_tags, repr(self.force_chmod))
    if self.get_original_basename(xaf) == "unwanted":
        return None
    return super().before_move(xaf)
`,
      "AcquisitionMoveStep",
      "--dest-dir=archive/main",
      "--drop-tag=0",
    );
    flow.drop("wanted", "content");
    flow.drop("unwanted", "content");
    await until("one is archived, the other gone", () => flow.archived().length === 1 && flow.inside().length === 0);
    assert.deepEqual(notes(flow), ["True False ''", "True False ''"]);
    assert.deepEqual(flow.archived(), ["wanted"]);
    assert.ok(flow.tags("wanted").has("latest.guess_file_type.main.system_magic"));
  });

  test("archive: a class of one's own names the file, and its mode and tags come along", async () => {
    await start();
    const kept = join(flow.root, "kept");
    const body = `\ndef before_move(self, xaf):\n    return os.path.join(self.dest_dir, "below", "of mine")\n`;
    step(body, "AcquisitionArchiveStep", `--dest-dir=${kept}`, "--force-chmod=0600", "--keep-tags-suffix=.txt");
    flow.drop("wanted", "content");
    await until("it has left", () => existsSync(join(kept, "below", "of mine")) && flow.inside().length === 0);
    assert.equal(readFileSync(join(kept, "below", "of mine"), "utf8"), "content");
    assert.equal(statSync(join(kept, "below", "of mine")).mode & 0o777, 0o600);
    assert.match(readFileSync(join(kept, "below", "of mine.txt"), "utf8"), /original_basename = wanted/);
  });
});
