import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RuntimeLayout } from "../../core/module/paths.ts";
import type { Action, Manifest } from "../../core/plan/types.ts";
import { foreign } from "./observe.ts";

/**
 * What an apply that was killed leaves open. Without it, who comes next would find the new tree and think that all is done,
 * or ask for the old services while the supervisor is still busy with what it was asked before.
 */
export interface Doubt {
  /** Files of the tree of which a running service may have read another text. */
  readonly files: readonly string[];
  /** Services something was done to. */
  readonly services: readonly string[];
  /** The last generation that was proven to serve; absent when there was none yet. */
  readonly proven?: string;
}

const NONE: Doubt = { files: [], services: [] };

export async function readDoubt(layout: RuntimeLayout): Promise<Doubt> {
  try {
    return JSON.parse(await readFile(doubtFile(layout), "utf8")) as Doubt;
  } catch {
    return NONE;
  }
}

/** Noted before anything is done. Not synced to the disk: a machine that goes down takes the services along. */
export async function noteDoubt(
  layout: RuntimeLayout,
  before: Manifest,
  next: Manifest,
  actions: readonly Action[],
): Promise<void> {
  const paths = new Set([...Object.keys(before.files), ...Object.keys(next.files)]);
  const doubt: Doubt = {
    files: [...paths].filter((path) => before.files[path] !== next.files[path]),
    services: actions.map(({ service }) => service),
    ...(before.id === "" ? {} : { proven: before.id }),
  };
  await writeFile(`${doubtFile(layout)}.new`, JSON.stringify(doubt), { mode: 0o600 });
  await rename(`${doubtFile(layout)}.new`, doubtFile(layout));
}

/** To be called when every service is what the generation in force says and has read its files. */
export async function clearDoubt(layout: RuntimeLayout): Promise<void> {
  await rm(doubtFile(layout), { force: true });
}

/** What runs, as if all that is in doubt were unlike anything that could follow. */
export function inDoubt(before: Manifest, doubt: Doubt): Manifest {
  const services = Object.values(before.services).map((spec) => {
    // The module's own are told again because of their files: a restart of nginx would cost connections.
    const isOpen = spec.plugin !== undefined && doubt.services.includes(spec.id);
    return isOpen ? foreign(spec.id, spec.plugin) : spec;
  });
  return {
    ...before,
    files: { ...before.files, ...Object.fromEntries(doubt.files.map((path) => [path, ""])) },
    services: Object.fromEntries(services.map((spec) => [spec.id, spec])),
  };
}

function doubtFile(layout: RuntimeLayout): string {
  return join(layout.tmp, "apply_doubt.json");
}
