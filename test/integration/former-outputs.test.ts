/** What scripts of operators read and which exit codes they go by, of the predecessor's commands about plugins. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Appliance, general, makeAppliance } from "../support/appliance.ts";

let appliance: Appliance;
let archive: string;
let home: string;

before(async () => {
  appliance = await makeAppliance();
  const at = join(appliance.home, "foo");
  await appliance.ok("mfserv_wrapper", "bootstrap_plugin.py", "create", "--no-input", "--template=static", "foo");
  const made = await appliance.ok("mfserv_wrapper", "sh", "-c", `cd ${at} && make release`);
  archive = made.trim().split("\n").at(-1) ?? "";
  home = join(appliance.home, "mfserv/var/plugins/foo");
});
after(() => appliance[Symbol.asyncDispose]());

const run = (...words: readonly string[]) => appliance.run("mfserv_wrapper", ...words);
async function code(...words: readonly string[]): Promise<number> {
  return (await run(...words)).code;
}

test("plugins.install: 1 for a file that is no good or already installed, 3 for a bad name, and what it does", async () => {
  assert.match(archive, /\/foo-0\.0\.1-1\.metwork\.mfserv\.plugin$/);
  const installed = await run("plugins.install", archive);
  assert.equal(installed.code, 0);
  assert.match(
    installed.stdout + installed.stderr,
    /^- Checking plugin file\.\.\. +\[ OK \]\n- Installing plugin foo\.\.\. +\[ OK \]\n/,
  );
  assert.deepEqual(
    [
      await code("plugins.install", archive),
      await code("plugins.install", "nowhere.plugin"),
      await code("plugins.install", "--new-name=plugin_x", archive),
      await code("plugins.install", "--new-name=base", archive),
    ],
    [1, 1, 3, 3],
  );
});

test("plugins.list: a table, raw and as JSON, one of them at a time", async () => {
  const table = (await run("plugins.list")).stdout;
  assert.match(table, /^ +Installed plugins \(1\)\n/);
  assert.match(table, /│ foo +│ 0\.0\.1 +│ 1 +│ \S+\/var\/plugins\/foo +│/);
  assert.equal((await run("plugins.list", "--raw")).stdout, `foo~~~0.0.1~~~1~~~${home}\n`);
  const expected = [{ name: "foo", version: "0.0.1", release: "1", home }];
  assert.deepEqual(JSON.parse((await run("plugins.list", "--json")).stdout), expected);
  assert.equal(await code("plugins.list", "--json", "--raw"), 1);
});

test("plugins.info and plugins.hash: of a name and of a file the same", async () => {
  const info = (await run("plugins.info", "foo")).stdout;
  for (const field of [
    "Name",
    "Version",
    "Release",
    "Summary",
    "Size",
    "Build Host",
    "Build Date",
    "License",
    "Maintainer",
    "Vendor",
    "URL",
  ])
    assert.match(info, new RegExp(`│ ${field} +│`));
  assert.match(info, /\nFiles:\n- /);
  assert.equal((await run("plugins.info", "--just-home", "foo")).stdout.trim(), home);
  const hash = (await run("plugins.hash", "foo")).stdout;
  assert.match(hash, /^[0-9a-f]{32}\n$/);
  assert.equal((await run("plugins.hash", archive)).stdout, hash);
});

test("who asks for a plugin that is not there is told so, with 1", async () => {
  for (const command of ["plugins.info", "plugins.hash", "plugins.uninstall", "plugins.status", "plugins.repackage"])
    assert.equal(await code(command, "nobody"), 1, command);
  const wrapped = await run("plugin_wrapper", "nobody", "--", "true");
  assert.equal(wrapped.code, 1);
  assert.match(wrapped.stdout + wrapped.stderr, /^ERROR: the plugin nobody does not seem to be installed\/available/m);
});

test("plugin_wrapper: the command's own code, the plugin's directory, and code for a shell", async () => {
  assert.equal(await code("plugin_wrapper", "foo", "--", "sh", "-c", "exit 7"), 7);
  assert.equal((await run("plugin_wrapper", "--cwd", home, "--", "pwd")).stdout.trim(), home);
  const shell = (await run("plugin_wrapper", "--bash-cmds", "foo")).stdout;
  assert.match(shell, /^export MFSERV_CURRENT_PLUGIN_NAME='foo'$/m);
});

test("plugins.check and _plugins.develop: 1 for a bad plugin, 3 for one that is installed", async () => {
  const good = join(appliance.home, "foo");
  const checked = await run("plugins.check", good);
  assert.equal(checked.code, 0);
  assert.match(checked.stdout + checked.stderr, /^- Checking plugin\.\.\. +\[ OK \]/);
  appliance.write("bad/config.ini", general.replace("_license = BSD\n", ""));
  assert.equal(await code("plugins.check", join(appliance.home, "bad")), 1);
  assert.equal(await code("_plugins.develop", `--plugin-path=${good}`, "foo"), 3);
});

test("the module's own: status of a stopped one is 1, of a running one 0; NOINIT installs nothing; --help does nothing", async () => {
  assert.equal(await code("mfserv.status"), 1);
  assert.equal(await code("mfserv.start", "--help"), 0);
  assert.equal(await code("mfserv.status", "QUIET"), 1);
  assert.equal(await code("mfserv.start", "NOINIT"), 0);
  assert.match((await run("plugins.list")).stdout, /Installed plugins \(1\)/);
  const running = await run("mfserv.status", "QUIET");
  assert.equal(running.code, 0);
  assert.match(running.stdout, /^- Checking nginx\.\.\. +\[ OK \]$/m);
  assert.equal((await run("nginx.status")).code, 0);
  assert.equal(await code("mfserv.stop"), 0);
  assert.equal(await code("mfserv.stop"), 0);
});

test("words go to a command as they are", async () => {
  assert.equal((await run("printf", "%s|", "a b", "c'd", "$HOME;")).stdout, "a b|c'd|$HOME;|");
});
