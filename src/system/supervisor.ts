import type { Diagnostic } from "../core/base/diagnostic.ts";
import type { LogPolicy } from "../core/module/log-policy.ts";
import type { RunnableService } from "../core/plan/services.ts";

/** One process of a service as seen now. */
export interface InstanceStatus {
  readonly instance: number;
  readonly state: "starting" | "running" | "backoff" | "stopping" | "stopped";
  readonly pid?: number;
  /** Milliseconds since the epoch at which it was started. */
  readonly startedAt?: number;
  /** Unwanted ends since the service was started. */
  readonly restarts: number;
  /** How many of them were one after the other, up to now: 0 once it has served for a second. */
  readonly fails: number;
  /** How the last one ended: `exit 1`, `SIGKILL`, `not ready after 10 s`. */
  readonly lastEnd?: string;
  /** The last time something had to be done about a process that was alive: `killed: it answered nothing for 60 s`. */
  readonly intervention?: { readonly what: string /** Milliseconds since the epoch. */; readonly at: number };
}

export interface ServiceStatus {
  readonly id: string;
  readonly plugin?: string;
  /** `digestOf` (core/plan/digest.ts) the RunnableService in force: tells whether it is the one the caller means. */
  readonly digest: string;
  /** What there is to say of it as a whole: `all its workers are slow: ...`. */
  readonly notice?: string;
  readonly instances: readonly InstanceStatus[];
}

/** An action on a service worked, or the reasons why not. */
export type Performed = { readonly ok: true } | { readonly ok: false; readonly notes: readonly Diagnostic[] };

/**
 * Runs services. It does not decide: it is told what to do, service by service, and keeps alive what it was told to run.
 * It knows nothing of modules, plugins or files. Adapters: `local` (a child supervisor), systemd.
 */
export interface Supervisor {
  /** Starts all instances; resolves once each is ready, or with the reasons (then none of them is left running). */
  start(service: RunnableService): Promise<Performed>;
  /** Stops gracefully (signal, grace, SIGKILL of the whole group) and forgets the service. Unknown ids are fine. */
  stop(id: string): Promise<Performed>;
  /** Stops, then starts with the given spec. */
  restart(service: RunnableService): Promise<Performed>;
  /** Replaces instance by instance: new one ready, stable socket handed over, old one stopped. On failure the old ones stay. */
  swap(service: RunnableService): Promise<Performed>;
  /** Sends SIGHUP and adopts the spec for later restarts. */
  reload(service: RunnableService): Promise<Performed>;
  /** Starts missing instances and stops surplus ones; the others are untouched. */
  scale(service: RunnableService): Promise<Performed>;
  list(): Promise<readonly ServiceStatus[]>;
  /** Rotates the services' logs so from now on, open ones included. */
  keepLogs(policy: LogPolicy): Promise<void>;
  /** Stops everything, highest tier first. */
  shutdown(): Promise<void>;
}
