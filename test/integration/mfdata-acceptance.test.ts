import assert from "node:assert/strict";
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { type Appliance, makeAppliance, root } from "../support/appliance.ts";
import { filesBelow, png, until } from "./flow-harness.ts";

/** The predecessor's own integration tests of its file pipeline, by the same commands. */
let appliance: Appliance;
let home: string;
let incoming: string;
const installed = new Set<string>();
const PNG = png(1, 2335);

before(async () => {
  appliance = await makeAppliance();
  home = join(appliance.home, "mfdata");
  incoming = join(home, "var", "in", "incoming");
  writeFileSync(join(appliance.home, "Example.png"), PNG);
  writeFileSync(join(appliance.home, "Example.png.gz"), gzipSync(PNG));
  await appliance.ok("mfdata.start");
  await appliance.ok("mfdata.status");
});
after(() => appliance[Symbol.asyncDispose]());

afterEach(async () => {
  await until("no file is left inside", () => inside().length === 0);
  for (const name of installed) await mfdata("plugins.uninstall", name);
  installed.clear();
});

const mfdata = (...argv: readonly string[]): Promise<string> => appliance.ok("mfdata_wrapper", ...argv);
const inject = (file: string): Promise<string> => mfdata("inject_file", join(appliance.home, file));

/** Installs a plugin the module brings, under another name; `ini` is its file of overrides. */
async function install(plugin: string, name: string, ini = ""): Promise<void> {
  const shipped = join(root, "modules", "mfdata", "share", "plugins");
  const [file] = readdirSync(shipped).filter((entry) => entry.startsWith(`${plugin}-`));
  assert.ok(file, `${plugin} is shipped`);
  await mfdata("plugins.install", `--new-name=${name}`, join(shipped, file));
  installed.add(name);
  if (ini === "") return;
  appliance.write(`mfdata/config/plugins/${name}.ini`, ini);
  await idle();
}

/** Waits until what was saved is in force. */
async function idle(): Promise<void> {
  const file = join(home, "var", "conf_monitor_idle");
  await mfdata("metwork", "apply");
  await until("conf_monitor has nothing to do", () => existsSync(file), 60_000);
}

const pngTo = (step: string): string =>
  `[switch_rules:fnmatch:latest.guess_file_type.main.system_magic]\nPNG image* = ${step}\n`;

/** Files of the pipeline that are in none of the places where it leaves them. */
function inside(): string[] {
  return filesBelow(join(home, "var", "in")).filter((path) => !dirname(path).endsWith("/dir_move"));
}

/** `$IN/dir_move`, new and empty. */
function destination(): string {
  const directory = join(home, "var", "in", "dir_move");
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  return directory;
}

function today(): string {
  const now = new Date();
  return `${now.getFullYear()}${String(now.getMonth() + 1).padStart(2, "0")}${String(now.getDate()).padStart(2, "0")}`;
}

test("0001 python3: create, freeze a requirement, release, install, uninstall", async () => {
  const at = (directory: string, ...argv: readonly string[]): Promise<string> =>
    mfdata("sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", directory, ...argv);
  await at(appliance.home, "bootstrap_plugin.py", "create", "--no-input", "--template=python3", "foobar");
  const plugin = join(appliance.home, "foobar");
  const sources = join(plugin, "python3_virtualenv_sources");
  appendFileSync(join(sources, "requirements-to-freeze.txt"), "django\n");
  await at(plugin, "make", "release");
  const [file] = readdirSync(plugin).filter((name) => name.endsWith(".metwork.mfdata.plugin"));
  await mfdata("plugins.install", join(plugin, file ?? ""));
  assert.match(await mfdata("plugins.list", "--raw"), /^foobar~~~/m);
  await mfdata("plugins.uninstall", "foobar");
});

test("0002 switch, ungzip, archive", async () => {
  await install("ungzip", "foobar");
  const custom = "[custom]\ndest_basename = %Y%m%d/{ORIGINAL_BASENAME}\n";
  await install("archive", "foobar2", pngTo("main") + custom);
  await inject("Example.png.gz");
  const archived = join(home, "var", "archive", today(), "Example.png.gz");
  await until("it is archived", () => existsSync(archived) && existsSync(`${archived}.tags`));
  assert.deepEqual(readFileSync(archived), PNG);
  assert.match(readFileSync(`${archived}.tags`, "utf8"), /^first\.core\.original_basename = Example\.png\.gz$/m);
});

test("0003 delete", async () => {
  await install("delete", "foobar", pngTo("main"));
  const log = join(home, "log", "step_foobar_main.log");
  await inject("Example.png");
  const ended = /mfdata\.foobar\.main.* End of the Example\.png processing/;
  await until("it was deleted", () => existsSync(log) && ended.test(readFileSync(log, "utf8")));
  assert.doesNotMatch(readFileSync(join(home, "log", "flow.log"), "utf8"), ended);
});

test("0004 move", async () => {
  const directory = destination();
  await install("move", "foobar4", `${pngTo("main")}[custom]\ndest_dir = ${directory}\nforce_chmod = 0777\n`);
  await inject("Example.png");
  const moved = join(directory, "Example.png");
  await until("it was moved", () => existsSync(moved));
  assert.equal(statSync(moved).mode & 0o777, 0o777);
  assert.deepEqual(readFileSync(moved), PNG);
  assert.deepEqual(readdirSync(directory), ["Example.png"]);
});

test("0005 fork: what the command made goes on, not what it was given", async () => {
  const directory = destination();
  const script = join(appliance.home, "twice.sh");
  writeFileSync(script, '#!/bin/bash\nout=$TMPDIR/fork.$$\ncat "$1" "$1" > "$out"\necho "FILEPATH: $out"\n');
  chmodSync(script, 0o755);
  await install("move", "foobar4", `[custom]\ndest_dir = ${directory}\n`);
  const custom = `[custom]\ndest_dir = foobar4/main\ncommand_template = ${script} {PATH}\n`;
  await install("fork", "foobar5", pngTo("main") + custom);
  await inject("Example.png");
  const moved = join(directory, "Example.png");
  await until("it was moved", () => existsSync(moved));
  assert.equal(statSync(moved).size, 2 * PNG.length);
});

test("0006 a thousand files", async () => {
  const custom = "[custom]\ndest_basename = %Y%m%d/{ORIGINAL_BASENAME}\n";
  await install("archive", "foobar6", `[switch_rules:alwaystrue]\n* = main\n${custom}`);
  for (let index = 1; index <= 1000; index++) {
    const unfinished = join(incoming, `Example${index}.png.t`);
    copyFileSync(join(appliance.home, "Example.png"), unfinished);
    renameSync(unfinished, join(incoming, `Example${index}.png`));
  }
  const directory = join(home, "var", "archive", today());
  await until("the archive is there", () => existsSync(directory));
  await until("all were taken", () => readdirSync(incoming).length === 0, 60_000);
  const count = (pattern: RegExp): number => readdirSync(directory).filter((name) => pattern.test(name)).length;
  const complete = (): boolean => count(/^Example\d+\.png$/) === 1000 && count(/^Example\d+\.png\.tags$/) === 1000;
  await until("all are archived", complete, 60_000);
});

test("generate_random_files: so many files a second for so many seconds", async () => {
  const directory = join(appliance.home, "random");
  const custom = `[custom]\ndest_dir = ${directory}\ndest_basename = {ORIGINAL_BASENAME}\nkeep_tags_suffix = null\n`;
  await install("archive", "foobar7", `[switch_rules:fnmatch:first.core.original_basename]\nload_* = main\n${custom}`);
  await mfdata("generate_random_files.py", "--nb_files", "30", "--size", "100", "--prefix", "load", "--seconds", "2");
  await until("all are archived", () => existsSync(directory) && readdirSync(directory).length === 60);
  for (const name of readdirSync(directory)) assert.equal(statSync(join(directory, name)).size, 100);
});

test("0096 what a plugin may ask of its layers is there", async () => {
  await install("ungzip", "foobar");
  await install("unzstd", "foobar2");
  const inPlugin = (name: string, ...argv: readonly string[]): Promise<string> =>
    mfdata("plugin_wrapper", name, "--", ...argv);
  const find = 'for name; do command -v "$name" || exit; done';
  const steps = ["archive", "copy", "delete", "fork", "move", "reinject", "switch", "unbzip2", "ungzip", "unxz"].map(
    (name) => `${name}_step`,
  );
  await inPlugin("foobar", "sh", "-c", find, "sh", ...steps, "metwork");
  const modules = ["acquisition", "acquisition.decorators", "acquisition.utils", "xattrfile", "mflog", "mfutil"];
  await inPlugin("foobar", "python3", "-c", `import ${modules.join(", ")}`);
  await inPlugin("foobar2", "sh", "-c", find, "sh", "unzstd_step");
  await inPlugin("foobar2", "node", "-e", 'require("metwork-step")');
});
