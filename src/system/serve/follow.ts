import { closeSync, openSync, readdirSync, readSync, statSync, watch } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import type { Detected, Facts } from "../../core/detect/types.ts";
import { type ModulePaths, runtimeLayout } from "../../core/module/paths.ts";
import { runnable } from "../../core/plan/services.ts";
import { currentManifest } from "../apply/generations.ts";
import { watchInputs } from "../monitor/watch.ts";
import type { Supervisor } from "../supervisor.ts";

/** Directories that hold no code somebody edits. */
const NOT_CODE = ["node_modules", "__pycache__", "venv"];
const MOST_DIRECTORIES = 500;
const CHUNK = 65_536;

/** What became of one change of the code. */
export interface Renewal {
  /** Paths of the changed files. */
  readonly changed: readonly string[];
  readonly milliseconds: number;
  /** Why the former processes still serve; empty: new ones do. */
  readonly notes: readonly Diagnostic[];
}

/**
 * Waits for changes of the code and replaces the plugin's processes at each, until aborted: new ones first, so that no
 * request is lost, and code that does not start changes nothing.
 */
export async function followCode(
  code: { readonly facts: Facts; readonly detected: Detected; readonly plugin: string },
  paths: ModulePaths,
  supervisor: Supervisor,
  signal: AbortSignal,
  tell: (renewal: Renewal) => void,
): Promise<void> {
  const { facts, detected, plugin } = code;
  if (detected.restartOn.length === 0) return;
  using watcher = watchInputs();
  while (!signal.aborted) {
    watcher.watch(
      detected.only === undefined
        ? codeDirectories(facts.directory)
        : detected.only.map((name) => join(facts.directory, name)),
    );
    const changed = (await watcher.next(signal)).filter((path) => isCode(basename(path), detected.restartOn));
    if (changed.length === 0) continue;
    const began = performance.now();
    const notes = await renew(paths, plugin, supervisor);
    tell({ changed, milliseconds: Math.round(performance.now() - began), notes });
  }
}

async function renew(paths: ModulePaths, plugin: string, supervisor: Supervisor): Promise<readonly Diagnostic[]> {
  const manifest = await currentManifest(runtimeLayout(paths.runtime));
  if (manifest === undefined) return [];
  const notes: Diagnostic[] = [];
  for (const spec of Object.values(manifest.services).filter((one) => one.plugin === plugin)) {
    const service = runnable(manifest, spec);
    const done = spec.socket === undefined ? await supervisor.restart(service) : await supervisor.swap(service);
    if (!done.ok) notes.push(...done.notes);
  }
  return notes;
}

/** A pattern is a name, or `*` and how names end. */
function isCode(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => (pattern.startsWith("*") ? name.endsWith(pattern.slice(1)) : name === pattern));
}

function codeDirectories(directory: string): readonly string[] {
  const found = [directory];
  for (let index = 0; index < found.length && found.length < MOST_DIRECTORIES; index++) {
    const at = found[index] ?? directory;
    for (const entry of namesOf(at)) {
      if (entry.isDirectory() && !entry.name.startsWith(".") && !NOT_CODE.includes(entry.name)) {
        found.push(join(at, entry.name));
      }
    }
  }
  return found;
}

function namesOf(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** Passes on what is written from now on to a plugin's log files, and what the supervisor says of its processes. */
export function followLogs(paths: ModulePaths, plugin: string, write: (text: string) => void): Disposable {
  const { log } = runtimeLayout(paths.runtime);
  const own = new RegExp(`^(?:app|extra)_${plugin}_.*\\.(?:log|stdout|stderr)$`);
  const about = new RegExp(`\\b(?:app|extra)\\.${plugin}\\.`);
  const read = new Map(namesOf(log).map(({ name }) => [name, sizeOf(join(log, name))]));
  const look = (name: string | null): void => {
    if (name === null) return;
    const isSupervisor = name === "supervisor.log";
    if (!isSupervisor && !own.test(name)) return;
    const text = readFrom(join(log, name), read);
    const lines = isSupervisor
      ? text
          .split("\n")
          .filter((line) => about.test(line))
          .join("\n")
      : text.trimEnd();
    if (lines !== "") write(lines);
  };
  const watcher = watch(log, { persistent: false }, (_, name) => look(name));
  return { [Symbol.dispose]: () => watcher.close() };
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

function readFrom(path: string, read: Map<string, number>): string {
  const name = basename(path);
  const size = sizeOf(join(dirname(path), name));
  // A shorter file is a new one: the former was rotated away.
  let at = Math.min(read.get(name) ?? 0, size) === size && size < (read.get(name) ?? 0) ? 0 : (read.get(name) ?? 0);
  if (at >= size) return "";
  const file = openSync(path, "r");
  try {
    const buffer = Buffer.alloc(Math.min(size - at, CHUNK));
    const got = readSync(file, buffer, 0, buffer.length, Math.max(at, size - CHUNK));
    at = size;
    return buffer.subarray(0, got).toString("utf8");
  } finally {
    closeSync(file);
    read.set(name, at);
  }
}
