import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { type Story, tellStories, type Visit } from "../../src/core/trace/story.ts";
import { TraceReader } from "../../src/trace/query.ts";
import { type Appliance, general, makeAppliance } from "../support/appliance.ts";
import { processesOf } from "../support/processes.ts";
import { makeSamples, type Sample } from "../support/samples.ts";
import { filesBelow, until } from "./flow-harness.ts";

/** `WORKFLOW=5000 make test`, and `make chaos`, take the whole of it, and kill a process of every step meanwhile. */
const COUNT = Number(process.env["WORKFLOW"] ?? "500");
const KILLS = COUNT > 500;
const DEADLINE_MS = 60_000 + COUNT * 100;
const MAGIC = "latest.guess_file_type.main.system_magic";
const NAME = "first.core.original_basename";

let appliance: Appliance;
let home: string;
let places: string;

before(async () => {
  appliance = await makeAppliance({ mfdata: "[internal_plugins]\nswitch_no_match_policy = keep\n" });
  home = join(appliance.home, "mfdata");
  places = join(appliance.home, "places");
  for (const [name, plugin] of Object.entries(plugins())) appliance.plugin("mfdata", name, plugin);
  await appliance.ok("mfdata.start");
});
after(() => appliance[Symbol.asyncDispose]());

interface StepText {
  readonly command: string;
  /** More lines of its section. */
  readonly more?: string;
  /** Lines by the type and tag of their section. */
  readonly rules?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

function plugin({ command, more = "", rules = {}, files = {} }: StepText): Readonly<Record<string, string>> {
  const sections = Object.entries(rules).map(([what, line]) => `[switch_rules:${what}]\n${line}\n`);
  const step = `[step_main]\n_cmd_and_args = ${command}\nnumprocesses = 1\n${more}`;
  return { ...files, "config.ini": `${general}${step}\n${sections.join("\n")}` };
}

/** The workflow: with guess_file_type and switch these are twenty plugins. */
function plugins(): Readonly<Record<string, Readonly<Record<string, string>>>> {
  const standard = "{STANDARD_STEP_ARGUMENTS}";
  const keep = (place: string, rules: StepText["rules"] = {}): Readonly<Record<string, string>> => {
    const directory = join(places, place);
    const command = `archive_step --dest-dir=${directory} --dest-basename={ORIGINAL_BASENAME} --keep-tags-suffix=`;
    return plugin({ command: `${command} ${standard}`, rules });
  };
  const python = (body: string, text: Omit<StepText, "command">, base = "AcquisitionStep", args = "") => {
    const code = `from acquisition import ${base}\nfrom xattrfile import XattrFile\n\n\nclass Step(${base}):\n${body}\n\n\nStep().run()\n`;
    return plugin({ ...text, command: `python3 {plugin_dir}/main.py ${args}${standard}`, files: { "main.py": code } });
  };
  const toTyping = "--dest-dir=guess_file_type/main";
  return {
    ungzip: plugin({
      command: `ungzip_step ${toTyping} ${standard}`,
      rules: { [`fnmatch:${MAGIC}`]: "gzip compressed data* = main" },
    }),
    unbzip2: plugin({
      command: `unbzip2_step ${toTyping} ${standard}`,
      rules: { [`regex:${MAGIC}`]: "bzip2 compressed data = main" },
    }),
    untar: plugin({
      command: `fork_step ${toTyping} --command-template="sh {plugin_dir}/untar.sh {PATH}" --command-returning-path=1 ${standard}`,
      rules: { [`fnmatch:${MAGIC}`]: "POSIX tar archive* = main" },
      files: {
        "untar.sh":
          '#!/bin/sh\nset -eu\nto=$(mktemp -d)\ntar -xf "$1" -C "$to"\nfor one in "$to"/*; do echo "FILEPATH: $one"; done\n',
      },
    }),
    images: keep("images", { [`fnmatch:${MAGIC}`]: "PNG image* = main" }),
    documents: plugin({
      command: `copy_step --dest-dirs=documents_kept/main,documents_out/main* ${standard}`,
      rules: { [`fnmatch:${NAME}`]: "*.pdf = main" },
    }),
    documents_kept: keep("documents_kept"),
    documents_out: plugin({
      command: `move_step --dest-dir=${join(places, "documents_out")} --dest-basename={ORIGINAL_BASENAME} ${standard}`,
    }),
    json: python(
      `    def process(self, xaf):\n        self.set_tag(xaf, "seen", "1")\n        return self.move_to_plugin_step(xaf, "json_kept", "main")`,
      { rules: { [`fnmatch:${MAGIC}`]: "JSON* = main" } },
    ),
    json_kept: keep("json"),
    tables: plugin({
      command: `node {plugin_dir}/main.js ${standard}`,
      rules: { [`fnmatch:${MAGIC}`]: "CSV* = main" },
      files: {
        "main.js": `const { readFileSync, writeFileSync } = require("node:fs");
require("metwork-step").run((file) => {
  const path = file.temporaryPath();
  writeFileSync(path, "summary " + readFileSync(file.path, "utf8"));
  file.emit("summaries/main", { path });
  file.emit("tables_kept/main");
}, { parallel: 4 });
`,
      },
    }),
    tables_kept: keep("tables"),
    summaries: keep("summaries"),
    bulletins: plugin({
      command: "metwork step run --to=bulletins_kept/main -- sh {plugin_dir}/main.sh",
      rules: { [`fnmatch:${MAGIC}`]: "ASCII text* = main" },
      files: { "main.sh": 'tr A-Z a-z <"$METWORK_FILE" >"$METWORK_OUT/lower"\n' },
    }),
    bulletins_kept: keep("bulletins"),
    grids: python(
      `    batch_process_max_size = 20\n    batch_process_max_wait = 1\n\n    def batch_process(self, xafs):\n        return [self.move_to_plugin_step(xaf, "grids_kept", "main") for xaf in xafs]`,
      { rules: { [`fnmatch:${MAGIC}`]: "Gridded binary* = main" } },
      "AcquisitionBatchStep",
    ),
    grids_kept: keep("grids"),
    flaky: python(
      `    def process(self, xaf):\n        tried = self.get_tag(xaf, "attempt", force_process_name="main_reinject")\n        return tried is not None and self.move_to_plugin_step(xaf, "flaky_kept", "main")`,
      { rules: { [`fnmatch:${MAGIC}`]: "NetCDF* = main" }, more: "retry_total = 3\nretry_min_wait = 1\n" },
    ),
    flaky_kept: keep("flaky"),
    refused: python(`    def process(self, xaf):\n        raise ValueError("no observation is good enough")`, {
      rules: { [`equal:${MAGIC}`]: "XML 1.0 document, ASCII text = main" },
      more: "failure_policy = move\nfailure_policy_move_dest_dir = refused_kept/main\n",
    }),
    refused_kept: keep("refused"),
  };
}

/** What has to be in each place when all is done. */
function expected(samples: readonly Sample[]): ReadonlyMap<string, readonly Buffer[]> {
  const found = new Map<string, Buffer[]>();
  const put = (place: string, content: Buffer): unknown => found.set(place, [...(found.get(place) ?? []), content]);
  const putTable = (content: Buffer): void => {
    put("tables", content);
    put("summaries", Buffer.concat([Buffer.from("summary "), content]));
  };
  const putBulletin = (content: Buffer): unknown => put("bulletins", Buffer.from(content.toString().toLowerCase()));
  const ways: Readonly<Record<Sample["kind"], (sample: Sample) => void>> = {
    png: ({ content }) => put("images", content),
    gzip: ({ inside }) => inside.forEach(putTable),
    bzip2: ({ inside }) => inside.forEach(putBulletin),
    tar: ({ inside }) => inside.forEach(putBulletin),
    text: ({ content }) => putBulletin(content),
    csv: ({ content }) => putTable(content),
    xml: ({ content }) => put("refused", content),
    json: ({ content }) => put("json", content),
    netcdf: ({ content }) => put("flaky", content),
    grib: ({ content }) => put("grids", content),
    pdf: ({ content }) => {
      put("documents_kept", content);
      put("documents_out", content);
    },
  };
  for (const sample of samples) ways[sample.kind](sample);
  return found;
}

function filesIn(directory: string): readonly string[] {
  return filesBelow(directory).filter((path) => !basename(path).startsWith(".metwork."));
}

/** Files the pipeline still has; what a killed program was making is its own affair. */
const inside = (): readonly string[] => filesIn(join(home, "var", "in")).filter((path) => !path.includes(".work/"));

const digests = (contents: readonly Buffer[]): readonly string[] =>
  contents.map((content) => createHash("sha256").update(content).digest("hex")).sort();

test(`${COUNT} files of eleven kinds through twenty plugins in three languages: each ends where it should, once`, async () => {
  const count = Object.keys(plugins()).length + 2;
  assert.ok(count >= 20, String(count));
  const samples = makeSamples(COUNT);
  const stage = join(home, "stage");
  mkdirSync(stage);
  for (const [index, { name, content }] of samples.entries()) {
    writeFileSync(join(stage, name), content);
    renameSync(join(stage, name), join(home, "var", "in", "incoming", name));
    if (KILLS && index === Math.floor(COUNT / 2)) killOneOfEach();
  }
  const wanted = expected(samples);
  const total = [...wanted.values()].reduce((sum, { length }) => sum + length, 0);
  const trash = join(home, "var", "in", "trash");
  await until(
    "all is in its place",
    () => {
      assert.deepEqual(filesIn(trash), [], "nothing fails for good");
      return filesIn(places).length >= total && inside().length === 0;
    },
    DEADLINE_MS,
  ).catch((error: unknown) => {
    const left = inside().slice(0, 20).join("\n");
    throw new Error(`${String(error)}\n${filesIn(places).length} of ${total}; still inside, among others:\n${left}`);
  });
  assert.deepEqual(readdirSync(places).sort(), [...wanted.keys()].sort());
  for (const [place, contents] of wanted) {
    const found = filesIn(join(places, place)).map((path) => readFileSync(path));
    assert.equal(found.length, contents.length, place);
    assert.deepEqual(digests(found), digests(contents), place);
  }
  await until("all is told of", () => storedPaths(allStories()).length >= total).catch(() => undefined);
  const stories = allStories();
  assert.deepEqual(stories.map(({ name }) => name).sort(), samples.map(({ name }) => name).sort());
  assert.deepEqual(storedPaths(stories), filesIn(places).toSorted());
  const open = stories.flatMap(({ name, visits }) =>
    visits
      .flatMap(leaves)
      .filter((visit) => !isEnd(visit))
      .map((visit) => [name, visit]),
  );
  assert.deepEqual(open, [], "every way of every file has an end");
});

/** What the trace tells of all that arrived. */
function allStories(): readonly Story[] {
  const reader = new TraceReader(join(home, "var", "trace"));
  try {
    return tellStories(reader.passagesOf(reader.find("*", COUNT * 4)), reader.open());
  } finally {
    reader.close();
  }
}

function storedPaths(stories: readonly Story[]): readonly string[] {
  const paths = stories.flatMap(({ visits }) =>
    visits.flatMap(withChildren).filter(({ ending }) => ending === "stored"),
  );
  return paths.map(({ path }) => path ?? "").sort();
}

function withChildren(visit: Visit): readonly Visit[] {
  return [visit, ...visit.children.flatMap(withChildren)];
}

function leaves(visit: Visit): readonly Visit[] {
  return withChildren(visit).filter(({ children, waiting }) => children.length === 0 || waiting.length > 0);
}

function isEnd({ ending, waiting }: Visit): boolean {
  return waiting.length === 0 && ["stored", "removed"].includes(ending);
}

/** SIGKILL for one process of each step of its own program. */
function killOneOfEach(): void {
  const steps = processesOf(home).filter(({ command }) => /step\.\w+\.main$|step run/.test(command));
  assert.ok(steps.length >= 8, String(steps.length));
  for (const { pid } of steps) process.kill(pid, "SIGKILL");
}
