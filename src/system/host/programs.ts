import { accessSync, constants, existsSync, realpathSync, statSync } from "node:fs";
import { posix } from "node:path";
import type { LuaLibraries, Programs } from "../../core/module/host.ts";
import { run } from "../../kit/exec.ts";
import { listDirectory } from "../../kit/fs.ts";
import { distributions, type LuaPlaces, nginxLuaModules, programNames } from "./distribution.ts";

/** Before the caller's PATH: the distribution's own python3 is the one that has its flask, its nginx the one with its modules. */
const systemPath = ["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin"] as const;

/** A busy machine starts a program late. */
const ANSWER_MS = 10_000;

/** Where to look; both default to this machine's. */
export interface Places {
  /** Directories of programs, first match wins. */
  readonly path?: readonly string[];
  readonly nginxModules?: readonly string[];
  readonly lua?: readonly LuaPlaces[];
}

/** Finds the programs a plan may start. Costs some stat calls and starts nothing. */
export function findPrograms(places: Places = {}): Programs {
  const path = places.path ?? [...systemPath, ...(process.env["PATH"] ?? "").split(posix.delimiter)];
  const first = (names: readonly string[]): string | undefined => {
    for (const name of names) {
      const found = path.map((directory) => posix.join(directory, name)).find(isProgram);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const named = Object.fromEntries(Object.entries(programNames).map(([key, names]) => [key, first(names)]));
  const found = Object.fromEntries(Object.entries(named).filter(([, file]) => file !== undefined));
  const modules = places.nginxModules ?? [...new Set(distributions.map((distribution) => distribution.nginxModules))];
  const lua = places.lua ?? [...new Set(distributions.map((distribution) => distribution.lua))];
  return {
    node: process.execPath,
    nginxModules: luaModules(modules),
    lua: luaLibraries(lua),
    ...versionOf(found["python3"]),
    ...found,
  };
}

/** The same with the version of nginx, which it has to be asked for: a few milliseconds. */
export async function withNginxVersion(programs: Programs): Promise<Programs> {
  if (programs.nginx === undefined) return programs;
  const { stderr } = await run([programs.nginx, "-v"], { timeoutMs: ANSWER_MS });
  const nginxVersion = /^nginx version: nginx\/(\d+\.\d+\.\d+)\b/m.exec(stderr)?.[1];
  return nginxVersion === undefined ? programs : { ...programs, nginxVersion };
}

/** Distributions call the interpreter by its version, and `python3` is a link to it. */
function versionOf(python3: string | undefined): Pick<Programs, "python3Version"> {
  const real = python3 === undefined ? "" : posix.basename(realpathSync(python3));
  const python3Version = /^python(3\.\d+)$/.exec(real)?.[1];
  return python3Version === undefined ? {} : { python3Version };
}

/** All the modules Lua needs, of one directory; none when one of them is missing. */
function luaModules(directories: readonly string[]): readonly string[] {
  const candidates = directories.map((directory) => nginxLuaModules.map((file) => posix.join(directory, file)));
  return candidates.find((files) => files.every((file) => existsSync(file))) ?? [];
}

function luaLibraries(places: readonly LuaPlaces[]): LuaLibraries {
  const present = (paths: readonly string[]): readonly string[] =>
    [...new Set(paths)].filter((path) => existsSync(path));
  const renamed = places.flatMap((place) => Object.entries(place.renamed));
  return {
    path: present(places.flatMap(({ path }) => path)),
    cpath: present(places.flatMap(({ cpath }) => cpath)),
    named: Object.fromEntries(renamed.flatMap(([name, directory]) => librariesIn(directory, name))),
  };
}

/** The Lua files of a directory and below, each with the name it is required by, sorted by it. */
function librariesIn(directory: string, name: string): readonly (readonly [name: string, file: string])[] {
  const listed = listDirectory(directory);
  const entries = listed.ok ? listed.entries : [];
  return entries
    .flatMap((entry) => {
      const path = posix.join(directory, entry.name);
      if (entry.kind === "directory") return librariesIn(path, `${name}.${entry.name}`);
      return /^[\w-]+\.lua$/.test(entry.name)
        ? [[`${name}.${entry.name.slice(0, -".lua".length)}`, path] as const]
        : [];
    })
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function isProgram(file: string): boolean {
  if (!posix.isAbsolute(file)) return false;
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
