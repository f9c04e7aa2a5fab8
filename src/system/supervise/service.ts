import { setTimeout as sleep } from "node:timers/promises";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { digestOf } from "../../core/plan/digest.ts";
import type { RunnableService } from "../../core/plan/services.ts";
import type { Performed, ServiceStatus } from "../supervisor.ts";
import { type Attempt, obstacle, type Shared, stablePath } from "./attempt.ts";
import { internalFailure } from "./diagnostics.ts";
import { Instance } from "./instance.ts";
import { prepareAll } from "./swap.ts";
import type { Upstream } from "./upstreams.ts";
import type { Ward } from "./ward.ts";

/** How long a swap waits for those it replaced when they say nothing of it; who still has clients then ends by itself. */
const ENDING_MS = 300;

export type ServiceCommand = "start" | "restart" | "swap" | "reload" | "scale";

const DONE: Performed = { ok: true };

/** A service and its instances. Commands on it are carried out one after the other, in the order they came. */
export class Service {
  readonly id: string;
  readonly #shared: Shared;
  #spec: RunnableService | undefined;
  #digest = "";
  #notice: string | undefined;
  #instances: Instance[] = [];
  #queue: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  /** Replaced processes that still answer somebody. */
  readonly #ending = new Set<Promise<void>>();
  /** Interrupts the commands that wait or run; a stop replaces it. */
  #interrupt = new AbortController();

  constructor(id: string, shared: Shared) {
    this.id = id;
    this.#shared = shared;
  }

  /** What it was last asked to run; absent when it is stopped. */
  spec(): RunnableService | undefined {
    return this.#spec;
  }

  /** Nothing runs and nothing is to be done: it can be forgotten. */
  isGone(): boolean {
    return this.#waiting === 0 && this.#instances.length === 0 && this.#ending.size === 0;
  }

  status(): ServiceStatus | undefined {
    if (this.#spec === undefined) return undefined;
    const { plugin } = this.#spec;
    const instances = this.#instances.map((instance) => instance.status());
    const notice = this.#notice === undefined ? {} : { notice: this.#notice };
    return { id: this.id, ...(plugin === undefined ? {} : { plugin }), digest: this.#digest, ...notice, instances };
  }

  /** Keeps, and reports when it is new or over, what there is to say of it as a whole. */
  tell(notice: string | undefined): void {
    if (notice !== undefined && this.#notice === undefined) this.#shared.report(`${this.id}: ${notice}`);
    if (notice === undefined && this.#notice !== undefined) this.#shared.report(`${this.id}: it is as quick as before`);
    this.#notice = notice;
  }

  perform(command: ServiceCommand, next: RunnableService): Promise<Performed> {
    const { signal } = this.#interrupt;
    return this.#enqueue(() => this.#carryOut(command, next, signal));
  }

  /** Overtakes what still waits to become ready: a start in progress is given up. */
  stop(): Promise<Performed> {
    this.#interrupt.abort();
    this.#interrupt = new AbortController();
    return this.#enqueue(async () => {
      await Promise.all([this.#stopInstances(this.#instances, false), ...this.#ending]);
      this.#forget();
      return DONE;
    });
  }

  #enqueue(work: () => Promise<Performed>): Promise<Performed> {
    this.#waiting++;
    const done = this.#queue.then(work).catch((error: unknown) => failed([internalFailure(this.id, error)]));
    this.#queue = done;
    return done.finally(() => {
      this.#waiting--;
    });
  }

  async #carryOut(command: ServiceCommand, next: RunnableService, signal: AbortSignal): Promise<Performed> {
    const hindered = obstacle(next, this.#shared);
    if (hindered !== undefined) return failed([hindered]);
    if (this.#spec === undefined) return this.#start(next, signal);
    if (command === "start") {
      if (digestOf(next) === this.#digest) return DONE;
      return next.socket === undefined ? this.#restart(next, signal) : this.#swap(next, signal);
    }
    if (command === "restart") return this.#restart(next, signal);
    if (command === "swap") return this.#swap(next, signal);
    if (command === "reload") for (const instance of this.#instances) instance.reload(next);
    return this.#resize(next, signal);
  }

  async #start(next: RunnableService, signal: AbortSignal): Promise<Performed> {
    this.#take(next);
    const notes = await this.#startInstances(next, 0, signal);
    if (notes.length === 0) return DONE;
    this.#forget();
    return failed(notes);
  }

  /** Keeps the listening sockets, so that nobody is refused between the old processes and the new ones. */
  async #restart(next: RunnableService, signal: AbortSignal): Promise<Performed> {
    const surplus = this.#instances.slice(next.instances);
    const kept = this.#instances.slice(0, next.instances);
    await Promise.all([this.#stopInstances(surplus, false), this.#stopInstances(kept, true)]);
    this.#instances = kept;
    return this.#start(next, signal);
  }

  /** All or none: when an instance fails those already replaced go back. Old processes end side by side. */
  async #swap(next: RunnableService, signal: AbortSignal): Promise<Performed> {
    const before = this.#spec ?? next;
    const instances = this.#instances.slice(0, next.instances);
    const swapped: Instance[] = [];
    const earlier = new Set(this.#ending);
    let note: Diagnostic | undefined;
    const prepared = next.socket === undefined ? [] : await prepareAll(instances, next, signal);
    if ("code" in prepared) return failed([prepared]);
    for (const { instance, attempt } of prepared) {
      const refused = note === undefined ? await this.#letTakeOver(instance, attempt) : await instance.discard(attempt);
      note ??= refused;
      if (refused === undefined) swapped.push(instance);
    }
    for (const instance of next.socket === undefined ? instances : []) {
      note ??= await this.#replace(instance, next, signal);
      if (note === undefined) swapped.push(instance);
    }
    const resized = note === undefined ? await this.#resize(next, signal) : failed([note]);
    if (!resized.ok) {
      for (const other of signal.aborted ? [] : swapped) await this.#replace(other, before, this.#interrupt.signal);
      return resized;
    }
    const over = new AbortController();
    const late = sleep(before.stop.keptMs ?? ENDING_MS, undefined, { signal: over.signal }).catch(() => undefined);
    await Promise.race([Promise.all([...this.#ending].filter((one) => !earlier.has(one))), late]);
    over.abort();
    return resized;
  }

  /** Replaces an instance; one without a socket cannot run beside its successor and is stopped first. */
  async #replace(instance: Instance, next: RunnableService, signal: AbortSignal): Promise<Diagnostic | undefined> {
    if (next.socket !== undefined) {
      const prepared = await instance.prepare(next, signal);
      return "code" in prepared ? prepared : this.#letTakeOver(instance, prepared);
    }
    const before = this.#spec ?? next;
    await instance.stop(false);
    const note = await instance.start(next, signal);
    if (note === undefined) return undefined;
    const lost = await instance.start(before, this.#interrupt.signal);
    if (lost !== undefined) this.#shared.report(`${this.id} ${instance.number} could not go back: ${lost.message}`);
    return note;
  }

  async #letTakeOver(instance: Instance, prepared: Attempt): Promise<Diagnostic | undefined> {
    const { failed: refused, stopped } = await instance.take(prepared);
    if (stopped !== undefined) this.#letEnd(stopped);
    return refused;
  }

  #letEnd(stopped: Promise<void>): void {
    const ending = stopped
      .catch((error: Error) =>
        this.#shared.report(`${this.id}: a replaced process is not known to have ended: ${error.message}`),
      )
      .finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  /** Adopts the spec; starts what is missing and stops what is too much. */
  async #resize(next: RunnableService, signal: AbortSignal): Promise<Performed> {
    const before = this.#spec ?? next;
    const count = this.#instances.length;
    this.#take(next);
    await this.#stopInstances(this.#instances.slice(next.instances), false);
    this.#instances = this.#instances.slice(0, next.instances);
    const notes = await this.#startInstances(next, this.#instances.length, signal);
    if (notes.length === 0) return DONE;
    this.#take({ ...before, instances: Math.min(count, next.instances) });
    return failed(notes);
  }

  /** Starts instances side by side from the given index on; if one fails all of these are stopped again. */
  async #startInstances(next: RunnableService, from: number, signal: AbortSignal): Promise<readonly Diagnostic[]> {
    const failing = new AbortController();
    const either = AbortSignal.any([signal, failing.signal]);
    for (let number = this.#instances.length + 1; number <= next.instances; number++) {
      this.#instances.push(new Instance(number, next, this.#shared, () => this.#refresh(number)));
    }
    const started = this.#instances.slice(from);
    let first: Diagnostic | undefined;
    await Promise.all(
      started.map(async (instance) => {
        const note = await instance.start(next, either);
        if (note !== undefined) first ??= note;
        if (note !== undefined) failing.abort();
      }),
    );
    if (first === undefined) return [];
    await this.#stopInstances(started, false);
    this.#instances = this.#instances.slice(0, from);
    return [first];
  }

  async #stopInstances(instances: readonly Instance[], keepSockets: boolean): Promise<void> {
    await Promise.all(instances.map((instance) => instance.stop(keepSockets)));
  }

  /** Its sockets and who serves them; nothing for what is no app. */
  upstream(): Upstream | undefined {
    const spec = this.#spec;
    if (spec?.socket === undefined) return undefined;
    const workers = this.#instances.map((instance) => ({
      socket: stablePath(spec, instance.number),
      status: instance.status(),
    }));
    return { name: this.id, workers };
  }

  /** The running processes, for the watch. */
  wards(): readonly Ward[] {
    return this.#instances.flatMap((instance) => {
      const ward = instance.ward();
      if (ward === undefined) return [];
      const renew = (reason: string): boolean => {
        // While a command waits or runs it may be replaced anyway.
        if (this.#waiting > 0) return false;
        instance.note(`replaced: ${reason}`);
        this.#refresh(instance.number);
        return true;
      };
      return [{ ...ward, renew }];
    });
  }

  /** Replaces an instance that has reached its age, or a limit. */
  #refresh(number: number): void {
    const { signal } = this.#interrupt;
    void this.#enqueue(async () => {
      const instance = this.#instances[number - 1];
      if (this.#spec === undefined || instance === undefined) return DONE;
      const note = await this.#replace(instance, this.#spec, signal);
      if (note !== undefined) {
        this.#shared.report(`${this.id} ${number} could not be renewed: ${note.message}`);
        instance.armAge();
      }
      return DONE;
    });
  }

  #take(spec: RunnableService): void {
    this.#spec = spec;
    this.#digest = digestOf(spec);
  }

  #forget(): void {
    this.#spec = undefined;
    this.#digest = "";
    this.#instances = [];
  }
}

function failed(notes: readonly Diagnostic[]): Performed {
  return { ok: false, notes };
}
