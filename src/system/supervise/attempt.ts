import { closeSync, renameSync, rmSync, statSync } from "node:fs";
import type { NetConnectOpts } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import type { RunnableService } from "../../core/plan/services.ts";
import { besideSocket, listenUnix, listenUnixOver } from "../../kit/linux/socket.ts";
import { fitsSocketAddress } from "../../kit/sock.ts";
import { type Child, describeEnd, launch, type Surroundings } from "./child.ts";
import type { Clients } from "./clients.ts";
import { expand, findProgram, limitArguments } from "./command.ts";
import * as diagnostics from "./diagnostics.ts";
import type { Sweeper } from "./leftovers.ts";
import { type Probe, probeUntilReady } from "./ready.ts";
import type { ProcessRecords } from "./state.ts";
import { kill } from "./terminate.ts";

/** What instances need of the supervisor. */
export interface Shared extends Surroundings {
  readonly records: ProcessRecords;
  readonly sweeper: Sweeper;
  readonly clients: Clients;
  /** Writes a line to the supervisor's own log. */
  readonly report: (line: string) => void;
}

/** A listening socket that the supervisor holds for the workers of one instance. */
export interface Held {
  readonly path: string;
  readonly fd: number;
  /** Where it was bound, before it was renamed to `path`. */
  readonly bound: string;
}

/** A process that was started and still has to prove that it serves. */
export interface Attempt {
  readonly service: RunnableService;
  readonly instance: number;
  readonly child: Child;
  /** Where its socket is before it takes over the stable path; absent when it has none of its own, or is there already. */
  readonly temporary?: string;
  /** The path its socket was bound to; absent when it has none. */
  readonly bound?: string;
  /** The socket that was made for it alone; closed when it fails. */
  readonly fresh?: Held;
}

export type Verdict = "ready" | "ended" | "late" | "misplaced" | "interrupted";

const EXEC_LOOK_MS = 1;
/** A command that hides its name cannot be told from the programs before it; these take a few milliseconds. */
const EXEC_MS = 1_000;
/** How long a socket to be renamed may take when the service itself names no time. */
const RENAMED_MS = 30_000;

/** What forbids to start the service at all, before anything is done. */
export function obstacle(service: RunnableService, shared: Shared): Diagnostic | undefined {
  if (statSync(service.cwd, { throwIfNoEntry: false })?.isDirectory() !== true)
    return diagnostics.directoryMissing(service);
  if (findProgram(service.argv[0], service.env["PATH"]) === undefined) return diagnostics.programMissing(service);
  if (limitArguments(service.limits, "prlimit").length > 0 && shared.wrappers.prlimit === undefined)
    return diagnostics.limitsImpossible(service);
  if (service.socket === undefined) return undefined;
  const last = stablePath(service, service.instances);
  if (!fitsSocketAddress(last)) return diagnostics.socketRefused(service, last, "");
  return service.instances > 1 && last === stablePath(service, 1) ? diagnostics.socketShared(service, last) : undefined;
}

/** The path clients of an instance connect to; empty when the service has no socket. */
export function stablePath(service: RunnableService, instance: number): string {
  return expand(service.socket?.path ?? "", { instance });
}

/** Removes what a killed process of the instance left in the way of the next; only while none of them runs. */
export function clearTheWay(service: RunnableService, instance: number): void {
  for (const path of service.clears ?? []) rmSync(expand(path, { instance }), { force: true });
}

/** Listens on the stable path of an instance, at once or, to be renamed later, beside it. */
export function hold(
  service: RunnableService,
  instance: number,
  where: "stable" | "beside",
): Held & { readonly temporary?: string } {
  const path = stablePath(service, instance);
  const bound = besideSocket(path);
  if (where === "stable") return { path, fd: listenUnixOver(path, undefined, bound), bound };
  return { path, fd: listenUnix(bound), bound, temporary: bound };
}

/** Starts a process of an instance. `held`: the socket it is to inherit. Throws when it cannot be forked. */
export function attempt(
  service: RunnableService,
  instance: number,
  held: (Held & { readonly temporary?: string }) | undefined,
  shared: Shared,
): Attempt {
  const renamed = service.socket?.hand === "renamed" ? besideSocket(stablePath(service, instance)) : undefined;
  const temporary = renamed ?? held?.temporary;
  const child = launch(shared, {
    service,
    instance,
    ...(held === undefined ? {} : { listenFd: held.fd }),
    ...(renamed === undefined ? {} : { socketPath: renamed }),
  });
  if (child.pid > 0) shared.records.add(child, temporary);
  const bound = renamed ?? held?.bound;
  return {
    service,
    instance,
    child,
    ...(bound === undefined ? {} : { bound }),
    ...(temporary === undefined ? {} : { temporary }),
    ...(held?.temporary === undefined ? {} : { fresh: { path: held.path, fd: held.fd, bound: held.bound } }),
  };
}

/** Waits until the process serves, ends, is late, or `signal` interrupts. */
export async function prove(attempted: Attempt, signal: AbortSignal): Promise<Verdict> {
  const { service, child } = attempted;
  const probe = probeOf(attempted);
  if (probe === undefined) {
    // Until then it would not end with the supervisor, and its command may turn out not to be executable.
    const deadline = Date.now() + EXEC_MS;
    while (!child.isCommand() && child.end() === undefined && Date.now() < deadline) await sleep(EXEC_LOOK_MS);
    return child.end() === undefined ? "ready" : "ended";
  }
  const over = new AbortController();
  const milliseconds = service.ready.when === "started" ? RENAMED_MS : service.ready.timeoutMs;
  const timer = setTimeout(() => over.abort("late"), milliseconds);
  const interrupt = (): void => over.abort("interrupted");
  signal.addEventListener("abort", interrupt);
  void child.ended.then(() => over.abort("ended"));
  if (signal.aborted) interrupt();
  const ready = await probeUntilReady(probe, over.signal);
  clearTimeout(timer);
  signal.removeEventListener("abort", interrupt);
  if (child.end() !== undefined) return "ended";
  if (!ready) return over.signal.reason as Verdict;
  return "ready";
}

/** The same; a socket beside the stable path is then moved there. */
export async function proveInPlace(attempted: Attempt, signal: AbortSignal): Promise<Verdict> {
  const verdict = await prove(attempted, signal);
  return verdict === "ready" && !takeOver(attempted) ? "misplaced" : verdict;
}

function probeOf({ service, instance, temporary }: Attempt): Probe | undefined {
  const { ready, socket } = service;
  const own = temporary ?? stablePath(service, instance);
  const at = (path: string | undefined): NetConnectOpts => ({
    path: path === undefined ? own : expand(path, { instance }),
  });
  if (ready.when === "port") return { ask: "connect", to: { host: "127.0.0.1", port: ready.port } };
  if (ready.when === "http") return { ask: "http", to: at(ready.socket), path: ready.path, below: 500 };
  if (ready.when === "started") return socket?.hand === "renamed" ? { ask: "connect", to: at(undefined) } : undefined;
  // The backlog of a socket we hold accepts before anybody is there, so only an answer proves something.
  if (ready.path === undefined && socket?.hand === "inherited")
    return { ask: "http", to: at(undefined), path: "/", below: 600 };
  return ready.path === undefined && socket === undefined ? undefined : { ask: "connect", to: at(ready.path) };
}

/** Moves the socket over the stable path; false when that fails. */
export function takeOver({ service, instance, temporary }: Attempt): boolean {
  if (temporary === undefined) return true;
  try {
    renameSync(temporary, stablePath(service, instance));
    return true;
  } catch {
    return false;
  }
}

/** Ends a process that did not prove itself, removes its traces and says what went wrong. */
export async function giveUp(
  attempted: Attempt,
  verdict: Exclude<Verdict, "ready">,
  shared: Shared,
): Promise<Diagnostic> {
  const { service, instance, child, temporary, fresh } = attempted;
  const text = describeFailure(attempted, verdict);
  const lines = await child.lastLines();
  await kill(child, shared.sweeper);
  shared.records.remove(child);
  if (fresh !== undefined) closeSync(fresh.fd);
  if (temporary !== undefined) rmSync(temporary, { force: true });
  if (verdict === "interrupted") return diagnostics.interrupted(service);
  const log = expand(service.log.stderr ?? service.log.stdout, { instance });
  return diagnostics.notReady(service, instance, { code: verdict === "ended" ? "MF6020" : "MF6021", text, lines, log });
}

/** For a person: `exit 1 before it was ready`, `not ready after 10 s`. */
export function describeFailure({ service, instance, child }: Attempt, verdict: Verdict): string {
  const end = child.end();
  if (verdict === "ended" && end !== undefined) return `ended (${describeEnd(end)}) before it was ready`;
  if (verdict === "interrupted") return "interrupted";
  if (verdict === "misplaced") return `its socket could not be moved to ${stablePath(service, instance)}`;
  const milliseconds = service.ready.when === "started" ? RENAMED_MS : service.ready.timeoutMs;
  return `not ready after ${milliseconds / 1000} s`;
}
