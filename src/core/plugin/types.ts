import type { Span } from "../base/diagnostic.ts";
import type { WrittenLines } from "../config/types.ts";
import type { Expectation } from "../expect/types.ts";
import type { WatchMode } from "../flow/completeness.ts";

/** What every supervised part of a plugin has. */
interface PartBase {
  readonly name: string;
  /** `_cmd_and_args` as written, templates expanded, `{placeholders}` not yet. */
  readonly command: string;
  /** The place of that value; absent when it is not written, or is computed or spread over several lines. */
  readonly commandAt?: Span;
  readonly instances: number;
  readonly gracefulTimeoutS: number;
  readonly maxAgeS: number;
  readonly debug: boolean;
  /** Bytes (openFiles, tasks: count); absent: unlimited. */
  readonly limits: {
    readonly openFiles?: number;
    readonly addressSpace?: number;
    readonly stack?: number;
    readonly fileSize?: number;
    readonly memory?: number;
    readonly tasks?: number;
  };
  /** undefined: AUTO, the module decides. */
  readonly splitOutputs?: boolean;
  readonly splitWorkers?: boolean;
  /** The section's header, and where each key that was written stands. */
  readonly at: Span;
  readonly keys: Readonly<Record<string, Span>>;
}

/** `[app_*]` of mfserv. */
export interface App extends PartBase {
  readonly kind: "app";
  /** Seconds a request may take; 0: the module's `[nginx] timeout`. */
  readonly timeoutS: number;
  readonly smartStopSignal: number;
  readonly smartStopDelayS: number;
  readonly smartStartDelayS: number;
  /** Seconds between two questions whether a worker still answers; 0: never asked. */
  readonly livenessIntervalS: number;
  /** Seconds for which a worker may be slow beside the others of its app; 0: for ever. */
  readonly slowWorkerWindowS: number;
  readonly debugOptions: string;
  readonly gateway: "http" | "fastcgi";
  readonly prefixRouting: boolean;
  readonly virtualDomainRouting: boolean;
  readonly extraRoutes: readonly string[];
  readonly extraVhosts: readonly string[];
  readonly staticRouting: boolean;
  readonly staticUrlPrefix: string;
  readonly staticDirectory: string;
  /** Paths relative to the plugin's home; their texts are in `Plugin.fragments`. */
  readonly nginxFragment?: string;
  readonly nginxStaticFragment?: string;
  readonly test?: {
    readonly endpoint: string;
    readonly status: number;
    readonly body: string;
    readonly timeoutS: number;
  };
}

export type FailurePolicy =
  | { readonly do: "keep" | "delete" }
  /** `plugin/step` or an absolute directory. */
  | { readonly do: "move"; readonly to: string };

/** `[step_*]` of mfdata. */
export interface Step extends PartBase {
  readonly kind: "step";
  /** Absolute, `{MFDATA_CURRENT_STEP_DIR}` resolved. */
  readonly watchedDirectories: readonly string[];
  /** One for all of these, or one for each. */
  readonly completeness: readonly WatchMode[];
  /** 1 to 9; 0: none. */
  readonly priority: number;
  /** Files; 0: any number may wait. */
  readonly maxWaiting: number;
  readonly onFailure: FailurePolicy;
  readonly retry: {
    readonly total: number;
    readonly minWaitS: number;
    readonly maxWaitS: number;
    readonly backoff: number;
  };
  readonly timeoutS: number;
  /** A worker that holds a file for longer is killed; 0: never. */
  readonly maxProcessingS: number;
  readonly durability: "AUTO" | "fast" | "durable";
}

/** `[extra_daemon_*]`. */
export interface Daemon extends PartBase {
  readonly kind: "daemon";
}

export type Part = App | Step | Daemon;

/** One line of a `[switch_rules...]` section. */
export interface SwitchRule {
  readonly plugin: string;
  /** Which switch plugin evaluates it; `switch` unless the section says `@other`. */
  readonly switch: string;
  readonly type:
    | "fnmatch"
    | "regex"
    | "equal"
    | "notfnmatch"
    | "notregex"
    | "notequal"
    | "alwaystrue"
    | "expression"
    | "python"
    | "js";
  /** The tag tested; empty for the types that look at the whole file. */
  readonly tag: string;
  /** For python and js: `module.function` in the plugin's directory, or `/abs/dir:module.function`. */
  readonly pattern: string;
  readonly targets: readonly {
    readonly plugin: string;
    readonly step: string;
    readonly hardlink: boolean;
    readonly priority?: number;
  }[];
  readonly at: Span;
}

/** A validated plugin: what its directory says, as data. */
export interface Plugin {
  readonly name: string;
  /** `plugin_<name>@<mod>`. */
  readonly label: string;
  readonly home: string;
  /** `dev_link` for a symlink into a working directory. */
  readonly version: string;
  readonly release: string;
  readonly summary: string;
  /** Tells one state of its code from another, installed or linked; absent where nobody asked to know. */
  readonly build?: string;
  /** What its [general] section says, whatever was built or linked. */
  readonly about: {
    readonly version: string;
    readonly release: string;
    readonly license: string;
    readonly maintainer: string;
    readonly vendor: string;
    readonly url: string;
  };
  readonly addToPythonPath: boolean;
  readonly addToLuaPath: boolean;
  readonly parts: readonly Part[];
  readonly rules: readonly SwitchRule[];
  /** Files that should arrive. */
  readonly expectations: readonly Expectation[];
  /** `CUSTOM_FOO` etc.: every public key of every section, without the `<MOD>_CURRENT_PLUGIN_` prefix. */
  readonly settings: Readonly<Record<string, string>>;
  readonly layer: Layer;
  /** Already rendered in the plugin's environment, comments and blank lines dropped. */
  readonly crontab: readonly string[];
  /** Rendered nginx fragments by path relative to the home. */
  readonly fragments: Readonly<Record<string, string>>;
  /** Of its `*.lua` files, which nginx reads once; absent when it runs no Lua. */
  readonly luaDigest?: string;
  readonly nginx: { readonly http?: string; readonly server?: string; readonly initWorkerLua?: string };
  /** Left out of nginx by `[internal] disable_nginx_conf`. */
  readonly nginxDisabled: boolean;
  /** The lines of its config.ini and overrides that hold. */
  readonly written: WrittenLines;
  /** Place of its `[general]` section, the fallback for anything said about the plugin as a whole. */
  readonly at: Span;
}

/** A directory that extends the environment of what depends on it. */
export interface Layer {
  /** `name@module`. */
  readonly label: string;
  readonly home: string;
  readonly needs: readonly { readonly label: string; readonly optional: boolean; readonly at?: Span }[];
  readonly conflicts: readonly string[];
  /** `.layerapi2_extra_env`, in order, `{VAR}` not yet replaced. */
  readonly extraEnv: readonly (readonly [name: string, value: string])[];
  /** Which of the sub-paths a layer may contribute exist (`bin`, `lib`, `node_modules/.bin`, ...). */
  readonly has: ReadonlySet<string>;
}
