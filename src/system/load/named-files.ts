import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { optionalNumberOf, textOf } from "../../core/config/access.ts";
import type { ModuleConfig } from "../../core/config/types.ts";
import type { ModuleName } from "../../core/module/paths.ts";

/** Files that settings name: whoever reads them when it starts has to be told of another content. */
export interface NamedFiles {
  /** SHA-256 of each that can be read, by path. */
  readonly digests: ReadonlyMap<string, string>;
  readonly inputs: readonly string[];
}

/** Looks at the files that a module's options name and nginx reads only when it is reloaded. */
export function readNamedFiles(module: ModuleName, config: ModuleConfig): NamedFiles {
  if (module !== "mfserv" || (optionalNumberOf(config, "nginx.https_port") ?? 0) <= 0) return NONE;
  const inputs = ["nginx.ssl_certificate", "nginx.ssl_certificate_key"].map((name) => textOf(config, name));
  return { digests: new Map(inputs.flatMap(digestOf)), inputs };
}

const NONE: NamedFiles = { digests: new Map(), inputs: [] };

function digestOf(path: string): readonly (readonly [path: string, digest: string])[] {
  try {
    return [[path, createHash("sha256").update(readFileSync(path)).digest("hex")]];
  } catch {
    // Whoever needs it says so.
    return [];
  }
}
