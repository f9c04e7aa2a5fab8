import type { Diagnostic } from "../../core/base/diagnostic.ts";
import type { ModuleConfig } from "../../core/config/types.ts";
import type { Reason } from "../../core/flow/pressure.ts";
import type { Stranded } from "../../core/flow/stranded.ts";
import type { Programs } from "../../core/module/host.ts";
import type { ModulePaths, RuntimeLayout } from "../../core/module/paths.ts";
import type { Plan } from "../../core/plan/types.ts";
import type { LastApply } from "../apply/outcome.ts";
import type { StateWord } from "../lifecycle/state.ts";

/** What was seen, or why it could not be looked at. */
export type Seen<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

/** Something an operator should know. `UNKNOWN`: it could not be looked at, and the message says why. */
export interface Finding {
  readonly state: "WARNING" | "ERROR" | "UNKNOWN";
  readonly message: string;
  /** A path, `path:line:col`, an option or a kernel setting. */
  readonly place?: string;
  /** What to do about it, a command where one does it. */
  readonly fix?: string;
  readonly plugin?: string;
}

/** Judges facts. No findings: all is well. undefined: it does not apply here, and nothing is said of it. */
export interface HostCheck {
  readonly id: string;
  readonly title: string;
  readonly run: (host: HostFacts) => readonly Finding[] | undefined;
}

export interface ModuleCheck {
  readonly id: string;
  readonly title: string;
  /** Directories of the runtime home without which it cannot tell. */
  readonly looksInto?: readonly (keyof RuntimeLayout)[];
  readonly run: (module: ModuleFacts, host: HostFacts) => readonly Finding[] | undefined;
}

/** What is true of the machine, whatever the module. */
export interface HostFacts {
  readonly uid: number;
  readonly user: string;
  readonly name: { readonly host: string; readonly address: Seen<string> };
  readonly clock: ClockFacts;
  /** Kernel settings by their path below `/`, trimmed. */
  readonly kernel: Readonly<Record<KernelSetting, Seen<string>>>;
  readonly listeners: Seen<readonly Listener[]>;
  /** Of this user. */
  readonly inUse: { readonly tasks: number; readonly inotifyInstances: number; readonly inotifyWatches: number };
  readonly tmp: Seen<Volume>;
  /** Bytes. */
  readonly memory: number;
  /** For fixes: `sudo apt-get install`. */
  readonly install: string;
}

export const KERNEL_SETTINGS = [
  "proc/sys/net/ipv4/ip_unprivileged_port_start",
  "proc/sys/fs/inotify/max_user_watches",
  "proc/sys/fs/inotify/max_user_instances",
  "proc/sys/vm/overcommit_memory",
  "sys/kernel/mm/transparent_hugepage/enabled",
  "proc/sys/user/max_user_namespaces",
  "proc/sys/kernel/unprivileged_userns_clone",
  "proc/sys/kernel/apparmor_restrict_unprivileged_userns",
] as const;
export type KernelSetting = (typeof KERNEL_SETTINGS)[number];

export interface ClockFacts {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** When the newest file of the installation was written, that no clock of today may precede. */
  readonly installed: Seen<number>;
  readonly synchronised: Seen<boolean>;
}

/** Who holds a TCP port to listen on, or a UDP port. */
export interface Listener {
  readonly protocol: "tcp" | "udp";
  readonly port: number;
  readonly address: "any" | "loopback" | "other";
  readonly family: 4 | 6;
  readonly uid: number;
  /** Absent when its process cannot be seen. */
  readonly process?: { readonly pid: number; readonly command: string; readonly ancestors: readonly number[] };
}

/** A file system as seen from one directory. */
export interface Volume {
  /** The directory asked about; the nearest one that exists was looked at. */
  readonly path: string;
  readonly device: number;
  /** Bytes, for this user. */
  readonly total: number;
  readonly free: number;
  /** 0: this file system does not count them. */
  readonly inodes: number;
  readonly freeInodes: number;
}

export interface ModuleFacts {
  readonly paths: ModulePaths;
  /** Directories of the runtime home that are closed to this user. */
  readonly hidden: readonly string[];
  readonly config: Seen<ModuleConfig>;
  readonly plan: Seen<Plan>;
  /** Of the configuration, the plugins, the layers and the plan. */
  readonly notes: readonly Diagnostic[];
  /** How many directories conf_monitor watches. */
  readonly inputs: number;
  /** How many the pipeline does. */
  readonly watched: number;
  readonly programs: Programs;
  readonly helpers: Readonly<Record<Helper, boolean>>;
  readonly run: RunFacts;
  readonly tree: Seen<TreeFacts>;
  readonly lastApply: LastApply | undefined;
  readonly volumes: readonly (Seen<Volume> & { readonly what: string })[];
  /** Whether files of the incoming directory can have extended attributes; undefined: the module needs none. */
  readonly attributes: (Seen<boolean> & { readonly path: string }) | undefined;
  /** Places between which files are renamed or moved. */
  readonly ways: readonly Way[];
  readonly limits: Seen<Limits>;
  readonly nginxMayBindLow: Seen<boolean>;
  readonly access: readonly AccessFault[];
  readonly commands: readonly CommandFault[];
  readonly certificates: readonly CertificateFacts[];
  /** Of mfdata. */
  readonly entrances: EntranceFacts | undefined;
  /** Whether a box can be made; undefined: no service is in one. */
  readonly namespaces: Seen<boolean> | undefined;
  readonly peers: readonly Peer[];
  readonly redis: Seen<RedisFacts> | undefined;
  readonly stale: StaleFacts;
  /** Of mfdata: steps that nobody runs and that have files. */
  readonly stranded: readonly Stranded[] | undefined;
  readonly variants: VariantFacts;
}

export const HELPERS = ["prlimit", "setpriv", "cron", "libmagic"] as const;
export type Helper = (typeof HELPERS)[number];

export interface RunFacts {
  readonly state: StateWord;
  /** `absent`: nobody listens; `silent`: somebody does, and says nothing. */
  readonly supervisor: "answers" | "absent" | "silent";
  readonly pid?: number;
  /** Ids of the services it runs. */
  readonly services: readonly string[];
}

export interface TreeFacts {
  /** undefined: no generation is in force. */
  readonly id: string | undefined;
  /** Files that are missing or were edited, relative to the tree. */
  readonly changed: readonly string[];
}

export interface Way {
  readonly what: string;
  readonly from: string;
  readonly to: string;
  readonly same: Seen<boolean>;
  /** A file is copied where it cannot be renamed. */
  readonly copies: boolean;
}

/** Infinity: unlimited. */
export interface Limits {
  /** Whose they are: `the supervisor` when it runs, else `this session`. */
  readonly of: string;
  readonly openFiles: number;
  readonly processes: number;
}

export interface AccessFault {
  readonly path: string;
  /** `closed`: it must be passed and cannot be; `uncreatable`: it is missing, and may not be made. */
  readonly fault:
    | "closed"
    | "uncreatable"
    | "unreadable"
    | "unwritable"
    | "foreign"
    | "world-writable"
    | "secret-readable";
  /** Account that owns it, for `foreign`. */
  readonly owner?: number;
}

export interface CommandFault {
  readonly service: string;
  readonly plugin?: string;
  readonly program: string;
  /** Where it is written. */
  readonly place?: string;
  /** The file that would run if it had the x bit. */
  readonly file?: string;
}

export interface CertificateFacts {
  /** `option` is the setting that names it. Milliseconds since the epoch. */
  readonly certificate: {
    readonly path: string;
    readonly option: string;
    readonly read: Seen<{ readonly from: number; readonly to: number }>;
  };
  /** Absent: of an authority. */
  readonly key?: {
    readonly path: string;
    readonly option: string;
    readonly read: Seen<{ readonly matches: boolean | undefined }>;
  };
  /** The command that puts a new one in force. */
  readonly use: string;
}

export interface EntranceFacts {
  /** Why files are refused; undefined: they are not. */
  readonly refusing: { readonly since: string | undefined; readonly reasons: readonly Reason[] } | undefined;
  /** Below these they will be. 0: no limit. */
  readonly freeBytes: number;
  readonly freeInodes: number;
  readonly volume: Seen<Volume>;
}

/** A server that a plugin's program connects to. */
export interface Peer {
  readonly service: string;
  readonly plugin: string;
  readonly host: string;
  readonly port: number;
}

export interface RedisFacts {
  readonly policy: string;
  readonly lastSave: string;
  /** Its `save` setting; empty: it keeps nothing on disk. */
  readonly save: string;
  /** Bytes; 0: no limit. */
  readonly maxMemory: number;
  readonly usedMemory: number;
  /** Whether huge pages are on for its process. */
  readonly hugePages: Seen<boolean>;
}

export interface StaleFacts {
  /** Paths of generations and drafts nobody needs. */
  readonly generations: readonly string[];
  /** Sockets nobody listens on and no service will take over. */
  readonly sockets: Seen<readonly string[]>;
  /** Directories with claimed files of steps that will run, and how many. */
  readonly claims: readonly { readonly path: string; readonly files: number }[];
}

export interface VariantFacts {
  readonly file: string;
  readonly present: Seen<boolean>;
  /** The configuration's name, and whether the file (or its absence) says so. */
  readonly name: string;
  readonly fromFile: boolean;
  /** Variants written somewhere, with the place of the first. */
  readonly used: ReadonlyMap<string, string>;
}
