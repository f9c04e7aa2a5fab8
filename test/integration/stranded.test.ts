import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Checked } from "../../src/system/doctor/doctor.ts";
import { type Appliance, general, makeAppliance } from "../support/appliance.ts";
import { until } from "./flow-harness.ts";

let appliance: Appliance;
let home: string;
let dataIn: string;

/** A step that holds its file until it may go on. */
const slow = (processes: number): Readonly<Record<string, string>> => ({
  "main.js": `const { serve } = require("metwork-step");
const fs = require("fs");
serve(async (file) => {
  while (!fs.existsSync(process.env.MFMODULE_RUNTIME_HOME + "/go")) await new Promise((go) => setTimeout(go, 20));
  file.emit("keep/main", { path: file.path, mode: "move" });
});
`,
  "config.ini": `${general}[step_main]
_cmd_and_args = node {{MFDATA_CURRENT_PLUGIN_DIR}}/main.js
numprocesses = ${processes}
timeout = 1
[switch_rules:fnmatch:first.core.original_basename]
slow_* = main
`,
});

before(async () => {
  appliance = await makeAppliance();
  home = join(appliance.home, "mfdata");
  dataIn = join(home, "var", "in");
  appliance.plugin("mfdata", "slow", slow(1));
  appliance.plugin("mfdata", "keep", {
    "config.ini": `${general}[step_main]
_cmd_and_args = archive_step --dest-dir=${join(home, "kept")} --dest-basename={ORIGINAL_BASENAME} {STANDARD_STEP_ARGUMENTS}
numprocesses = 1
`,
  });
  await appliance.ok("mfdata.start");
});
after(() => appliance[Symbol.asyncDispose]());

const namesIn = (path: string): readonly string[] => (existsSync(path) ? readdirSync(path) : []);
const waiting = (): readonly string[] => namesIn(join(dataIn, "step.slow.main"));
const claimed = (): readonly string[] => namesIn(join(dataIn, "tmp", "slow.main"));
/** In memory a file reaches a worker while it stays where it was first claimed. */
const inWork = (): number => namesIn(join(dataIn, "tmp")).flatMap((name) => namesIn(join(dataIn, "tmp", name))).length;
const kept = (): readonly string[] => namesIn(join(home, "kept")).filter((name) => !name.endsWith(".tags"));

function drop(...names: readonly string[]): void {
  for (const name of names) {
    writeFileSync(join(home, "staged"), name);
    renameSync(join(home, "staged"), join(dataIn, "incoming", name));
  }
}

async function doctor(): Promise<string> {
  const { stdout } = await appliance.run("metwork", "doctor", "mfdata", "--json");
  const checks: readonly Checked[] = JSON.parse(stdout);
  return checks.flatMap(({ id, findings }) => (id === "stranded" ? findings.map(({ message }) => message) : [])).join();
}

test("files of an uninstalled plugin are told of, outlive the daemon, and go on once it is installed again", async () => {
  drop("slow_1", "slow_2", "slow_3");
  await until("they reached the step", () => waiting().length + inWork() === 3 && inWork() > 0);
  await appliance.ok("mfdata.stop");
  await until("all were given back", () => waiting().length === 3);
  const [first = ""] = waiting();
  // As a daemon that was killed leaves it.
  renameSync(join(dataIn, "step.slow.main", first), join(dataIn, "tmp", "slow.main", first));

  const { code, stderr } = await appliance.run("mfdata_wrapper", "plugins.uninstall", "slow");
  assert.equal(code, 0, stderr);
  assert.match(
    stderr,
    /warning: 3 files wait for slow\/main, whose plugin is not installed \(1 in work when it ended\)/,
  );
  assert.match(stderr, /help: install slow again and they go on; or `metwork trash put slow\/main`/);
  assert.match(
    await doctor(),
    /^3 files wait for slow\/main, whose plugin is not installed \(1 in work when it ended\)$/,
  );

  await appliance.ok("mfdata.start");
  await until("what was in work waits", () => waiting().length === 3 && claimed().length === 0);
  const status = await appliance.ok("metwork", "status", "mfdata");
  assert.match(status, /files for slow\/main go on.*WARNING.*\n.*3 files wait for slow\/main/);
  assert.match(await doctor(), /^3 files wait for slow\/main, whose plugin is not installed$/);

  writeFileSync(join(home, "go"), "");
  appliance.plugin("mfdata", "slow", slow(1));
  await appliance.ok("metwork", "apply", "mfdata");
  await until("all are archived", () => kept().length === 3);
  for (const name of ["slow_1", "slow_2", "slow_3"]) {
    assert.equal(readFileSync(join(home, "kept", name), "utf8"), name);
    const tags = readFileSync(join(home, "kept", `${name}.tags`), "utf8");
    assert.match(tags, /^first\.core\.original_dirname = incoming$/m);
    assert.match(tags, /^latest\.core\.step_counter = 3$/m);
  }
  assert.equal(await doctor(), "");
});

test("what waits for a step without process can be put in trash, and given to another step from there", async () => {
  assert.match((await appliance.run("metwork", "trash", "put", "slow/main")).stderr, /MF8084.*slow\/main runs/);
  appliance.plugin("mfdata", "slow", slow(0));
  await appliance.ok("metwork", "apply", "mfdata");
  drop("slow_4", "slow_é");
  await until("they wait", () => waiting().length === 2);
  assert.match(await doctor(), /^2 files wait for slow\/main, which slow has not in force, or without a process$/);

  const put = await appliance.ok("metwork", "trash", "put", "slow/main");
  assert.deepEqual(put.trim().split("\n").sort(), ["slow.main/slow_4", "slow.main/slow_é"]);
  assert.equal(await doctor(), "");
  assert.match(await appliance.ok("metwork", "trash", "list", "slow/main"), /slow\.main\/slow_4/);
  await appliance.ok("metwork", "trash", "retry", "slow_4", "--to", "keep/main");
  await until("it is archived", () => kept().includes("slow_4"));

  await appliance.ok("mfdata_wrapper", "plugins.uninstall", "slow");
  const refused = await appliance.run("metwork", "trash", "retry", "slow_é");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /MF8083.*no such step/);
  await appliance.ok("metwork", "trash", "drop", "slow_é");
  assert.deepEqual(namesIn(join(dataIn, "trash", "slow.main")), []);
});
