import assert from "node:assert/strict";
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Appliance } from "../support/appliance.ts";
import { makeAppliance } from "../support/appliance.ts";
import { processesOf } from "../support/processes.ts";
import { until } from "./flow-harness.ts";

let appliance: Appliance;
let home: string;

before(async () => {
  appliance = await makeAppliance();
  home = join(appliance.home, "mfdata");
  await appliance.ok("mfdata.start");
});
after(() => appliance[Symbol.asyncDispose]());

const workers = (name: string): readonly number[] =>
  processesOf(home)
    .filter(({ command }) => command.includes(`step.${name}.main`))
    .map(({ pid }) => pid);

function drop(name: string, content: string): void {
  writeFileSync(join(home, "staged"), content);
  renameSync(join(home, "staged"), join(home, "var", "in", "incoming", name));
}

/** Makes a plugin from a template, unchanged but for a rule: it gets the files whose names begin with its own. */
async function develop(template: string, name: string): Promise<void> {
  const directory = join(home, "sources");
  mkdirSync(directory, { recursive: true });
  const at = (where: string, ...argv: readonly string[]): Promise<string> =>
    appliance.ok("mfdata_wrapper", "sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", where, ...argv);
  await at(directory, "bootstrap_plugin.py", "create", "--no-input", `--template=${template}`, name);
  const config = join(directory, name, "config.ini");
  appendFileSync(config, `\n[switch_rules:fnmatch:first.core.original_basename]\n${name}*=main\n`);
  await at(join(directory, name), "_plugins.develop");
}

/** Files its log says it handled. */
function handled(name: string): number {
  const log = join(home, "log", `step_${name}_main.log`);
  return existsSync(log) ? readFileSync(log, "utf8").split("process for file").length - 1 : 0;
}

for (const [template, name] of [
  ["default", "py"],
  ["node", "js"],
] as const) {
  test(`template ${template}: create, develop, drop a file`, async () => {
    await develop(template, name);
    await until("its worker runs", () => workers(name).length === 1);
    drop(`${name}1`, "content");
    await until("it was handled", () => handled(name) === 1);
    const log = readFileSync(join(home, "log", `step_${name}_main.log`), "utf8");
    const line = new RegExp(`^\\S+Z {5}\\[INFO\\] \\(mfdata\\.${name}\\.main#\\d+\\) process for file /\\S+$`, "m");
    assert.match(log, line);
  });
}

test("saved code runs at once; what is no code restarts nobody", async () => {
  const [before] = workers("py");
  const plugin = join(home, "sources", "py");
  appendFileSync(join(plugin, "README.md"), "More words.\n");
  await appliance.ok("metwork", "apply", "mfdata");
  assert.deepEqual(workers("py"), [before]);
  writeFileSync(join(plugin, "helper.py"), 'TEXT = "process for file, by new code"\n');
  const main = join(plugin, "main.py");
  const code = readFileSync(main, "utf8").replace('"process for file %s", xaf.filepath', "helper.TEXT");
  writeFileSync(main, `#!/usr/bin/env python3\nimport helper\n${code}`);
  await until("another process runs", () => workers("py").length === 1 && !workers("py").includes(before ?? 0));
  drop("py-new", "content");
  await until("the new code handled it", () => handled("py") === 2);
  assert.match(readFileSync(join(home, "log", "step_py_main.log"), "utf8"), /process for file, by new code$/m);
});

test("the number of processes changes while files are handled", async () => {
  const set = (count: number): Promise<string> => {
    appliance.write("mfdata/config/plugins/py.ini", `[step_main]\nnumprocesses = ${count}\n`);
    return appliance.ok("metwork", "apply", "mfdata");
  };
  await set(3);
  await until("three run", () => workers("py").length === 3);
  for (let index = 0; index < 60; index++) drop(`py-many${index}`, "x");
  await set(1);
  await until("one runs", () => workers("py").length === 1);
  await until("all were handled, none twice", () => handled("py") === 62);
  // A worker says so before it is done with the last.
  const waiting = () => ["step.py.main", "tmp/py.main"].flatMap((name) => readdirSync(join(home, "var", "in", name)));
  await until("none is left", () => waiting().length === 0);
  assert.deepEqual(readdirSync(join(home, "var", "in", "trash")), []);
});
