import { join } from "node:path";
import { counts, type Stranded, strandedRooms, strandedText, whyStranded } from "../../core/flow/stranded.ts";
import { type FlowConfig, stepKey } from "../../core/flow/types.ts";
import { type ModulePaths, runtimeLayout } from "../../core/module/paths.ts";
import { listDirectory, readTextFile } from "../../kit/fs.ts";
import { findInstalled } from "../plugins/installed.ts";
import type { Check } from "./check.ts";

/** What the pipeline in force was told; undefined: there is none. */
export function flowInForce(paths: ModulePaths): FlowConfig | undefined {
  const read = readTextFile(join(runtimeLayout(paths.runtime).configAuto, "flow.json"));
  return read.ok ? (JSON.parse(read.text) as FlowConfig) : undefined;
}

/** The steps that nobody runs and that have files all the same, by name. Such files are safe, and go nowhere. */
export function findStranded(paths: ModulePaths, { dataIn, steps }: FlowConfig): readonly Stranded[] {
  const lanes = new Map(steps.map((step) => [stepKey(step), step.lanes]));
  const found = new Map<string, Stranded>();
  const rooms = strandedRooms(directoriesIn(dataIn), directoriesIn(join(dataIn, "tmp")), lanes);
  for (const { of, room, directory } of rooms) {
    const listed = listDirectory(join(dataIn, directory));
    const files = listed.ok
      ? listed.entries.filter(({ name, kind }) => kind === "file" && counts(room, name)).length
      : 0;
    if (files === 0) continue;
    const installed = new Set(findInstalled(paths, of.plugin) === undefined ? [] : [of.plugin]);
    const why = whyStranded(of, lanes, installed);
    const known = found.get(stepKey(of)) ?? { ...of, waiting: 0, retrying: 0, inWork: 0, why };
    found.set(stepKey(of), { ...known, [room]: known[room] + files });
  }
  return [...found.values()];
}

/** For `metwork status`: a line for each of them. */
export function checkStranded(paths: ModulePaths): readonly Check[] {
  const flow = flowInForce(paths);
  const stranded = flow === undefined ? [] : findStranded(paths, flow);
  return stranded.map((one) => ({
    name: `files for ${one.plugin}/${one.step} go on`,
    state: "WARNING",
    ...strandedText(one),
  }));
}

function directoriesIn(path: string): readonly string[] {
  const listed = listDirectory(path);
  return listed.ok ? listed.entries.flatMap(({ name, kind }) => (kind === "directory" ? [name] : [])) : [];
}
