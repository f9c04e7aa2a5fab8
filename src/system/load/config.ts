import { lstatSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { failure, hasErrors, type Result, success } from "../../core/base/result.ts";
import { commentedCopy, hasActiveLine } from "../../core/config/commented.ts";
import type { ConfigLayer } from "../../core/config/merge.ts";
import { type ConfigurationName, configurationName } from "../../core/config/name.ts";
import { type Resolved, resolveConfig } from "../../core/config/resolve.ts";
import type { ModuleConfig } from "../../core/config/types.ts";
import { MODULE_DIALECT } from "../../core/ini/dialects.ts";
import { unreadableIni } from "../../core/ini/unreadable.ts";
import { baseEnv, isHostName, logEnv, optionsEnv } from "../../core/module/env.ts";
import type { Host } from "../../core/module/host.ts";
import { MODULE_OPTIONS } from "../../core/module/options/index.ts";
import { checkTogether } from "../../core/module/options/together.ts";
import { configFiles, type ModulePaths } from "../../core/module/paths.ts";
import { ensureDirectory, readTextFile, writeFileAtomically } from "../../kit/fs.ts";
import { addressesOf } from "../host/addresses.ts";
import { findPrograms } from "../host/programs.ts";
import { readIni } from "./ini.ts";

/** The configuration, and the files it was looked for in, existing or not: what a watcher must watch. */
export type LoadedConfig = Result<ModuleConfig> & { readonly inputs: readonly string[] };

type ProcessEnv = Readonly<Record<string, string | undefined>>;

/** A module's configuration as far as its files make sense. */
export interface ReadConfig {
  readonly resolved: Resolved;
  readonly configurationName: string;
  /** The environment but for what the options add. */
  readonly base: Readonly<Record<string, string>>;
  /** All that is wrong or surprising, of all files at once. */
  readonly notes: readonly Diagnostic[];
  readonly inputs: readonly string[];
}

/** Reads and resolves a module's configuration. All mistakes of all its files are in the notes; with an error there is no value. */
export async function loadConfig(paths: ModulePaths, host: Host, env: ProcessEnv = process.env): Promise<LoadedConfig> {
  const { resolved, configurationName, base, notes, inputs } = readConfig(paths, host, env);
  if (hasErrors(notes)) return { ...failure(...notes), inputs };
  const resolution = await resolveHosts(resolved);
  const config: ModuleConfig = {
    values: resolved.values,
    configurationName,
    env: {
      ...base,
      ...optionsEnv(paths.module, resolved.texts, resolution.addresses),
      ...logEnv(paths, resolved.texts),
    },
  };
  return { ...success(config, [...notes, ...resolution.notes]), inputs };
}

/** The part of loadConfig that goes as far as it can with mistakes, for who explains them. Asks no name service. */
export function readConfig(paths: ModulePaths, host: Host, env: ProcessEnv = process.env): ReadConfig {
  const files = configFiles(paths);
  const nameFile = join(paths.etc, "metwork.config");
  const named = readName(nameFile, env);
  const layers = (["package", "user", "site"] as const).flatMap((origin): readonly ConfigLayer[] => {
    const ini = readIni(files[origin], MODULE_DIALECT);
    return ini === undefined ? [] : [{ origin, ini }];
  });
  const base = baseEnv({
    paths,
    host,
    version: installedVersion(paths.root),
    configurationName: named.name,
    configurationNameFromFile: named.fromFile,
    python3Version: findPrograms().python3Version,
  });
  const resolved = resolveConfig(MODULE_OPTIONS[paths.module], layers, named.name, base);
  const notes = [...named.notes, ...resolved.notes, ...checkTogether(resolved.values)];
  const inputs = [nameFile, files.package, files.user, files.site];
  return { resolved, configurationName: named.name, base, notes, inputs };
}

/**
 * Writes the user's `config.ini`, a copy of the module's with every option commented out, when there is none, or when the
 * module's is newer and the user has set nothing. A symbolic link is left alone. True when it was written.
 */
export async function prepareUserConfig(paths: ModulePaths): Promise<boolean> {
  const files = configFiles(paths);
  const shipped = readTextFile(files.package);
  if (!shipped.ok) return false;
  const copy = commentedCopy(shipped.text, files.package);
  const there = lstatSync(files.user, { throwIfNoEntry: false });
  if (there !== undefined) {
    const current = readTextFile(files.user);
    const newer = lstatSync(files.package).mtimeMs > there.mtimeMs;
    if (there.isSymbolicLink() || !newer || !current.ok) return false;
    if (current.text === copy || hasActiveLine(current.text)) return false;
  }
  await ensureDirectory(dirname(files.user), 0o755);
  await writeFileAtomically(files.user, copy, 0o644);
  return true;
}

type Named = ConfigurationName & { readonly notes: readonly Diagnostic[] };

function readName(file: string, env: ProcessEnv): Named {
  const read = readTextFile(file);
  const unreadable = read.ok || read.reason === "missing" ? [] : unreadableIni(file, read).notes;
  const named = configurationName(env, read.ok ? read.text : undefined);
  if (/^[\w.-]+$/.test(named.name)) return { ...named, notes: unreadable };
  const note: Diagnostic = {
    code: "MF2008",
    severity: "error",
    message: `the configuration name ${JSON.stringify(named.name)} may have only letters, digits and the characters _ . -`,
    ...(named.line === undefined ? {} : { at: { file, line: named.line, col: 1, length: named.name.length } }),
    fix: named.fromFile ? "correct the line" : "correct the environment variable MFCONFIG",
  };
  return { ...named, notes: [...unreadable, note] };
}

/** The version of the installation; `unknown` in one that lost its package.json. */
function installedVersion(root: string): string {
  const read = readTextFile(join(root, "package.json"));
  return (read.ok ? /"version"\s*:\s*"([\w.+-]+)"/.exec(read.text)?.[1] : undefined) ?? "unknown";
}

interface Resolution {
  readonly addresses: ReadonlyMap<string, string>;
  readonly notes: readonly Diagnostic[];
}

/** Asks the name service for every host an option names. One that has no answer in time is a warning, not an error. */
async function resolveHosts({ values, texts }: Resolved): Promise<Resolution> {
  const options = [...texts].filter(([name, text]) => /[._]hostname$/.test(name) && isHostName(text));
  const addresses = await addressesOf(options.map(([, text]) => text));
  const unknown = options.filter(([, text]) => !addresses.has(text));
  const notes = unknown.map(([name, text]) => unresolved(name, text, values));
  return { addresses, notes };
}

function unresolved(name: string, text: string, values: Resolved["values"]): Diagnostic {
  const at = values.get(name)?.at;
  return {
    code: "MF2009",
    severity: "warning",
    message: `\`${text}\`, the host of \`${name}\`, has no address now; its variable says dns_error`,
    ...(at === undefined ? {} : { at }),
    fix: "correct the name, give an IP address, or see whether the name service works",
  };
}
