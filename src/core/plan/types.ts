import type { Span } from "../base/diagnostic.ts";
import type { WrittenLines } from "../config/types.ts";
import type { LogPolicy } from "../module/log-policy.ts";

/** A file of the generated tree. Its path, relative to `config_auto`, is its key in the tree. */
export interface PlannedFile {
  readonly text: string;
  readonly mode: number;
  /** The program that must accept it before it is used. */
  readonly check?: "nginx" | "systemd";
  /** The plugin's file it repeats line by line, so that what a program says of it can be said of that. */
  readonly from?: { readonly plugin: string; readonly file: string };
}

/** How a worker of a service gets the socket it serves on. */
export interface ServiceSocket {
  /** The stable path clients connect to; `{instance}` in it stands for the instance's number. */
  readonly path: string;
  /**
   * `inherited`: the supervisor listens and the worker gets descriptor 3 (`LISTEN_FDS=1`).
   * `renamed`: the worker binds the path that replaces `{unix_socket_path}` in its argv; once it accepts connections the
   * supervisor renames it to the stable path.
   */
  readonly hand: "inherited" | "renamed";
}

/** When an instance counts as serving. */
export type Readiness =
  | { readonly when: "started" }
  /** A connection to its own socket (or the given one) is accepted. */
  | { readonly when: "socket"; readonly path?: string; readonly timeoutMs: number }
  | { readonly when: "port"; readonly port: number; readonly timeoutMs: number }
  /** `GET path` over its own socket (or the given one) answers below 500. */
  | { readonly when: "http"; readonly path: string; readonly socket?: string; readonly timeoutMs: number };

/** One supervised command. All paths are absolute; nothing is inherited from the caller's environment. */
export interface ServiceSpec {
  /** `nginx`, `redis`, `flow`, `conf_monitor`, `app.<plugin>.<app>`, `step.<plugin>.<step>`, `extra.<plugin>.<daemon>`. */
  readonly id: string;
  /** The plugin it belongs to; absent for the module's own services. */
  readonly plugin?: string;
  /** `{instance}` and `$(circus.wid)` stand for the instance's number, from 1; `{unix_socket_path}` see ServiceSocket. */
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  /** Names in `Plan.environments`, later ones win; then `env`. */
  readonly environments: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly instances: number;
  readonly socket?: ServiceSocket;
  readonly ready: Readiness;
  readonly stop: {
    readonly signal: "SIGTERM" | "SIGINT" | "SIGQUIT" | "SIGHUP";
    readonly graceMs: number;
    /** Its clients use a connection that they keep for so long at most, and close it then. Absent: they keep none. */
    readonly keptMs?: number;
  };
  /** Seconds after which an instance is replaced, spread at random up to twice as much; 0 never. */
  readonly maxAgeS: number;
  /** Resource limits; absent: unlimited. Bytes, except openFiles and tasks. */
  readonly limits: {
    readonly openFiles?: number;
    readonly addressSpace?: number;
    readonly stack?: number;
    readonly fileSize?: number;
    readonly core?: number;
    /** Resident memory of an instance and all it started, without what it shares with others: watched, not asked of the kernel. */
    readonly memory?: number;
    /** Processes and threads of an instance and all it started. */
    readonly tasks?: number;
  };
  /** A question put to every running instance for ever: who is silent for `silentMs` is replaced. Absent: none is put. */
  readonly liveness?: {
    readonly path: string;
    /** The file a FastCGI server is to run; absent: it is asked in HTTP. */
    readonly script?: string;
    readonly everyMs: number;
    readonly silentMs: number;
  };
  /** Who is slower than the other instances for so long is replaced, by nginx's access log. Absent: nobody is. */
  readonly slowWindowMs?: number;
  /** Log files, absolute; `stderr` absent: both go to `stdout`. `{instance}` as in argv. */
  readonly log: { readonly stdout: string; readonly stderr?: string };
  /** Left over from a killed instance and in the way of the next one: unlinked before every start. */
  readonly clears?: readonly string[];
  /** It puts itself into namespaces of its own. */
  readonly namespaces?: boolean;
  /** Planned files it reads: a change of one acts on the service. */
  readonly reads: readonly string[];
  /** What a change of a file it reads asks for. A change of the spec itself means `swap` when it has a socket, else `restart`. */
  readonly onChange: "swap" | "restart" | "reload";
  /** Lower tiers start first and stop last. */
  readonly tier: number;
  /** The input lines that made it what it is. */
  readonly because: readonly Span[];
}

/** A directory that must exist before anything starts; created with its parents, never emptied. */
export interface PlannedDirectory {
  readonly path: string;
  readonly mode: number;
}

/** The input lines a plan is made of, by owner: a plugin's name, or `""` for the module. */
export type Sources = Readonly<Record<string, WrittenLines>>;

/** Which plugin has which address of the web server, by name; it keeps it while it asks for it. */
export interface Owners {
  readonly paths: Readonly<Record<string, string>>;
  readonly domains: Readonly<Record<string, string>>;
}

/** Everything that must be true of the machine for one module. */
export interface Plan {
  /** Digest of all that follows, `because` and `sources` apart (a comment that moves lines changes nothing): equal inputs give equal ids. */
  readonly id: string;
  readonly tree: ReadonlyMap<string, PlannedFile>;
  /** SHA-256 of every file of the tree, before `servedId` was written into it. */
  readonly digests: Readonly<Record<string, string>>;
  /** Outside the tree, sorted by path. */
  readonly directories: readonly PlannedDirectory[];
  readonly environments: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly services: Readonly<Record<string, ServiceSpec>>;
  /** How whoever runs the services rotates what they write. Absent in what earlier versions kept: as it was told last. */
  readonly logs?: LogPolicy;
  readonly sources: Sources;
  /** Absent without a web server for plugins. */
  readonly owners?: Owners;
}

/** What is kept of a plan beside its tree (`manifest.json` of a generation): enough to compare with the next one. */
export interface Manifest {
  readonly id: string;
  /** `Plan.digests`. */
  readonly files: Readonly<Record<string, string>>;
  readonly environments: Plan["environments"];
  readonly services: Plan["services"];
  readonly logs?: Plan["logs"];
  /** Absent where nobody asks why something changed. */
  readonly sources?: Sources;
  /** `Plan.directories`, for a return to this generation. */
  readonly directories?: Plan["directories"];
  readonly owners?: Owners;
}

/** One thing to do to one service, and why. */
export interface Action {
  readonly do: "start" | "swap" | "restart" | "reload" | "scale" | "stop";
  readonly service: string;
  readonly because: readonly string[];
}
