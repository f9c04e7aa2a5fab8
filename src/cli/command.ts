import type { ModuleName, ModulePaths } from "../core/module/paths.ts";

/** 0 done, 1 refused with diagnostics, 2 usage, 3 rolled back, 4 needs hands, 5 changes pending (plan --quiet), 70 bug. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 70 | number;

/** What a command may use of the outside world. */
export interface Context {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly json: boolean;
  readonly color: boolean;
  readonly interactive: boolean;
  /** Data, to stdout. A newline is added. */
  out(text: string): void;
  /** Narration and diagnostics, to stderr. A newline is added. */
  err(text: string): void;
  /** The module the caller works in: `--module`, else `$MFMODULE`; throws a UsageError when there is neither. */
  module(): ModuleName;
  paths(module?: ModuleName): ModulePaths;
}

/** Thrown for wrong arguments: message and usage on stderr, exit code 2. */
export class UsageError extends Error {}

export interface OptionDecl {
  readonly type: "boolean" | "string";
  readonly short?: string;
  readonly multiple?: boolean;
  readonly summary: string;
  /** Shown in the usage: `--port NUMBER`. */
  readonly value?: string;
}

export interface ArgumentDecl {
  readonly name: string;
  readonly summary: string;
  readonly required: boolean;
  readonly variadic?: boolean;
}

export interface Given {
  readonly args: readonly string[];
  readonly flag: (name: string) => boolean;
  readonly value: (name: string) => string | undefined;
  readonly all: (name: string) => readonly string[];
}

/** A command as data: usage, reference and completions are made from it. */
export interface Command {
  /** Words after `metwork`: `plugins install`. */
  readonly name: string;
  /** Names of links to bin/metwork that mean this command: `plugins.install`. */
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly args: readonly ArgumentDecl[];
  readonly options: Readonly<Record<string, OptionDecl>>;
  /** Known from the predecessor, and of no use to who does not know it: listed apart. */
  readonly former?: true;
  /** Everything after the first positional argument is passed on unparsed (wrappers); `all`: options before it too. */
  readonly passThrough?: boolean | "all";
  /** Implementation, loaded when the command is run. */
  readonly load: () => Promise<(context: Context, given: Given) => Promise<ExitCode>>;
}
