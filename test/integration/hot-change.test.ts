import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { tellStories, type Visit } from "../../src/core/trace/story.ts";
import { TraceReader } from "../../src/trace/query.ts";
import { type Appliance, general, makeAppliance, root } from "../support/appliance.ts";
import { processesOf } from "../support/processes.ts";
import { until } from "./flow-harness.ts";

/** Files that may be on their way while others come: enough that every change meets some in every state. */
const ON_THE_WAY = 80;
const LEAST = 400;
const NAME = "first.core.original_basename";

let appliance: Appliance;
let home: string;
let places: string;

const archive = (place: string, rules = ""): Readonly<Record<string, string>> => ({
  "config.ini": `${general}[step_main]
_cmd_and_args = archive_step --dest-dir=${join(places, place)} --dest-basename={ORIGINAL_BASENAME} {STANDARD_STEP_ARGUMENTS}
numprocesses = 1
${rules === "" ? "" : `[switch_rules:fnmatch:${NAME}]\n${rules}\n`}`,
});

/** Notes each file it works on, for as long as a change may come in between. */
const WORK = `const { serve } = require("metwork-step");
const fs = require("fs");
serve(async (file) => {
  fs.appendFileSync(process.env.MFMODULE_RUNTIME_HOME + "/notes", file.tags["${NAME}"] + " " + process.pid + "\\n");
  await new Promise((resolve) => setTimeout(resolve, 15));
  file.emit("worked/main", { path: file.path, mode: "move" });
});
`;

before(async () => {
  appliance = await makeAppliance({ mfdata: "[internal_plugins]\nswitch_no_match_policy = keep\n" });
  home = join(appliance.home, "mfdata");
  places = join(home, "places");
  appliance.plugin("mfdata", "work", {
    "main.js": WORK,
    "config.ini": `${general}[step_main]
_cmd_and_args = node {{MFDATA_CURRENT_PLUGIN_DIR}}/main.js
numprocesses = 1
[switch_rules:fnmatch:${NAME}]
a* = main
`,
  });
  appliance.plugin("mfdata", "worked", archive("worked"));
  appliance.plugin("mfdata", "first", archive("first"));
  appliance.plugin("mfdata", "second", archive("second"));
  appliance.plugin("mfdata", "router", archive("routed", "b* = first/main"));
  await appliance.ok("mfdata.start");
});
after(() => appliance[Symbol.asyncDispose]());

const namesIn = (place: string): readonly string[] => {
  const directory = join(places, place);
  const names = existsSync(directory) ? readdirSync(directory) : [];
  return names.filter((name) => !name.endsWith(".tags") && !name.startsWith(".metwork."));
};
const arrived = (): readonly string[] => ["worked", "first", "second"].flatMap(namesIn);
const workers = (): readonly number[] =>
  processesOf(home)
    .filter(({ command }) => command.includes("plugins/work/main.js"))
    .map(({ pid }) => pid);

/** What is changed while files stream in, each until it is in force. */
async function change(): Promise<void> {
  const apply = (): Promise<string> => appliance.ok("metwork", "apply", "mfdata");
  const run = async (count: number): Promise<void> => {
    appliance.write("mfdata/config/plugins/work.ini", `[step_main]\nnumprocesses = ${count}\n`);
    await apply();
    await until(`${count} run`, () => workers().length === count);
  };
  const other = join(root, "modules/mfdata/share/plugins");
  const shipped = readdirSync(other).find((name) => name.startsWith("delete-")) ?? "";
  /** At once, as an editor saves: no instant without a rule. */
  const route = async (to: string): Promise<void> => {
    const config = archive("routed", `b* = ${to}/main`)["config.ini"] ?? "";
    renameSync(appliance.write("mfdata/stage/config.ini", config), join(home, "var/plugins/router/config.ini"));
    await apply();
  };
  await run(4);
  await appliance.ok("mfdata_wrapper", "plugins.install", "--new-name", "another", join(other, shipped));
  await route("second");
  await run(2);
  await appliance.ok("mfdata_wrapper", "plugins.uninstall", "another");
  await route("first");
  await run(3);
}

test("numbers of processes, rules and plugins change under a stream: no file is lost, none is worked on twice", async () => {
  mkdirSync(join(home, "stage"), { recursive: true });
  const names: string[] = [];
  let changed = false;
  const changes = change().finally(() => (changed = true));
  while (!changed || names.length < LEAST) {
    const name = `${"ab"[names.length % 2]}${names.length}.txt`;
    writeFileSync(join(home, "stage", name), name);
    renameSync(join(home, "stage", name), join(home, "var", "in", "incoming", name));
    names.push(name);
    // The senders' pace.
    await sleep(8);
    await until("the pipeline keeps up", () => arrived().length > names.length - ON_THE_WAY, 60_000);
  }
  await changes;
  await until("all have arrived", () => arrived().length >= names.length, 60_000);
  assert.deepEqual(arrived().toSorted(), names.toSorted());
  for (const place of ["worked", "first", "second"]) {
    for (const name of namesIn(place)) assert.equal(readFileSync(join(places, place, name), "utf8"), name);
  }
  assert.ok(namesIn("first").length > 0 && namesIn("second").length > 0, "both rules were in force");
  const notes = readFileSync(join(home, "notes"), "utf8").trimEnd().split("\n");
  const worked = notes.map((line) => line.slice(0, line.indexOf(" ")));
  assert.deepEqual(worked.toSorted(), names.filter((name) => name.startsWith("a")).toSorted());
  assert.ok(new Set(notes.map((line) => line.slice(line.indexOf(" ")))).size >= 4, "four processes worked");

  const told = (): readonly { readonly name: string; readonly ways: readonly string[] }[] => {
    const reader = new TraceReader(join(home, "var", "trace"));
    try {
      const stories = tellStories(reader.passagesOf(reader.find("*", names.length * 2)), reader.open());
      return stories.map(({ name, visits }) => ({ name, ways: visits.flatMap(waysOf) }));
    } finally {
      reader.close();
    }
  };
  const isWhole = (name: string, ways: readonly string[]): boolean =>
    ways.length === 1 &&
    /^guess_file_type switch (?:work worked|first|second) stored$/.test(ways[0] ?? "") &&
    name !== "";
  await until(
    "all is told of",
    () => told().filter(({ name, ways }) => isWhole(name, ways)).length === names.length,
  ).catch(() => undefined);
  assert.deepEqual(
    told().filter(({ name, ways }) => !isWhole(name, ways)),
    [],
  );
  assert.deepEqual(
    told()
      .map(({ name }) => name)
      .toSorted(),
    names.toSorted(),
  );
});

/** The steps a file went through to each of its ends; one that gave it back to be begun anew is none. */
function waysOf({ plugin, ending, children }: Visit): readonly string[] {
  if (ending === "returned") return children.flatMap(waysOf);
  return children.length === 0 ? [`${plugin} ${ending}`] : children.flatMap(waysOf).map((way) => `${plugin} ${way}`);
}
