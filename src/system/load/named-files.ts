import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { flagOf, optionalNumberOf, textOf } from "../../core/config/access.ts";
import type { ModuleConfig } from "../../core/config/types.ts";
import { type ModulePaths, runtimeLayout } from "../../core/module/paths.ts";

/** Files that settings name: whoever reads them when it starts has to be told of another content. */
export interface NamedFiles {
  /** SHA-256 of each that can be read, by path. */
  readonly digests: ReadonlyMap<string, string>;
  readonly inputs: readonly string[];
}

/** Looks at the files that servers of a module read once: certificates and their keys. */
export function readNamedFiles({ module, runtime }: ModulePaths, config: ModuleConfig): NamedFiles {
  const inputs = module === "mfserv" ? ofNginx(config) : ofFtp(config, runtime);
  return { digests: new Map(inputs.flatMap(digestOf)), inputs };
}

function ofNginx(config: ModuleConfig): readonly string[] {
  if ((optionalNumberOf(config, "nginx.https_port") ?? 0) <= 0) return [];
  return ["nginx.ssl_certificate", "nginx.ssl_certificate_key"].map((name) => textOf(config, name));
}

function ofFtp(config: ModuleConfig, runtime: string): readonly string[] {
  return flagOf(config, "ftp.flag") && flagOf(config, "ftp.tls") ? [runtimeLayout(runtime).ftpCertificate] : [];
}

function digestOf(path: string): readonly (readonly [path: string, digest: string])[] {
  try {
    return [[path, createHash("sha256").update(readFileSync(path)).digest("hex")]];
  } catch {
    // Whoever needs it says so.
    return [];
  }
}
