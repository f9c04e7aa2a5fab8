import { closeSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import type { RunnableService } from "../../core/plan/services.ts";
import type { InstanceStatus } from "../supervisor.ts";
import {
  type Attempt,
  attempt,
  clearTheWay,
  describeFailure,
  giveUp,
  type Held,
  hold,
  prove,
  proveInPlace,
  type Shared,
  stablePath,
  takeOver,
} from "./attempt.ts";
import { type Child, describeEnd, signalChild } from "./child.ts";
import * as diagnostics from "./diagnostics.ts";
import { Probation } from "./probation.ts";
import { type Replaced, untilLeft } from "./retire.ts";
import { kill, terminate } from "./terminate.ts";
import type { Ward } from "./ward.ts";

const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 10_000;
/** Who served so long since it was ready is no crash loop: the next restart is immediate. */
const SERVED_MS = 1_000;

/** A restarted process, or why there is none or it had to be killed. */
interface Revived {
  readonly child?: Child;
  /** When it had proved itself, in milliseconds since the epoch. */
  readonly servesSince?: number;
  readonly failed?: string;
}

/** One numbered process of a service, kept alive from `start` to `stop`. Its methods are called one at a time. */
export class Instance {
  readonly number: number;
  readonly #shared: Shared;
  /** Called when it has reached its maximal age. */
  readonly #onAged: () => void;
  #service: RunnableService;
  #held: Held | undefined;
  /** Where the socket of the current process was bound. */
  #bound: string | undefined;
  #child: Child | undefined;
  #keeping: AbortController | undefined;
  #ageTimer: NodeJS.Timeout | undefined;
  #state: InstanceStatus["state"] = "stopped";
  #restarts = 0;
  #fails = 0;
  /** Since when its process serves, in milliseconds since the epoch. */
  #servesSince = 0;
  #lastEnd: string | undefined;
  /** Why the process is being killed, when the watch has it killed. */
  #sentence: string | undefined;
  #intervention: InstanceStatus["intervention"];
  readonly #probation: Probation;

  constructor(number: number, service: RunnableService, shared: Shared, onAged: () => void) {
    this.number = number;
    this.#service = service;
    this.#shared = shared;
    this.#onAged = onAged;
    this.#probation = new Probation(() => {
      this.#shared.report(`${this.#who()} lives again: replaced by one of normal priority`);
      onAged();
    });
  }

  status(): InstanceStatus {
    const child = this.#child;
    return {
      instance: this.number,
      state: this.#state,
      ...(child === undefined || child.end() !== undefined ? {} : { pid: child.pid, startedAt: child.startedAt }),
      restarts: this.#restarts,
      fails: this.#state === "running" && Date.now() - this.#servesSince >= SERVED_MS ? 0 : this.#fails,
      ...(this.#lastEnd === undefined ? {} : { lastEnd: this.#lastEnd }),
      ...(this.#intervention === undefined ? {} : { intervention: this.#intervention }),
    };
  }

  /** Its running process, for the watch; nothing while there is none to look after. */
  ward(): Omit<Ward, "renew"> | undefined {
    const child = this.#child;
    if (child === undefined || this.#state !== "running" || this.#sentence !== undefined) return undefined;
    return {
      service: this.#service,
      instance: this.number,
      child,
      socket: stablePath(this.#service, this.number),
      condemn: (reason) => {
        if (child !== this.#child) return;
        this.#sentence = `killed: ${reason}`;
        this.note(this.#sentence);
        void kill(child, this.#shared.sweeper);
      },
      note: (what) => this.note(what),
    };
  }

  /** Remembers and reports what was done to its process, and why. */
  note(what: string): void {
    this.#intervention = { what, at: Date.now() };
    this.#shared.report(`${this.#who()}: ${what}`);
  }

  /** Starts and waits until it serves. Gives the reason why not; then nothing of it is left. */
  async start(service: RunnableService, signal: AbortSignal): Promise<Diagnostic | undefined> {
    this.#service = service;
    this.#state = "starting";
    const tried = await this.#try(service, "stable", signal);
    if ("code" in tried) {
      this.#letSocketGo();
      this.#state = "stopped";
      return tried;
    }
    this.#adopt(tried);
    return undefined;
  }

  /** Stops gracefully. `keepSocket`: connections go on waiting for the process that is started next. */
  async stop(keepSocket: boolean): Promise<void> {
    const child = this.#child;
    this.#leave();
    this.#state = "stopping";
    if (child !== undefined) await this.#end(child, this.#service);
    if (!keepSocket) this.#letSocketGo();
    this.#state = "stopped";
  }

  /** Starts a process beside the current one and waits until it serves, on a socket of its own. It then waits for `take`. */
  prepare(service: RunnableService, signal: AbortSignal): Promise<Attempt | Diagnostic> {
    return this.#try(service, "beside", signal);
  }

  /** Ends a process that was prepared and is not wanted, or has ended meanwhile. */
  discard(prepared: Attempt): Promise<Diagnostic> {
    return giveUp(prepared, prepared.child.end() === undefined ? "interrupted" : "ended", this.#shared);
  }

  /**
   * Replaces the process by a prepared one, whose socket takes the stable path over. The old one is ended once its clients
   * have left it; `stopped` resolves after that. On failure the old one goes on undisturbed.
   */
  async take(prepared: Attempt): Promise<{ failed?: Diagnostic; stopped?: Promise<void> }> {
    if (!takeOver(prepared)) return { failed: await giveUp(prepared, "misplaced", this.#shared) };
    const { service } = prepared;
    const [child, held, bound, before] = [this.#child, this.#held, this.#bound, this.#service];
    const oldPath = stablePath(before, this.number);
    this.#leave();
    this.#held = prepared.fresh;
    this.#service = service;
    this.#adopt(prepared);
    if (oldPath !== "" && oldPath !== stablePath(service, this.number)) rmSync(oldPath, { force: true });
    const stopped = child === undefined ? Promise.resolve() : this.#retire({ child, held, bound, service: before });
    return { stopped: stopped.finally(() => held && closeSync(held.fd)) };
  }

  /** Sends SIGHUP; later restarts follow the given spec. */
  reload(service: RunnableService): void {
    this.#service = service;
    if (this.#child !== undefined) signalChild(this.#child, "SIGHUP");
    this.armAge();
  }

  /** Starts a process and lets it prove itself. */
  async #try(service: RunnableService, where: "stable" | "beside", signal: AbortSignal): Promise<Attempt | Diagnostic> {
    let held: ReturnType<typeof hold> | undefined;
    try {
      held = this.#hold(service, where);
    } catch (error) {
      return diagnostics.socketRefused(service, stablePath(service, this.number), String(error));
    }
    let tried: Attempt;
    try {
      tried = attempt(service, this.number, held, this.#shared);
    } catch (error) {
      if (held?.temporary !== undefined) closeSync(held.fd);
      return diagnostics.cannotFork(service, error);
    }
    if (where === "stable") this.#child = tried.child;
    const verdict = await (where === "stable" ? proveInPlace(tried, signal) : prove(tried, signal));
    if (verdict !== "ready") {
      if (where === "stable") this.#child = undefined;
      return giveUp(tried, verdict, this.#shared);
    }
    return tried;
  }

  /** Prepares the ground, and gives the socket to hand over: for a start the one already held if it is at the right path. */
  #hold(service: RunnableService, where: "stable" | "beside"): ReturnType<typeof hold> | undefined {
    if (where === "stable") clearTheWay(service, this.number);
    const wanted = service.socket?.hand === "inherited";
    if (wanted && where === "beside") return hold(service, this.number, "beside");
    if (wanted && this.#held?.path === stablePath(service, this.number)) return this.#held;
    if (where === "beside") return undefined;
    this.#letSocketGo();
    this.#held = wanted ? hold(service, this.number, "stable") : undefined;
    return this.#held;
  }

  /** Takes a proven process in and keeps it alive from now on. */
  #adopt({ child, bound }: Attempt): void {
    this.#child = child;
    this.#bound = bound;
    this.#state = "running";
    this.#servesSince = Date.now();
    this.#fails = 0;
    this.#keeping = new AbortController();
    this.#keep(child, this.#keeping.signal).catch((error: Error) => {
      this.#state = "stopped";
      this.#shared.report(`${this.#who()} is no longer kept alive: ${error.stack}`);
    });
    this.armAge();
  }

  /** No longer keeps the current process alive; what becomes of it is the caller's business. */
  #leave(): void {
    this.#probation.over();
    this.#keeping?.abort();
    this.#keeping = undefined;
    this.#child = undefined;
    this.#bound = undefined;
    this.#sentence = undefined;
    clearTimeout(this.#ageTimer);
  }

  /** Restarts the process whenever it ends, until `left`. */
  async #keep(first: Child, left: AbortSignal): Promise<void> {
    let last: Revived = { child: first, servesSince: Date.now() };
    for (let pause = 0; ; pause = Math.min(Math.max(FIRST_BACKOFF_MS, pause * 2), LONGEST_BACKOFF_MS)) {
      const { child } = last;
      const end = await child?.ended;
      if (left.aborted) return;
      this.#lastEnd = this.#sentence ?? last.failed ?? (end === undefined ? undefined : describeEnd(end));
      this.#sentence = undefined;
      this.#child = undefined;
      this.#state = "backoff";
      this.#restarts++;
      const hasServed = last.servesSince !== undefined && Date.now() - last.servesSince >= SERVED_MS;
      if (hasServed) pause = 0;
      this.#fails = hasServed ? 1 : this.#fails + 1;
      this.#probation.ended(child === undefined ? 0 : Date.now() - child.startedAt);
      if (child !== undefined) await this.#bury(child);
      this.#shared.report(`${this.#who()} ended (${this.#lastEnd}), restart in ${pause} ms`);
      await sleep(pause, undefined, { signal: left }).catch(() => undefined);
      if (left.aborted) return;
      last = await this.#revive(left);
    }
  }

  /** Starts the process again and waits until it serves, ends, or somebody else takes the instance over. */
  async #revive(left: AbortSignal): Promise<Revived> {
    const service = this.#service;
    let tried: Attempt;
    try {
      tried = attempt(service, this.number, this.#hold(service, "stable"), this.#shared);
    } catch (error) {
      return { failed: String(error) };
    }
    const { child } = tried;
    const low = this.#probation.begun(child.pid) ? ", at low priority" : "";
    this.#child = child;
    this.#bound = tried.bound;
    this.#state = "starting";
    const verdict = await proveInPlace(tried, left);
    if (verdict !== "ready" && tried.temporary !== undefined) rmSync(tried.temporary, { force: true });
    if (left.aborted) return { child };
    // The probe stands in the same queue as everybody who waited: an answer that is late may only mean a long queue.
    const queued = verdict === "late" && service.socket?.hand === "inherited";
    if (verdict === "ready" || queued) {
      this.#state = "running";
      this.#shared.report(
        `${this.#who()} is back, pid ${child.pid}${low}${queued ? `, ${describeFailure(tried, verdict)}` : ""}`,
      );
      this.#servesSince = Date.now();
      return { child, servesSince: this.#servesSince };
    }
    signalChild(child, "SIGKILL");
    return verdict === "ended" ? { child } : { child, failed: describeFailure(tried, verdict) };
  }

  /** Removes what an ended process left: the rest of its group, its record, its pipes. */
  async #bury(child: Child): Promise<void> {
    await this.#shared.sweeper.sweep(child.run, child.pid);
    this.#shared.records.remove(child);
    void child.release();
  }

  async #end(child: Child, service: RunnableService): Promise<void> {
    await terminate(child, service.stop, this.#shared.sweeper);
    this.#shared.records.remove(child);
  }

  /** Ends a replaced process once its clients have left it. */
  async #retire(replaced: Replaced): Promise<void> {
    await untilLeft(replaced, this.#shared.clients);
    await this.#end(replaced.child, replaced.service);
  }

  /** Closes the held socket; the path goes too, unless it stays for a worker that binds its own. */
  #letSocketGo(): void {
    if (this.#held !== undefined) closeSync(this.#held.fd);
    this.#held = undefined;
    const path = stablePath(this.#service, this.number);
    if (path !== "") rmSync(path, { force: true });
  }

  armAge(): void {
    clearTimeout(this.#ageTimer);
    const { maxAgeS } = this.#service;
    if (maxAgeS <= 0) return;
    const milliseconds = Math.min(maxAgeS * 1000 * (1 + Math.random()), 2 ** 31 - 1);
    this.#ageTimer = setTimeout(this.#onAged, milliseconds);
  }

  #who(): string {
    return `${this.#service.id} ${this.number}`;
  }
}
