import { hash } from "node:crypto";
import type { Manifest, Plan, ServiceSpec } from "./types.ts";

/** Stands, in a file that nginx reads, for what `servedId` gives; the file as written holds that. */
export const SERVED_ID = "@@SERVED_ID@@";

/** What is kept of a plan to compare it with the next one. */
export function manifestOf({
  id,
  digests,
  environments,
  services,
  logs,
  sources,
  directories,
  owners,
}: Plan): Manifest {
  const kept = { id, files: digests, environments, services, sources, directories };
  return { ...kept, ...(logs && { logs }), ...(owners && { owners }) };
}

/**
 * What a running nginx answers when it is asked which configuration it serves: a digest of the files it reads. It is not the
 * plan's id, because a change that does not concern nginx must not ask for its reload.
 */
export function servedId({ files, services }: Pick<Manifest, "files" | "services">): string {
  const reads = services["nginx"]?.reads ?? [];
  return hash("sha256", JSON.stringify(reads.map((path) => [path, files[path]]))).slice(0, 16);
}

/** Whether a file of the tree still is what was planned. */
export function isAsPlanned(manifest: Manifest, path: string, text: string): boolean {
  return manifest.files[path] === hash("sha256", text.replaceAll(servedId(manifest), SERVED_ID));
}

/** Takes the digest of everything, then writes the served id into the files that wait for it. */
export function seal(draft: Omit<Plan, "id" | "digests">): Plan {
  const services = Object.values(draft.services).map(({ because: _, ...spec }: ServiceSpec) => spec);
  const digests: Record<string, string> = {};
  for (const [path, { text }] of draft.tree) digests[path] = hash("sha256", text);
  const modes = [...draft.tree].map(([path, { mode }]) => [path, mode]);
  const all = JSON.stringify([
    digests,
    modes,
    draft.directories,
    draft.environments,
    services,
    draft.owners,
    draft.logs,
  ]);
  const id = hash("sha256", all).slice(0, 16);
  const served = servedId({ files: digests, services: draft.services });
  const tree = new Map(draft.tree);
  for (const [path, file] of tree) {
    if (file.text.includes(SERVED_ID)) tree.set(path, { ...file, text: file.text.replaceAll(SERVED_ID, served) });
  }
  return { ...draft, id, tree, digests };
}
