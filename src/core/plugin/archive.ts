import { z } from "zod";
import type { ModuleName } from "../module/paths.ts";

/** The directory at the root of every `.plugin` archive (gzipped tar). */
export const ARCHIVE_ROOT = "metwork_plugin";
export const METADATA_FILE = ".metadata.json";
export const FILES_FILE = ".files.json";

const text = z.union([z.string(), z.number().transform(String)]).optional();

/** What `.metadata.json` holds: texts, `size` in bytes and `build_date` in ISO form with a `Z` included. */
const metadataSchema = z.object({
  version: text,
  release: text,
  build_host: text,
  build_date: text,
  size: text,
  /** SHA-256 of names, modes and contents of the files; absent in archives of the predecessor. */
  digest: text,
  summary: text,
  license: text,
  packager: text,
  vendor: text,
  url: text,
});

export type PluginMetadata = z.infer<typeof metadataSchema>;

/** Reads a `.metadata.json`; undefined when it is not one. */
export function parseMetadata(json: string): PluginMetadata | undefined {
  try {
    return metadataSchema.safeParse(JSON.parse(json)).data;
  } catch {
    return undefined;
  }
}

/** What identifies one build of a plugin, as hashed by `plugins.hash`. */
export function buildIdentity(metadata: PluginMetadata): string {
  const { build_host, build_date, size, version, release } = metadata;
  return [build_host, build_date, size, version, release].map((part) => part ?? "None").join(", ");
}

/** The file name of a built plugin. */
export function archiveName(name: string, version: string, release: string, module: ModuleName): string {
  return `${name}-${version}-${release}.metwork.${module}.plugin`;
}
