import { hash } from "node:crypto";
import type { Manifest, Plan, ServiceSpec } from "./types.ts";

/** Stands for the plan's id in files until the id is known. */
export const GENERATION = "@@GENERATION@@";

/** What is kept of a plan to compare it with the next one. */
export function manifestOf(plan: Plan): Manifest {
  const files: Record<string, string> = {};
  for (const [path, file] of plan.tree) files[path] = fileDigest(file.text, plan.id);
  return { id: plan.id, files, environments: plan.environments, services: plan.services };
}

/** Digest of a generated file as manifests hold it: the id of its generation, written into it, does not count. */
export function fileDigest(text: string, id: string): string {
  return hash("sha256", text.includes(id) ? text.replaceAll(id, GENERATION) : text);
}

/** Takes the digest of everything, then writes it into the files that wait for it. */
export function seal(draft: Omit<Plan, "id">): Plan {
  const services = Object.values(draft.services).map(({ because: _, ...spec }: ServiceSpec) => spec);
  const files = [...draft.tree].map(([path, { text, mode }]) => [path, mode, hash("sha256", text)]);
  const all = JSON.stringify([files, draft.directories, draft.environments, services]);
  const id = hash("sha256", all).slice(0, 16);
  const tree = new Map(draft.tree);
  for (const [path, file] of tree) {
    if (file.text.includes(GENERATION)) tree.set(path, { ...file, text: file.text.replaceAll(GENERATION, id) });
  }
  return { ...draft, id, tree };
}
