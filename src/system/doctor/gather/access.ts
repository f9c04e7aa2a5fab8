import { accessSync, constants, type Stats, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { configFiles, type ModulePaths, runtimeLayout } from "../../../core/module/paths.ts";
import { listDirectory, readTextFile } from "../../../kit/fs.ts";
import type { AccessFault } from "../types.ts";
import { nearest } from "./storage.ts";

/** Who may read and write what. `secrets`: files nobody else may read; `data`: directories beside the runtime home. */
export function gatherAccess(
  paths: ModulePaths,
  secrets: readonly string[],
  data: readonly string[],
): readonly AccessFault[] {
  const layout = runtimeLayout(paths.runtime);
  const own = [
    paths.runtime,
    layout.config,
    layout.pluginOverrides,
    layout.log,
    layout.tmp,
    layout.var,
    layout.plugins,
  ];
  const read = configurationFiles(paths);
  const found = [
    ...outermost([...own, ...data].flatMap(ownDirectory)),
    ...read.flatMap((path) => (mayUse(path, constants.R_OK) ? [] : [{ path, fault: "unreadable" } as const])),
    ...[...own, ...read, layout.configAuto]
      .filter(isWorldWritable)
      .map((path) => ({ path, fault: "world-writable" }) as const),
    ...[...secrets, ...read.filter(holdsSecret)]
      .filter((path) => exposed(path, 0o004))
      .map((path) => ({ path, fault: "secret-readable" }) as const),
  ];
  return [...new Map(found.map((fault) => [`${fault.fault} ${fault.path}`, fault])).values()];
}

/** The directories of a runtime home that are there, or may be, and are closed to this user. */
export function hiddenDirectories(paths: ModulePaths): readonly string[] {
  const { config, pluginOverrides, log, tmp, var: state, plugins } = runtimeLayout(paths.runtime);
  const isClosed = (path: string): boolean => {
    try {
      accessSync(path, constants.R_OK | constants.X_OK);
      return false;
    } catch (error) {
      return error instanceof Error && "code" in error && error.code === "EACCES";
    }
  };
  return [paths.runtime, config, pluginOverrides, log, tmp, state, plugins].filter(isClosed);
}

/** The module's directories are written by its user; one that is missing is made at the start, if that can be. */
function ownDirectory(path: string): readonly AccessFault[] {
  const closed = waysTo(path).find((above) => statOf(above) !== undefined && !mayUse(above, constants.X_OK));
  if (closed !== undefined) return [{ path: closed, fault: "closed" }];
  const stat = statOf(path);
  if (stat === undefined) {
    return mayUse(nearest(path), constants.W_OK | constants.X_OK) ? [] : [{ path, fault: "uncreatable" }];
  }
  if (mayUse(path, constants.R_OK | constants.W_OK | constants.X_OK)) return [];
  const isForeign = stat.uid !== process.geteuid?.();
  return [isForeign ? { path, fault: "foreign", owner: stat.uid } : { path, fault: "unwritable" }];
}

/** The directories above a path, outermost first. */
function waysTo(path: string): readonly string[] {
  const above = dirname(path);
  return above === path ? [] : [...waysTo(above), above];
}

/** What is wrong with a directory is not said again of those in it. */
function outermost(faults: readonly AccessFault[]): readonly AccessFault[] {
  return faults.filter(({ path }) => !faults.some((other) => path.startsWith(`${other.path}/`)));
}

/** Every configuration file there is: of the user, of the site, of the plugins. */
function configurationFiles(paths: ModulePaths): readonly string[] {
  const layout = runtimeLayout(paths.runtime);
  const { user, site } = configFiles(paths);
  const plugins = namesIn(layout.plugins).map((name) => join(layout.plugins, name, "config.ini"));
  const overrides = [layout.pluginOverrides, join(dirname(site), "plugins")].flatMap((directory) =>
    namesIn(directory).map((name) => join(directory, name)),
  );
  const all = [join(paths.etc, "metwork.config"), user, site, ...overrides, ...plugins];
  return all.filter((path) => statOf(path)?.isFile() === true);
}

/** An option whose name says that its value is secret, and that has a value. */
const SECRET =
  /^[ \t]*(?:[\w.-]*[_.-])?(?:password|passwd|secret|token|api_?key)(?:[_.-][\w.-]*)?(?:\[\w+\])?[ \t]*[=:][ \t]*(?!null\b)\S/im;

function holdsSecret(path: string): boolean {
  const read = readTextFile(path);
  return read.ok && SECRET.test(read.text);
}

/** A sticky directory lets everybody add to it but nobody replace what is there: still not what a configuration should be. */
function isWorldWritable(path: string): boolean {
  return exposed(path, 0o002);
}

/** Whether others have a right to a file, and to every directory on the way to it. */
function exposed(path: string, right: number): boolean {
  const stat = statOf(path);
  if (stat === undefined || (stat.mode & right) === 0) return false;
  return waysTo(path).every((above) => ((statOf(above)?.mode ?? 0) & 0o001) !== 0);
}

function mayUse(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** undefined also for what is behind a closed directory. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function namesIn(directory: string): readonly string[] {
  const listed = listDirectory(directory);
  return listed.ok ? listed.entries.map(({ name }) => name) : [];
}
