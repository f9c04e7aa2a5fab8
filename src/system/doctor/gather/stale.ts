import { lstatSync, readlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { isPipelineName } from "../../../core/flow/claim-name.ts";
import type { RuntimeLayout } from "../../../core/module/paths.ts";
import { type DirectoryEntry, listDirectory } from "../../../kit/fs.ts";
import type { StaleFacts } from "../types.ts";
import { listeningPaths } from "./network.ts";
import { look } from "./seen.ts";

/** What a transaction keeps for a rollback is at most this, with the one in force. */
const KEPT = 6;
/** Something younger may belong to a change that is being made. */
const SETTLED_MS = 600_000;

/** Finds what was left lying about. `dataIn`: of mfdata. */
export function gatherStale(layout: RuntimeLayout, dataIn: string | undefined, now = Date.now()): StaleFacts {
  const listening = listeningPaths();
  const sockets = entriesOf(layout.var)
    .filter(({ name }) => /\.socket(\.[0-9a-f]{6})?$/.test(name))
    .map(({ name }) => join(layout.var, name));
  return {
    generations: [...staleGenerations(layout, now), ...staleLinks(layout, now)],
    sockets: listening.ok
      ? { ok: true, value: sockets.filter((path) => !listening.value.has(path) && lstatSync(path).isSocket()) }
      : listening,
    claims: dataIn === undefined ? [] : claimsIn(join(dataIn, "tmp")),
  };
}

function staleGenerations(layout: RuntimeLayout, now: number): readonly string[] {
  const aged = entriesOf(layout.generations)
    .map(({ name }) => join(layout.generations, name))
    .map((path) => ({ path, at: modified(path) ?? now }))
    .sort((a, b) => b.at - a.at);
  const drafts = aged.filter(({ path, at }) => basename(path).startsWith(".") && now - at > SETTLED_MS);
  const inForce = look(() => basename(readlinkSync(layout.configAuto)));
  const surplus = aged
    .filter(({ path }) => !basename(path).startsWith("."))
    .slice(KEPT)
    .filter(({ path }) => !inForce.ok || basename(path) !== inForce.value);
  return [...drafts, ...surplus].map(({ path }) => path);
}

/** Links that were to replace the one in force, left by a kill. */
function staleLinks(layout: RuntimeLayout, now: number): readonly string[] {
  return entriesOf(layout.tmp)
    .filter(({ name, kind }) => kind === "link" && /^config_auto\.[0-9a-f]{8}$/.test(name))
    .map(({ name }) => join(layout.tmp, name))
    .filter((path) => now - (modified(path) ?? now) > SETTLED_MS);
}

/** Only steps' directories, `<plugin>.<step>`: nginx keeps arriving bodies beside them, workers their scratch files. */
function claimsIn(tmp: string): StaleFacts["claims"] {
  return entriesOf(tmp).flatMap(({ name, kind }) => {
    if (kind !== "directory" || !name.includes(".")) return [];
    const path = join(tmp, name);
    const files = entriesOf(path).filter((entry) => entry.kind === "file" && isPipelineName(entry.name)).length;
    return files > 0 ? [{ path, files }] : [];
  });
}

function modified(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

function entriesOf(directory: string): readonly DirectoryEntry[] {
  const listed = listDirectory(directory);
  return listed.ok ? listed.entries : [];
}
