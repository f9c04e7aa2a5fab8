import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import type { FlowConfig, FlowStep } from "../../src/core/flow/types.ts";
import { archiveStep, type Pipeline, rule, says, until } from "./flow-harness.ts";
import { give, notes, ownStep, pipelineOfEach, python, StepWorker } from "./steps-harness.ts";

describe("steps in Python", () => {
  let flow: Pipeline;
  const workers = pipelineOfEach((fresh) => {
    flow = fresh;
  });

  async function start(steps: readonly FlowStep[], to = "own", more: Partial<FlowConfig> = {}): Promise<void> {
    flow.configure(flow.config([...steps, archiveStep(flow.archive)], [rule("*", to)], more));
    await flow.start();
  }

  function step(body: string, base?: string, plugin = "own"): StepWorker {
    const worker = python(flow, plugin, body, base);
    workers.push(worker);
    return worker;
  }

  const trash = (plugin = "own"): string[] => {
    const directory = join(flow.dataIn, "trash", `${plugin}.main`);
    return existsSync(directory) ? readdirSync(directory).sort() : [];
  };

  test("the chain: incoming, type, switch, Python, archive; tags and hooks in order", async () => {
    await start([ownStep("own")]);
    const worker = step(`
def add_extra_arguments(self, parser):
    parser.add_argument("--shout", default="no")

def init(self):
    note("init", self.args.shout, self.plugin_name, self.step_name)

def process(self, xaf):
    note("process", self.get_original_basename(xaf), self.get_tag(xaf, "system_magic", force_plugin_name="guess_file_type"))
    self.set_tag(xaf, "colour", "bl\\u00e4u")
    self.info("hello %s", "there", a=1)
    return self.move_to_plugin_step(xaf, "archive", "main")

def after(self, status):
    note("after", status)

def destroy(self):
    note("destroy")
`);
    flow.drop("picture.txt", "some text\n");
    await until("archived", () => flow.archived().length === 1);
    await until("after", () => notes(flow).length === 3);
    assert.equal(await worker.stop(), 0);
    assert.deepEqual(notes(flow), ["init no own main", "process picture.txt b'ASCII text'", "after True", "destroy"]);
    const tags = flow.tags("picture.txt");
    assert.equal(tags.get("2.own.main.colour"), "bläu");
    assert.equal(tags.get("latest.own.main.colour"), "bläu");
    assert.equal(tags.get("latest.core.step_counter"), "3");
    assert.deepEqual(
      [...tags.keys()].filter((name) => name.endsWith("enter_step")),
      [
        "0.guess_file_type.main.enter_step",
        "1.switch.main.enter_step",
        "2.own.main.enter_step",
        "3.archive.main.enter_step",
      ],
    );
    assert.match(
      worker.log,
      /^\d{4}-\d\d-\d\dT[\d:.]{15}Z {5}\[INFO\] \(mfdata\.own\.main#\d+\) hello there \{a=1\}$/m,
    );
    assert.deepEqual(flow.inside(), []);
  });

  test("None, false and an exception are failures: trash with tags, the reason in the log", async () => {
    await start([ownStep("own")]);
    step(`
def process(self, xaf):
    name = self.get_original_basename(xaf)
    self.set_tag(xaf, "seen", "yes")
    made = self.get_tmp_filepath()
    open(made, "w").write("derived")
    self.move_to_plugin_step(XattrFile(made), "archive", "main")
    if name == "raises":
        raise RuntimeError("boom")
    return False if name == "false" else None
`);
    for (const name of ["none", "false", "raises"]) flow.drop(name, "x");
    await until("all are in trash", () => trash().length === 6);
    assert.deepEqual(trash(), ["false", "false.tags", "none", "none.tags", "raises", "raises.tags"]);
    assert.match(
      readFileSync(join(flow.dataIn, "trash", "own.main", "none.tags"), "utf8"),
      /^2\.own\.main\.seen = yes$/m,
    );
    await says(flow, /raises: RuntimeError: boom/, /none: Step returned None/);
    assert.equal(flow.inside().length, 6, "what a failed file made is thrown away");
    assert.deepEqual(flow.archived(), []);
  });

  test("files of awkward names and bytes go through", async () => {
    await start([ownStep("own")]);
    step(`
def process(self, xaf):
    note(json.dumps(os.path.basename(xaf.filepath)), json.dumps(self.get_original_basename(xaf)))
    xaf.tags[b"raw"] = b"\\xff\\xfe"
    return self.move_to_plugin_step(xaf, "archive", "main")
`);
    flow.drop("a b;$(touch x)'\"", "x");
    flow.drop("été", "x");
    execFileSync("bash", ["-c", `printf x > "$1/s.t"; mv "$1/s.t" "$1/"$'latin-\\xe9'`, "bash", flow.incoming]);
    await until("archived", () => flow.archived().length === 3);
    for (const note of notes(flow)) assert.match(note, /^"mw[0-9a-z-]+" /, "nothing of an outsider is in the path");
    const names = notes(flow).map((note) => JSON.parse(note.slice(note.indexOf(" ") + 1)) as string);
    assert.deepEqual(names.sort(), ["a b;$(touch x)'\"", "latin-\udce9", "été"]);
    assert.ok(readdirSync(flow.archive, { encoding: "buffer" }).some((name) => name.includes(0xe9)));
  });

  test("copies, links, transforms; what the step took away itself is gone", async () => {
    const copies = join(flow.root, "copies");
    await start([ownStep("own"), ownStep("transform"), archiveStep(copies, "copies")]);
    step(`
def process(self, xaf):
    if self.get_original_basename(xaf) == "deleted":
        xaf.delete()
        return True
    ok = self.copy_to_plugin_step(xaf, "copies", "main") and self.hardlink_to_plugin_step(xaf, "copies", "main")
    return ok and self.move_to_plugin_step(xaf, "transform", "main")
`);
    step(
      `
def transform(self, xaf):
    path = self.get_tmp_filepath("other")
    with open(path, "w") as file:
        file.write("other")
    return [path, xaf]
`,
      "AcquisitionTransformStep",
      "transform",
    );
    flow.drop("one", "content");
    flow.drop("deleted", "content");
    await until("archived", () => flow.archived().length === 2 && flow.archived(copies).length === 2);
    await until("nothing is left", () => flow.inside().length === 0);
    const contents = flow.archived().map((name) => readFileSync(join(flow.archive, name), "utf8"));
    assert.deepEqual(contents.sort(), ["content", "other"]);
    for (const name of flow.archived()) {
      assert.equal(flow.tags(name).get("first.core.original_basename"), "one");
      assert.equal(flow.tags(name).get("latest.core.step_counter"), "4");
    }
  });

  test("decorators hand over a changed copy, and a failure keeps the file as it was", async () => {
    await start([ownStep("own")]);
    step(`
@try_ungzip
@remove_first_line
def process(self, xaf):
    note(open(xaf.filepath).read().strip())
    if self.get_original_basename(xaf) == "plain":
        return False
    return self.move_to_plugin_step(xaf, "archive", "main")
`);
    flow.drop("packed.gz", gzipSync("first\nsecond\n"));
    await until("archived", () => flow.archived().length === 1);
    assert.equal(readFileSync(join(flow.archive, "packed.gz"), "utf8"), "second\n");
    flow.drop("plain", "one\ntwo\n");
    await until("in trash", () => trash().length === 2);
    assert.equal(readFileSync(join(flow.dataIn, "trash", "own.main", "plain"), "utf8"), "one\ntwo\n");
    assert.deepEqual(notes(flow), ["second", "two"]);
  });

  test("a switch of one's own, with rules of its own file; a bad rule stops no other", async () => {
    await start([ownStep("own")]);
    const rules = join(flow.root, "rules.ini");
    const tag = "first.core.original_basename";
    writeFileSync(
      rules,
      [
        `[switch_rules:fnmatch:${tag}]\n[ab]* = archive/main\nx* = not a step`,
        `[switch_rules:regex:${tag}]\n([ = archive/main\na@@@@@@.$ = archive/main*`,
        `[switch_rules:notequal:no.such.tag]\n{NOT_FOUND} = archive/main`,
        "[switch_rules:python]\nrules.is_mine = archive/main\nrules.missing = archive/main\n",
      ].join("\n"),
    );
    writeFileSync(
      join(flow.root, "rules.py"),
      'def is_mine(xaf):\n    return xaf.tags[b"first.core.original_basename"] == b"mine"\n',
    );
    const worker = step(
      `
unit_tests = True
unit_tests_args = ["--rules-file=${rules}", "--no-match-policy=keep", "step.own.main"]
`,
      "AcquisitionSwitchStep",
    );
    for (const name of ["a=1", "b", "mine", "other"]) flow.drop(name, name);
    await until("three are archived", () => flow.archived().length === 3);
    const kept = join(flow.dataIn, "trash", "own.nomatch");
    await until("one matched nothing", () => existsSync(kept) && readdirSync(kept).length === 2);
    assert.deepEqual(flow.archived(), ["a=1", "b", "mine"]);
    await says(worker, /the rule x\* of .* is left out: not a step is neither/);
    await says(worker, /the rule rules\.missing of .* is left out/);
    const layer = join(import.meta.dirname, "..", "..", "layers", "python3");
    const env = { ...process.env, PYTHONPATH: join(layer, "lib"), MFDATA_DATA_IN_DIR: flow.dataIn };
    writeFileSync(join(flow.root, "b"), "by hand");
    const args = [`--rules-file=${rules}`, "--step-name=main", join(flow.root, "b")];
    const said = execFileSync(join(layer, "bin", "switch_step"), args, {
      env: { ...env, MFDATA_CURRENT_PLUGIN_NAME: "own", MFDATA_CURRENT_PLUGIN_DIR: flow.root },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    assert.match(said, /1 actions matched/);
    await until("it came out of a step", () => flow.archived().length === 4);
  });

  test("batches by size, by time and at the end; a status each; a wrong number of them fails all", async () => {
    const statsd = createSocket("udp4").bind(0, "127.0.0.1");
    await once(statsd, "listening");
    const told: string[] = [];
    statsd.on("message", (message) => told.push(...String(message).split("\n")));
    await start([ownStep("own")], "own", { metrics: { port: statsd.address().port, host: "here" } });
    const body = `
os.environ.update(MFDATA_TELEGRAF_STATSD_PORT="${statsd.address().port}", MFDATA_ADMIN_HOSTNAME="admin")
batch_process_max_size = 4
batch_process_max_wait = 1

def batch_process(self, xafs):
    note(len(xafs))
    names = [self.get_original_basename(xaf) for xaf in xafs]
    if "wrong" in names:
        return [True] * (len(xafs) + 1)
    return [not name.startswith("bad") for name in names]
`;
    const worker = step(body, "AcquisitionBatchStep");
    for (const name of ["bad1", "ok1", "ok2", "ok3"]) give(flow, "own", name, "x");
    await until("a full batch", () => notes(flow).length === 1);
    give(flow, "own", "ok4", "x");
    await until("a batch by time", () => notes(flow).length === 2);
    assert.deepEqual(notes(flow), ["4", "1"]);
    await until("one failed", () => trash().length === 2);
    give(flow, "own", "ok5", "x");
    give(flow, "own", "wrong", "x");
    await until("they are in its hands", () => readdirSync(join(flow.dataIn, "step.own.main")).length === 0);
    assert.equal(await worker.stop(), 0);
    assert.equal(notes(flow).length, 3, "flushed at the end");
    await until("all is done", () => trash().length === 6 && flow.inside().length === 6);
    const count = (metric: string): number => told.filter((line) => line.startsWith(`${metric},module=mfdata,`)).length;
    await until("each batch is counted and timed", () => {
      return count("number_of_processed_batches") === 3 && count("processing_batch_timer") === 3;
    });
    assert.equal(count("number_of_processed_batches_error"), 2);
    assert.match(told.join("\n"), /^number_of_processed_batches,module=mfdata,host=[^,]*,plugin=own,step=main:1\|c$/m);
    const files = (): number => {
      const counts = told.map((line) => /^number_of_processed_files,.*plugin=own,step=main:(\d+)\|c$/.exec(line)?.[1]);
      return counts.reduce((sum, one) => sum + Number(one ?? 0), 0);
    };
    await until("each file of a batch is counted", () => files() === 7);
    assert.equal(count("processing_file_timer"), 0, "the time of one in a batch is the batch's");
    assert.equal(count("number_of_processing_errors"), 0, "so is its failure");
    statsd.close();
    assert.match(
      readFileSync(join(flow.dataIn, "trash", "own.main", "bad1.tags"), "utf8"),
      /^0\.own\.main\.batch_id = [0-9a-f]{32}$/m,
    );
  });

  test("the steps of the layer: fork, copy, ungzip, unbzip2; a command that fails is a failure", async () => {
    const copies = join(flow.root, "copies");
    const layer = (name: string, ...args: readonly string[]): void => {
      const program = join(import.meta.dirname, "..", "..", "layers", "python3", "bin", `${name}_step`);
      workers.push(new StepWorker(flow, name, [program, ...args, "--step-name=main", `step.${name}.main`]));
    };
    const steps = ["fork", "copy", "ungzip", "unbzip2"].map((name) => ownStep(name));
    flow.configure(
      flow.config(
        [...steps, archiveStep(flow.archive), archiveStep(copies, "copies")],
        ["fork", "ungzip", "unbzip2"].map((name) => rule(`${name}*`, name, "first.core.original_basename")),
      ),
    );
    await flow.start();
    const command = `case $(cat {PATH}) in bad*) exit 3;; esac; cat {PATH} {PATH} > {PATH}.out && echo "FILEPATH: {PATH}.out"`;
    layer("fork", "--dest-dir=copy/main", `--command-template=${command}`, "--command-returning-path=1");
    layer("copy", "--dest-dirs=copies/main,archive/main*");
    layer("ungzip", "--dest-dir=archive/main");
    layer("unbzip2", "--dest-dir=archive/main");
    flow.drop("fork1", "twice");
    flow.drop("fork2", "bad");
    flow.drop("ungzip", gzipSync("unpacked"));
    flow.drop(
      "unbzip2",
      execFileSync("python3", ["-c", "import bz2,sys; sys.stdout.buffer.write(bz2.compress(b'unpacked'))"]),
    );
    const copied = (): boolean => flow.archived(copies).length === 1;
    await until("all went their way", () => flow.archived().length === 3 && copied() && trash("fork").length === 2);
    assert.equal(readFileSync(join(flow.archive, "fork1"), "utf8"), "twicetwice");
    assert.equal(readFileSync(join(copies, "fork1"), "utf8"), "twicetwice");
    assert.equal(readFileSync(join(flow.archive, "ungzip"), "utf8"), "unpacked");
    assert.equal(readFileSync(join(flow.archive, "unbzip2"), "utf8"), "unpacked");
    assert.deepEqual(trash("fork"), ["fork2", "fork2.tags"]);
    await says(flow, /fork2: Exception: .* ended with 3/);
  });

  test("a plugin's program tries one file by itself", () => {
    const script = join(flow.root, "alone.py");
    writeFileSync(
      script,
      `from acquisition import AcquisitionStep
class Step(AcquisitionStep):
    def process(self, xaf):
        self.info("%s %s", self.get_original_basename(xaf), open(xaf.filepath).read())
        if self.get_original_basename(xaf) == "moved":
            return self.move_to_plugin_step(xaf, "alone", "next", keep_original_basename=True)
        return self.get_original_basename(xaf) == "good"
Step().run()
`,
    );
    const env = {
      ...process.env,
      PYTHONPATH: join(import.meta.dirname, "..", "..", "layers", "python3", "lib"),
      MFDATA_DATA_IN_DIR: flow.dataIn,
      MFDATA_CURRENT_PLUGIN_NAME: "alone",
    };
    for (const [name, code] of [
      ["good", 0],
      ["bad", 1],
      ["moved", 0],
    ] as const) {
      const path = join(flow.root, name);
      writeFileSync(path, "text");
      let ended = 0;
      try {
        const said = execFileSync("python3", [script, "--step-name=main", path], { env, encoding: "utf8" });
        assert.match(said, /(?:good|moved) text/);
      } catch (error) {
        ended = (error as { status: number }).status;
      }
      assert.equal(ended, code);
      assert.equal(readFileSync(path, "utf8"), "text");
    }
    assert.deepEqual(readdirSync(join(flow.dataIn, "tmp", "alone.main.work")), [], "no copy is left");
    assert.equal(readdirSync(join(flow.dataIn, "step.alone.next")).length, 1, "what was moved is there");
    rmSync(script);
  });
});
