import type { LogPolicy } from "../module/log-policy.ts";
import type { SwitchRule } from "../plugin/types.ts";
import type { TraceSettings } from "../trace/batch.ts";
import type { Lifetimes } from "./collect.ts";
import type { Completeness } from "./completeness.ts";
import type { PressureLimits } from "./pressure.ts";

/** `plugin` and `step` of a step, as switch targets and `--dest-dir` name it. */
export interface StepName {
  readonly plugin: string;
  readonly step: string;
}

/** A step a file goes to, and whether it may share its content with the others' by a hard link. */
export interface Target extends StepName {
  readonly hardlink: boolean;
  /** What goes there overtakes files of a lower one from then on, 1 to 9; absent: it keeps what it has. */
  readonly priority?: number;
}

/** Where a file is sent: another step, or a directory outside the pipeline. */
export type Destination =
  | { readonly to: "step"; readonly step: StepName }
  | { readonly to: "directory"; readonly path: string };

export type FailurePolicySpec = { readonly do: "keep" | "delete" } | { readonly do: "move"; readonly to: Destination };

export type SwitchRuleSpec = Pick<SwitchRule, "plugin" | "type" | "tag" | "pattern" | "targets">;

/** What a built-in step does with a file. Modes are octal numbers, lengths bytes. */
export type StepWork =
  | {
      readonly do: "guess_file_type";
      readonly to: StepName;
      readonly headerLength: number;
      readonly sizeTag: boolean;
      readonly customMagic?: string;
      readonly customOnly: boolean;
    }
  | {
      readonly do: "switch";
      readonly noMatch: "delete" | "keep";
      /** Name a file without match by its original name instead of its uid. */
      readonly noMatchOriginalName: boolean;
      readonly rules: readonly SwitchRuleSpec[];
    }
  | {
      readonly do: "archive";
      readonly directory: string;
      readonly basename: string;
      readonly chmod?: number;
      /** Suffix of the file that gets the tags; empty: none is written. */
      readonly tagsSuffix: string;
    }
  | {
      readonly do: "move";
      readonly to: Destination;
      readonly basename: string;
      readonly chmod?: number;
      readonly dropTags: boolean;
    }
  | { readonly do: "copy"; readonly to: readonly Target[] }
  | { readonly do: "delete" }
  /** Its own program does it, over the step protocol. */
  | { readonly do: "external" };

/** How often a failed file is tried again before the failure policy applies, and after how long. Seconds. */
export interface RetrySpec {
  readonly total: number;
  readonly minWaitS: number;
  readonly maxWaitS: number;
  readonly backoff: number;
}

export interface FlowStep extends StepName {
  /** Of its plugin. */
  readonly version?: string;
  readonly work: StepWork;
  /** How many files at once; 0: the step does not run and its files wait. */
  readonly lanes: number;
  readonly onFailure: FailurePolicySpec;
  /** Absent: the failure policy applies at once. */
  readonly retry?: RetrySpec;
  /** Seconds after which a worker that still holds a file is killed. Absent: it may take any time. */
  readonly maxProcessingS?: number;
  /** What leaves it is on the disk, safe against a loss of power, before its end is told. */
  readonly durable?: boolean;
  readonly debug: boolean;
  /** Where its lines go; absent: to the daemon's own. */
  readonly log?: LogPaths;
  /** Files that may wait for it before the ways in refuse more; absent: any number. */
  readonly maxWaiting?: number;
  /** Files that enter it get at least this one, 1 to 9, and overtake others from then on; absent: none. */
  readonly priority?: number;
}

export interface WatchedDirectory {
  readonly directory: string;
  /** Keys of the steps fed from it (`<plugin>.<step>`); several compete for each file. */
  readonly steps: readonly string[];
  /** Written by outsiders: group-writable. */
  readonly external: boolean;
  /** How it is known that a file is complete; absent: it is closed, moved or linked in. */
  readonly complete?: Exclude<Completeness, { readonly by: "close" }>;
  /** Directories below count too. */
  readonly recursive?: true;
  /** Its server cannot be told that there is no room: while the ways in refuse files, nobody may make one here. */
  readonly closes?: true;
}

/** A program that answers for the rules of one plugin in one language. */
export interface RuleHelperSpec {
  readonly plugin: string;
  readonly language: "python" | "js";
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  /** Complete. */
  readonly env: Readonly<Record<string, string>>;
}

const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] as const;
export type LogLevel = (typeof LEVELS)[number];

export function levelNamed(name: string | undefined, otherwise: LogLevel): LogLevel {
  return LEVELS.find((known) => known === name?.toUpperCase()) ?? otherwise;
}

/** A log's files. */
export interface LogPaths {
  readonly stdout: string;
  /** For warnings and errors; absent: the same. */
  readonly stderr?: string;
}

/** Who gets what is logged once more, as JSON; `level`: what is less important they do not. */
export interface LogCopies {
  readonly file?: { readonly path: string; readonly mode: number; readonly level: LogLevel };
  /** A UDP port of this machine. */
  readonly server?: { readonly port: number; readonly level: LogLevel };
}

/** Where numbers about files go: a statsd on this machine, under that name of it. */
export interface MetricsTarget {
  readonly port: number;
  readonly host: string;
}

/** Everything the flow daemon is told: the content of `config_auto/flow.json`. */
export interface FlowConfig {
  readonly version: 1;
  /** `$IN`. */
  readonly dataIn: string;
  readonly redisSocket: string;
  readonly lockFile: string;
  /** Where the daemon writes the SHA-256 of the description it runs by, in hexadecimal digits. */
  readonly adoptedFile: string;
  /** Where steps of their own program connect. */
  readonly stepSocket: string;
  /** Regular expressions, matched at the start of a basename. */
  readonly ignore: readonly string[];
  /** Seconds between two listings of every directory; 0: never. */
  readonly forcedPollS: number;
  /** Announcements a listing leaves waiting per queue at most; 0: no limit. */
  readonly pollQueueLimit: number;
  readonly log: {
    readonly level: LogLevel;
    /** Of the log files the daemon writes itself; absent: it writes none. */
    readonly directory?: string;
    readonly policy?: LogPolicy;
    readonly copies?: LogCopies;
  };
  readonly lifetimes: Lifetimes;
  readonly limits: PressureLimits;
  /** Is there as long as the ways in must refuse files; says why. */
  readonly refusingFile: string;
  /** Absent: they go nowhere. */
  readonly metrics?: MetricsTarget;
  readonly steps: readonly FlowStep[];
  /** The process that keeps what happened to each file; absent: nobody does. */
  readonly trace?: { readonly argv: readonly [string, ...string[]]; readonly settings: TraceSettings };
  /** Only of plugins that have such rules. */
  readonly ruleHelpers?: readonly RuleHelperSpec[];
  readonly watched: readonly WatchedDirectory[];
}

/** `<plugin>.<step>`: what queues, directories and counters of a step are named by. */
export function stepKey(name: StepName): string {
  return `${name.plugin}.${name.step}`;
}
