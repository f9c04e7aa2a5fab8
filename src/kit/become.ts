import { accessSync, constants } from "node:fs";
import { flushCompileCache } from "node:module";
import { delimiter, join } from "node:path";

/** Finds a command as execvp(3) does: as given when it has a slash, else in the directories of `path`. */
export function findProgram(command: string, path: string): string | undefined {
  const directories = path.split(delimiter).filter((directory) => directory !== "");
  const candidates = command.includes("/") ? [command] : directories.map((directory) => join(directory, command));
  return candidates.find(isExecutable);
}

/** Replaces this process by another program: same pid, same terminal, arguments untouched. Returns only by throwing. */
export function become(program: string, argv: readonly string[], env: Readonly<Record<string, string>>): never {
  if (process.execve === undefined) throw new Error("this node has no process.execve; it needs node 23.11 or newer");
  // Without an exit nothing else writes the cache, and every start would compile the sources again.
  flushCompileCache();
  return process.execve(program, [...argv], { ...env });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
