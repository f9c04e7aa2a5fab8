import type { Diagnostic } from "../base/diagnostic.ts";

/** One entry of the directory that is looked at. */
export interface Entry {
  readonly name: string;
  readonly kind: "file" | "directory";
  /** Of a file: it may be executed and begins with `#!` or as an ELF program. */
  readonly program: boolean;
}

/** A name that a Python module binds at its top level. */
export interface PythonName {
  readonly name: string;
  readonly line: number;
  /** Dotted name, imports resolved, of what was called to make it: `flask.Flask`. */
  readonly call?: string;
  /** Dotted name of what was imported under it: `hello.app`. */
  readonly from?: string;
}

export interface PythonFunction {
  readonly name: string;
  readonly line: number;
  readonly async: boolean;
  readonly arguments: readonly string[];
  /** How many of them have no default. */
  readonly required: number;
  /** Dotted names of all it calls. */
  readonly calls: readonly string[];
}

/** What the syntax of a Python file says; nothing of it was executed. */
export interface PythonFacts {
  readonly error?: { readonly line: number; readonly message: string };
  readonly names: readonly PythonName[];
  readonly functions: readonly PythonFunction[];
  /** Classes whose instances can be called, and with which arguments. */
  readonly callable: readonly {
    readonly name: string;
    readonly async: boolean;
    readonly arguments: readonly string[];
  }[];
  /** First parts of the names of imported modules. */
  readonly imports: readonly string[];
  /** The text `PORT` stands somewhere in it, as the name of a variable. */
  readonly readsPort: boolean;
}

/** All that is known of a directory or a file before anything is decided. */
export interface Facts {
  /** Absolute path of the directory. */
  readonly directory: string;
  /** The file of it that the user named; absent: the whole directory is meant. */
  readonly named?: string;
  /** The object of that file that the user named. */
  readonly object?: string;
  /** Arguments for a program, given by the user. */
  readonly arguments: readonly string[];
  /** Top level only, sorted by name, hidden ones left out. */
  readonly entries: readonly Entry[];
  /** Texts of the files that decide something: `Procfile`, `package.json`, `requirements.txt`, `manage.py`. */
  readonly texts: Readonly<Record<string, string>>;
  /** By path relative to the directory. */
  readonly python: Readonly<Record<string, PythonFacts>>;
}

export type Kind = "wsgi" | "asgi" | "aiohttp" | "tornado" | "node" | "php" | "static" | "program" | "daemons";

/** The part that answers requests. */
export interface WebPart {
  /** `_cmd_and_args`; empty: nginx serves the files itself. */
  readonly command: string;
  readonly debugOptions: string;
  readonly gateway: "proxy" | "fastcgi";
  readonly stopSignal: number;
  /** One process serves many requests, and starts more by itself when it needs them. */
  readonly one: boolean;
  /** What nginx serves without asking it: below `url`, from `directory`; absent: nothing. */
  readonly files?: { readonly url: string; readonly directory: string };
  /** Text of an nginx fragment for its location. */
  readonly fragment?: string;
}

/** What became of the facts. */
export interface Detected {
  readonly kind: Kind;
  /** Absent when only daemons were found. */
  readonly web?: WebPart;
  readonly daemons: readonly { readonly name: string; readonly command: string }[];
  /** Labels of layers. */
  readonly needs: readonly string[];
  /** Files and directories of the top level that belong to it; absent: all. */
  readonly only?: readonly string[];
  /** A file that is to be called so in the plugin. */
  readonly renamed?: { readonly from: string; readonly to: string };
  /** Python packages, in pip's format. */
  readonly requirements?: string;
  /** Names (`*.py`) whose change asks for new processes; empty: none does. */
  readonly restartOn: readonly string[];
  /** What was seen and what followed from it, in order. */
  readonly reasons: readonly string[];
}

/** What one kind of detection says: it is this, it is not, or it would be but for a mistake. */
export type Verdict = Detected | undefined | { readonly refused: Diagnostic };
