import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { splitWords } from "../../src/core/plugin/shlex.ts";
import type { Story } from "../../src/core/trace/story.ts";
import { type Appliance, general, makeAppliance } from "../support/appliance.ts";
import { until } from "./flow-harness.ts";

let appliance: Appliance;
let home: string;
let archive: string;

before(async () => {
  appliance = await makeAppliance({ mfdata: "[internal_plugins]\nswitch_no_match_policy = keep\n" });
  home = join(appliance.home, "mfdata");
  archive = join(home, "var", "archive");
  appliance.plugin("mfdata", "keep", { "config.ini": archiving(join(home, "in_the_way")) });
  appliance.write("mfdata/in_the_way", "no directory");
  appliance.plugin("mfdata", "expecting", {
    "bin/tell": '#!/bin/sh\necho "$1 $METWORK_EXPECT_STATE $METWORK_EXPECT_NAME" >> "$METWORK_EXPECT_PLUGIN.told"\n',
    "config.ini": `${general}[expect_never]
match = never_%Y.csv
schedule = */5 * * * * *
grace = 1
command = bin/tell "two words"
`,
  });
  appliance.plugin("mfdata", "raw", { "config.ini": archiving(join(archive, "raw")).replace("obs_*", "conv_*") });
  appliance.plugin("mfdata", "conv", converting("toUpperCase"));
  await appliance.ok("mfdata.start");
});
after(() => appliance[Symbol.asyncDispose]());

function archiving(directory: string): string {
  return `${general}[step_main]
_cmd_and_args = archive_step --dest-dir=${directory} --dest-basename={ORIGINAL_BASENAME} {STANDARD_STEP_ARGUMENTS}
numprocesses = 1
[switch_rules:fnmatch:first.core.original_basename]
obs_* = main
`;
}

/** A step of its own program, which sends a file on as that method of a text makes it. */
function converting(method: string): Readonly<Record<string, string>> {
  return {
    "main.js": `const { serve } = require("metwork-step");
const fs = require("fs");
serve((file) => {
  const path = file.temporaryPath();
  fs.writeFileSync(path, fs.readFileSync(file.path, "utf8").${method}());
  file.emit("raw/gone", { path });
});
`,
    "config.ini": `${general}[step_main]
_cmd_and_args = node {{MFDATA_CURRENT_PLUGIN_DIR}}/main.js
numprocesses = 1
[switch_rules:fnmatch:first.core.original_basename]
conv_* = main
`,
  };
}

function drop(name: string, content: string): void {
  writeFileSync(join(home, "staged"), content);
  renameSync(join(home, "staged"), join(home, "var", "in", "incoming", name));
}

const metwork = (...args: readonly string[]) => appliance.run("metwork", ...args);
const told = async (what: string): Promise<readonly Story[]> => {
  const { code, stdout } = await metwork("trace", what, "--json");
  return code === 0 ? JSON.parse(stdout) : [];
};

test("a failed file is listed, shown with its reason, retried after the repair, and its story goes on", async () => {
  drop("obs_1.csv", "1;2\n");
  drop("other.csv", "3;4\n");
  const trash = async () => await appliance.json<{ id: string }[]>("metwork", "trash", "list", "--json");
  await until("both are in the trash", async () => (await trash()).length === 2);
  await until("it is told", async () => (await told("obs_1.csv")).length === 1);
  const shown = await appliance.ok("metwork", "trash", "show", "obs_1.csv");
  assert.match(shown, /failed in keep\/main: .*(ENOTDIR|EEXIST)/);
  assert.match(shown, /first\.core\.original_basename = obs_1\.csv/);
  assert.match(await appliance.ok("metwork", "trash", "show", "other.csv"), /no rule wanted it/);

  appliance.plugin("mfdata", "keep", { "config.ini": archiving(archive) });
  await appliance.ok("metwork", "apply", "mfdata");
  assert.equal((await metwork("trash", "retry", "nowhere.csv")).code, 1);
  assert.match(
    await appliance.ok("metwork", "trash", "retry", "keep.main/obs_1.csv"),
    /keep\.main\/obs_1\.csv -> keep\/main/,
  );
  await until("it is archived", () => existsSync(join(archive, "obs_1.csv")));
  assert.equal(readFileSync(join(archive, "obs_1.csv"), "utf8"), "1;2\n");
  await until("that is told", async () => JSON.stringify(await told("obs_1.csv")).includes('"stored"'));
  const text = await appliance.ok("metwork", "trace", "obs_*.csv");
  assert.match(text, /^obs_1\.csv {2}4 B {2}in incoming at \S+Z {2}uid [0-9a-f]{32}\n/);
  assert.match(text, /keep\/main \(1\.0\.0\).*failed, put in .*trash.*\n.*keep\/main.*stored: \S+\/obs_1\.csv/);

  assert.equal((await metwork("trash", "drop", "other.csv")).code, 0);
  assert.deepEqual(await trash(), []);
  assert.deepEqual(readdirSync(join(home, "var", "in", "trash", "switch.nomatch")), []);
});

test("what-if asks proposed rules about what the switch saw", async () => {
  const proposed = appliance.write(
    "proposed.ini",
    "[switch_rules:expression]\nfirst.core.original_basename == 'other.csv' = main\n[switch_rules:fnmatch:first.core.original_basename]\nobs_* = main\n",
  );
  const what = ["route", "what-if", "--rules", proposed, "--plugin", "keep"];
  await until("all is told", async () => (await told("other.csv")).length === 1);
  const shown = await appliance.ok("metwork", ...what, "--since", "1h");
  assert.match(shown, /^1 of 2 files would move:\n {2}1 {2}nowhere -> keep\/main {2}\(other\.csv\)\n$/);
  appliance.write("proposed.ini", "[switch_rules:fnmatch]\nobs_* = main\n");
  assert.equal((await metwork(...what)).code, 1);
  assert.equal((await metwork("route", "what-if", "--rules", proposed)).code, 2);
  assert.equal((await metwork(...what, "--since", "soon")).code, 2);
});

test("did it ever arrive: a name, names with a time, and what is no question", async () => {
  // The one before, which is among the last three also when the next begins meanwhile.
  const hour = new Date(Date.now() - 3_600_000).toISOString().slice(0, 13).replace(/[-T]/g, "");
  drop(`obs_${hour}.nc`, "x");
  await until("it is told", async () => (await told(`obs_${hour}.nc`)).length === 1);
  assert.equal((await metwork("trace", "--missing", "obs_*.nc", "--between", "2h", "now")).code, 0);
  const asked = await metwork("trace", "--missing", "obs_%Y%m%d%H.nc", "--between", "3h", "now");
  assert.equal(asked.code, 1);
  assert.match(asked.stdout, /never arrived/);
  assert.match(asked.stdout, new RegExp(`^obs_${hour}\\.nc {2}\\d{4}-`, "m"));
  assert.match(asked.stderr, /1 of 3 arrived/);
  assert.equal((await metwork("trace", "nothing_like_it")).code, 1);
  assert.equal((await metwork("trace")).code, 2);
  assert.equal((await metwork("trace", "--missing", "x", "--between", "soon")).code, 2);
});

test("what should have arrived and did not is in the log, the status, and told by the plugin's command", async () => {
  const status = async () => (await metwork("status", "mfdata")).stdout;
  await until("it is in the status", async () =>
    /\[expect_never\].*what was due at .*Z has not arrived/s.test(await status()),
  );
  const told = join(home, "var", "plugins", "expecting", "expecting.told");
  await until("it is told", () => existsSync(told) && readFileSync(told, "utf8") !== "");
  assert.match(readFileSync(told, "utf8"), /^two words missing never\n/);
  const log = join(home, "log", "flow.log");
  const said =
    /\[ERROR\].*\[expect_never\] of expecting: missing: 0 of 1 files due at \S+Z arrived \(never_\d{4}\.csv\)/;
  await until("it is in the log", () => said.test(readFileSync(log, "utf8")));
});

test("replay processes a kept file again, apart, and compares with the record or with another version", async () => {
  drop("conv_1.txt", "One\nTwo\n");
  await until("its copies are told", async () => {
    const text = JSON.stringify(await told("conv_1.txt"));
    return text.includes('"plugin":"conv"') && text.includes('"stored"');
  });
  const again = await metwork("replay", "conv_1.txt", "--step", "conv/main");
  assert.equal(again.code, 0, `${again.stdout}${again.stderr}`);
  assert.match(again.stdout, /through conv\/main\n {2}recorded .*: passed -> raw\/gone \(8 bytes\)\n.*no difference/s);

  const other = appliance.plugin("mfdata", "../../other_conv", converting("toLowerCase"));
  appliance.write("mfdata/other_conv/.layerapi2_label", "plugin_conv@mfdata\n");
  const compared = await metwork("replay", "conv_1.txt", "--with", other);
  assert.equal(compared.code, 1, compared.stderr);
  assert.match(compared.stdout, /raw\/gone conv_1\.txt: 8 -> 8 bytes\n.*-ONE\n *-TWO\n *\+one\n *\+two/s);
  assert.equal((await metwork("replay", "conv_1.txt", "--step", "raw/main")).code, 0);
  assert.equal((await metwork("replay", "no_such_file")).code, 1);
  const waiting = readdirSync(join(home, "var", "in", "step.raw.gone"));
  assert.equal(waiting.length, 1, "nothing of a replay is in the pipeline");
});

test("every command of the guides is one", async () => {
  const guides = ["following-files.md", "routing.md"].map((name) =>
    join(import.meta.dirname, "../../docs/guide", name),
  );
  const lines = guides.flatMap((guide) => readFileSync(guide, "utf8").match(/^metwork .*$/gm) ?? []);
  assert.ok(lines.length >= 8);
  for (const line of lines) {
    const split = splitWords(line);
    assert.ok(split.ok, line);
    const [, ...words] = split.words.map(({ text }) => text);
    const { code, stderr } = await metwork(...words);
    assert.ok(code === 0 || code === 1, `${line}: ${code} ${stderr}`);
  }
});
