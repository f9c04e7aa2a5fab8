import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { run } from "../../src/kit/exec.ts";
import { type Appliance, makeAppliance, root } from "../support/appliance.ts";

interface Report {
  readonly step: string;
  readonly files: readonly {
    readonly ok: boolean;
    readonly ending: { readonly is: string; readonly reason?: string };
    readonly tags: Readonly<Record<"before" | "after", Readonly<Record<string, string>>>>;
  }[];
  readonly outputs: readonly { readonly to: string; readonly path: string; readonly tags: Record<string, string> }[];
  readonly log: readonly string[];
}

describe("metwork step try, with nothing running", () => {
  let appliance: Appliance;
  let sources: string;
  before(async () => {
    appliance = await makeAppliance();
    sources = join(appliance.home, "sources");
    mkdirSync(sources);
  });
  after(() => appliance[Symbol.asyncDispose]());

  async function create(template: string, custom = ""): Promise<string> {
    const name = `try_${template}`;
    const at = 'cd "$1" && exec bootstrap_plugin.py create --no-input --template="$2" "$3"';
    await appliance.ok("mfdata_wrapper", "sh", "-c", at, "sh", sources, template, name);
    if (custom !== "") appliance.write(`mfdata/config/plugins/${name}.ini`, custom);
    return join(sources, name);
  }

  function file(name: string, content: string | Uint8Array): string {
    writeFileSync(join(appliance.home, name), content);
    return join(appliance.home, name);
  }

  /** Types the command in the plugin's directory. */
  async function attempt(plugin: string, ...args: readonly string[]) {
    const env = {
      ...process.env,
      METWORK_RUNTIME_ROOT: appliance.home,
      METWORK_ETC: join(appliance.home, "etc"),
      METWORK_ALLOW_USAGE_BY_ROOT: "1",
    };
    return await run([join(root, "bin", "metwork"), "step", "try", ...args], { cwd: plugin, env, timeoutMs: 60_000 });
  }

  async function report(plugin: string, code: number, ...files: readonly string[]): Promise<Report> {
    const done = await attempt(plugin, "--json", ...files);
    assert.equal(done.code, code, done.stdout + done.stderr);
    return JSON.parse(done.stdout);
  }

  test("own code in Python: the edit that was saved is what is tried; tags, log, failure", async () => {
    const plugin = await create("python3");
    const main = join(plugin, "main.py");
    const code = readFileSync(main, "utf8");
    writeFileSync(main, code.replace("return True", 'self.set_tag(xaf, "colour", "blue")\n        return True'));
    const text = file("text", "some text");
    const good = await report(plugin, 0, text);
    assert.equal(good.step, "try_python3/main");
    assert.equal(good.files[0]?.tags.before["first.core.original_basename"], "text");
    assert.equal(good.files[0]?.tags.after["latest.try_python3.main.colour"], "blue");
    assert.match(good.log.join("\n"), /process for file/);
    writeFileSync(main, code.replace("return True", 'raise ValueError("no good")'));
    const bad = await attempt(plugin, text);
    assert.equal(bad.code, 1);
    assert.match(
      bad.stdout,
      /^try_python3\/main text: FAILED: ValueError: no good \(in the pipeline: failure_policy = keep\)/,
    );
    assert.match(bad.stdout, /Traceback/);
    writeFileSync(main, "#!/usr/bin/env python3\nthis is no Python\n");
    const broken = await attempt(plugin, text);
    assert.equal(broken.code, 1);
    assert.match(broken.stderr, /SyntaxError[\s\S]*MF8075.*ended before it asked for a file: exit code/);
    assert.equal(readFileSync(text, "utf8"), "some text");
  });

  test("several files in one batch, at once", async () => {
    const tried = await report(await create("batch"), 0, file("a", "1"), file("b", "2"));
    const batches = tried.files.map(({ tags }) => tags.after["0.try_batch.main.batch_id"]);
    assert.match(batches[0] ?? "", /^[0-9a-f]{32}$/);
    assert.equal(batches[0], batches[1]);
  });

  test("own code in Node and in shell: outputs with their tags", async () => {
    const node = await create("node");
    writeFileSync(
      join(node, "main.js"),
      '#!/usr/bin/env node\nrequire("metwork-step").run((file) => file.emit("archive/main", { mode: "copy" }));\n',
    );
    const copied = await report(node, 0, file("copied", "abc"));
    assert.deepEqual(
      copied.outputs.map(({ to, path }) => [to, readFileSync(path, "utf8")]),
      [["archive/main", "abc"]],
    );
    const shell = await create("shell", "[custom]\ndest_dir = archive/main\n");
    writeFileSync(
      join(shell, "main.sh"),
      '#!/bin/sh\nset -eu\ntr a-z A-Z <"$METWORK_FILE" >"$METWORK_OUT/upper"\necho "size=$(wc -c <"$METWORK_FILE")" >"$METWORK_NEW_TAGS"\necho "did $METWORK_BASENAME, uid $METWORK_TAG_FIRST_CORE_ORIGINAL_UID"\n',
    );
    const upper = await report(shell, 0, file("low", "abc"));
    assert.deepEqual(
      upper.outputs.map(({ to, path }) => [to, readFileSync(path, "utf8")]),
      [["archive/main", "ABC"]],
    );
    assert.equal(upper.outputs[0]?.tags["latest.try_shell.main.size"], "3");
    assert.equal(upper.outputs[0]?.tags["first.core.original_basename"], "low");
    assert.match(upper.log.join("\n"), /did low, uid [0-9a-f]{32}/);
    writeFileSync(join(shell, "main.sh"), "#!/bin/sh\necho half >$METWORK_OUT/half\necho too bad >&2\nexit 3\n");
    const failed = await report(shell, 1, join(appliance.home, "low"));
    assert.match(failed.files[0]?.ending.reason ?? "", /main\.sh ended with 3: too bad$/);
    assert.deepEqual(failed.outputs, []);
  });

  test("built-in steps do nothing outside: the archive stays as it is", async () => {
    const [output] = (await report(await create("archive"), 0, file("kept", "x"))).outputs;
    assert.match(output?.to ?? "", /\/var\/archive\/\d{8}$/);
    assert.equal(existsSync(join(appliance.home, "mfdata", "var", "archive")), false);
    const copy = await create("copy", "[custom]\ndest_dirs = a/main,b/main*\n");
    const tried = await report(copy, 0, file("both", "x"));
    assert.deepEqual(
      tried.outputs.map(({ to }) => to),
      ["a/main", "b/main"],
    );
  });

  test("what decompresses: whole, in several parts, cut off", async () => {
    const xz = (text: string): Promise<Buffer> => packed("lzma", text);
    const bzip2 = (text: string): Promise<Buffer> => packed("bz2", text);
    const parts = {
      ungzip: [gzipSync("one "), gzipSync("two")],
      unzstd: [zstdCompressSync("one "), zstdCompressSync("two")],
      unxz: [await xz("one "), await xz("two")],
      unbzip2: [await bzip2("one "), await bzip2("two")],
    };
    for (const [template, packs] of Object.entries(parts)) {
      const plugin = await create(template);
      const whole = Buffer.concat(packs);
      const good = await report(plugin, 0, file("whole", whole));
      assert.equal(readFileSync(good.outputs[0]?.path ?? "", "utf8"), "one two", template);
      const cut = await report(plugin, 1, file("cut", whole.subarray(0, -3)), file("none", "not packed"));
      assert.deepEqual(
        cut.files.map(({ ok }) => ok),
        [false, false],
        template,
      );
      assert.deepEqual(cut.outputs, [], template);
    }
  });

  test("what cannot be tried says why", async () => {
    const text = file("text", "x");
    const nowhere = await attempt(appliance.home, text);
    assert.equal(nowhere.code, 1);
    assert.match(nowhere.stderr, /help: run it in a plugin's directory, or say --plugin NAME/);
    const unset = await attempt(await create("fork"), text);
    assert.match(unset.stderr, /--command-template is `FIXME`/);
    assert.equal(unset.code, 1);
    const plugin = join(sources, "try_python3");
    assert.match((await attempt(plugin, "--step=other", text)).stderr, /try_python3 has no step other\n.*it has: main/);
    assert.equal((await attempt(plugin, join(appliance.home, "missing"))).code, 1);
    assert.deepEqual(readdirSync(join(appliance.home, "mfdata", "var")).includes("in"), false, "nothing was started");
  });
});

async function packed(module: "lzma" | "bz2", text: string): Promise<Buffer> {
  const program = `import ${module},sys; print(${module}.compress(sys.argv[1].encode()).hex())`;
  const done = await run(["python3", "-c", program, text]);
  return Buffer.from(done.stdout.trim(), "hex");
}
