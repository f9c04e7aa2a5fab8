/** A shell gets a module's environment by reading one file. */
import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { run } from "../../src/kit/exec.ts";
import { type Appliance, makeAppliance, root } from "../support/appliance.ts";
import { missing } from "../support/pythons.ts";

const SHARE = join(root, "modules", "mfserv", "share");
/** bash would read `~/.bashrc`, as its standard input is a socket here. */
const SHELLS = [["dash"], ["bash", "--norc"]] as const;
/** Shells set these themselves, or they are the caller's own. */
const NOT_COMPARED = new Set([
  "PATH",
  "PWD",
  "OLDPWD",
  "SHLVL",
  "_",
  "LANG",
  "HOME",
  "USER",
  "LOGNAME",
  "NODE_COMPILE_CACHE",
]);
let appliance: Appliance;
let userHome: string;
before(async () => {
  appliance = await makeAppliance();
  userHome = join(appliance.home, "user");
  mkdirSync(userHome);
});
after(() => appliance[Symbol.asyncDispose]());

/** What a shell without anything of ours says; `more` is added to its environment. */
function shell(words: readonly [string, ...string[]], more: Readonly<Record<string, string>> = {}) {
  const env = {
    PATH: "/opt/own/bin:/usr/local/bin:/usr/bin:/bin",
    HOME: userHome,
    METWORK_RUNTIME_ROOT: appliance.home,
    METWORK_ETC: join(appliance.home, "etc"),
    METWORK_ALLOW_USAGE_BY_ROOT: "1",
    ...more,
  };
  return run(words, { cwd: appliance.home, env, timeoutMs: 60_000 });
}

const pairs = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split("\0")
      .map((line) => line.split(/=(.*)/s))
      .flatMap(([name, value]) => (value === undefined || NOT_COMPARED.has(name ?? "") ? [] : [[name, value]])),
  );

for (const name of SHELLS) {
  describe(name[0], { concurrency: 2, skip: missing(name[0]) }, () => {
    test("has what commands of the module have, in a strict script too", async () => {
      const read = await shell([...name, "-euc", `. ${SHARE}/profile; env -0`]);
      assert.deepEqual([read.code, read.stderr], [0, ""]);
      const wrapped = pairs((await shell([join(root, "bin/mfserv_wrapper"), "env", "-0"])).stdout);
      const given = pairs(read.stdout);
      assert.ok(Object.keys(wrapped).length > 100);
      for (const [variable, value] of Object.entries(wrapped)) assert.equal(given[variable], value, variable);
      assert.equal(given["MFMODULE_RUNTIME_HOME"], join(appliance.home, "mfserv"));
    });

    test("has values as they are, whatever a shell would make of them", async () => {
      const own = `/opt/it's "$HOME" \`id\` \\ $(id) \n/bin`;
      const path = `${own}:/usr/local/bin:/usr/bin:/bin`;
      const read = await shell([...name, "-c", `. ${SHARE}/profile; printf %s "$PATH"`], { PATH: path });
      assert.ok(read.stdout.split(":").includes(own), read.stdout);
    });

    test("keeps its own programs behind the module's, each once however often it is read", async () => {
      const script = `. ${SHARE}/profile; cd ${SHARE}; . ./profile; . ./load_env.sh; echo "$PATH"; python3 -c 'import mflog'; plugins.list --raw`;
      const read = await shell([...name, "-c", script]);
      assert.deepEqual([read.code, read.stderr], [0, ""]);
      const words = read.stdout.trim().split(":");
      assert.deepEqual(words, [...new Set(words)]);
      assert.ok(words.indexOf(join(root, "bin")) < words.indexOf("/opt/own/bin"), read.stdout);
    });

    test("may be a part of a shell, and may go where the module lives", async () => {
      const script = `(. ${SHARE}/load_env_and_cd_runtime.sh; pwd; umask); echo "$MFMODULE-"; umask`;
      const read = await shell([...name, "-c", `umask 0077; ${script}`]);
      assert.deepEqual(read.stdout.split("\n"), [join(appliance.home, "mfserv"), "0022", "-", "0077", ""]);
    });

    test("goes on with a configuration that has a mistake, and is told", async () => {
      const etc = join(appliance.home, "wrong");
      appliance.write("wrong/metwork.config.d/mfserv/config.ini", "[nginx]\nport = many\n");
      const script = `. ${SHARE}/profile; echo "$PROFILE_ERROR"; command -v metwork; METWORK_ETC=${appliance.home}/etc; . ${SHARE}/profile; echo "\${PROFILE_ERROR-}-$MFMODULE"`;
      const read = await shell([...name, "-euc", script], { METWORK_ETC: etc });
      assert.deepEqual([read.code, read.stdout], [0, `1\n${root}/bin/metwork\n-MFSERV\n`]);
      assert.match(read.stderr, /config\.ini:2/);
    });
  });
}

test("a user's bash reads the hooks of the machine and of the user, in their order", async () => {
  const hook = (path: string, word: string, also = "") =>
    appliance.write(path, `export ORDER="\${ORDER-}${word}:\${MFMODULE-} "\n${also}`);
  hook("etc/bashrc", "a");
  hook("etc/metwork.custom_profile", "b");
  hook("etc/metwork.extraprofile", "c");
  hook("user/.metwork.custom_profile", "d", "export MFLOG_MINIMAL_LEVEL='of the user'\n");
  hook("user/.metwork.custom_interactive_profile", "e");
  symlinkSync(join(SHARE, "bashrc"), join(userHome, ".bashrc"));
  symlinkSync(join(SHARE, "bash_profile"), join(userHome, ".bash_profile"));
  const asked = 'echo "$ORDER" "$MFLOG_MINIMAL_LEVEL"';
  const all = "a: b: c:MFSERV d:MFSERV ";
  for (const [options, order] of [
    ["-lc", all],
    ["-ic", `${all}e:MFSERV `],
  ] as const) {
    const read = await shell(["bash", options, asked]);
    assert.equal(read.stdout, `${order} of the user\n`, `${options} ${read.stderr}`);
    if (options === "-ic") assert.match(read.stderr, /^mfserv \S+, configuration GENERIC, \S+\/mfserv$/m);
  }
  const job = [
    join(root, "modules/mfserv/bin/cronwrap.sh"),
    "--",
    "sh",
    "-c",
    `${asked}; echo "$1"`,
    "x",
    "a  'b'",
  ] as const;
  assert.equal((await shell(job)).stdout, `${all} of the user\na  'b'\n`);
});

test("the files of both modules differ by the module's name only, and are found where the installation was moved", async () => {
  for (const file of [
    "profile",
    "interactive_profile",
    "load_env.sh",
    "load_env_and_cd_runtime.sh",
    "bashrc",
    "bash_profile",
  ]) {
    const [serv, data] = ["mfserv", "mfdata"].map((name) =>
      readFileSync(join(root, "modules", name, "share", file), "utf8"),
    );
    assert.equal(data?.replaceAll("mfdata", "mfserv"), serv, file);
  }
  const moved = join(appliance.home, "a place");
  for (const part of ["mfext/share/shell", "mfdata/share/profile"]) {
    cpSync(join(root, "modules", part), join(moved, "modules", part), { recursive: true });
  }
  symlinkSync(join(root, "bin"), join(moved, "bin"));
  for (const name of SHELLS.filter(([program]) => missing(program) === false)) {
    const read = await shell([...name, "-c", `. '${moved}/modules/mfdata/share/profile'; echo "$MFMODULE"`]);
    assert.equal(read.stdout, "MFDATA\n", read.stderr);
  }
});
