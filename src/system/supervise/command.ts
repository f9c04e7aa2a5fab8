import { execFileSync, type StdioOptions } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { RunnableService } from "../../core/plan/services.ts";

/** Names in a process's environment by which it is recognised as ours, whatever it did to its session and parent. */
export const HOME_MARKER = "METWORK_SERVICE_HOME";
/** The name systemd uses for the same purpose: a value that differs for every start of a process. */
export const RUN_MARKER = "INVOCATION_ID";

/** Replaces what stands for the instance and its socket in a word of a command or a path. */
export function expand(word: string, by: { readonly instance: number; readonly socketPath?: string }): string {
  const number = String(by.instance);
  const numbered = word.replaceAll("{instance}", number).replaceAll("$(circus.wid)", number);
  const { socketPath } = by;
  return socketPath === undefined ? numbered : numbered.replaceAll("{unix_socket_path}", () => socketPath);
}

/** The programs put before a command; each replaces itself by the next, so none stays resident. */
export interface Wrappers {
  /** Makes the process end with the supervisor; empty where that cannot be had. */
  readonly dieWithUs: readonly string[];
  /** Path of prlimit, which sets resource limits. */
  readonly prlimit: string | undefined;
}

const LIMITS = { openFiles: "nofile", addressSpace: "as", stack: "stack", fileSize: "fsize", core: "core" } as const;

/** The words before a command that limit its resources. */
export function limitArguments(limits: RunnableService["limits"], prlimit: string | undefined): readonly string[] {
  const words = Object.entries(LIMITS).flatMap(([name, option]) => {
    const limit = limits[name as keyof typeof LIMITS];
    return limit === undefined ? [] : [`--${option}=${limit}:${limit}`];
  });
  return words.length === 0 || prlimit === undefined ? [] : [prlimit, ...words, "--"];
}

/**
 * Looks for setpriv and prlimit of util-linux. The death signal is SIGTERM and not SIGKILL, so that a master (nginx)
 * takes its own workers along. setpriv cannot do it on RHEL 8: what then outlives the supervisor is ended by the next start.
 */
export function findWrappers(path: string | undefined): Wrappers {
  const setpriv = findProgram("setpriv", path);
  return {
    dieWithUs: setpriv !== undefined && hasDeathSignal(setpriv) ? [setpriv, "--pdeathsig", "TERM", "--"] : [],
    prlimit: findProgram("prlimit", path),
  };
}

function hasDeathSignal(setpriv: string): boolean {
  try {
    const stdio: StdioOptions = ["ignore", "pipe", "ignore"];
    return execFileSync(setpriv, ["--help"], { encoding: "utf8", stdio }).includes("--pdeathsig");
  } catch {
    return false;
  }
}

/** The file that runs when the program is called with the given PATH, if there is one. */
export function findProgram(program: string, path: string | undefined): string | undefined {
  if (program.includes("/")) return isExecutableFile(program) ? program : undefined;
  const candidates = (path ?? "/usr/bin:/bin").split(delimiter).map((directory) => join(directory, program));
  return candidates.find(isExecutableFile);
}

function isExecutableFile(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
