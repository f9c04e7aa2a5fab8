import { byText } from "../../core/base/order.ts";
import type { LogPolicy } from "../../core/module/log-policy.ts";
import type { RunnableService } from "../../core/plan/services.ts";
import type { Performed, ServiceStatus } from "../supervisor.ts";
import type { Shared } from "./attempt.ts";
import { shuttingDown } from "./diagnostics.ts";
import { Service, type ServiceCommand } from "./service.ts";
import { forgetDesired, writeDesired } from "./state.ts";
import type { Upstream } from "./upstreams.ts";
import type { Ward } from "./ward.ts";

/** How long changes are collected before they are written for a possible successor. */
const WRITE_AFTER_MS = 20;

/** All services of one supervisor; commands on different ones do not wait for each other. */
export class Team {
  readonly #end = Promise.withResolvers<void>();
  /** Resolves when everything has been stopped for good. */
  readonly ended: Promise<void> = this.#end.promise;
  readonly #shared: Shared;
  readonly #onShutdown: () => void;
  readonly #desiredPath: string;
  readonly #services = new Map<string, Service>();
  #shuttingDown: Promise<void> | undefined;
  #writeTimer: NodeJS.Timeout | undefined;

  /** `onShutdown`: called before anything is stopped for good. */
  constructor(shared: Shared, desiredPath: string, onShutdown: () => void) {
    this.#shared = shared;
    this.#onShutdown = onShutdown;
    this.#desiredPath = desiredPath;
  }

  async perform(command: ServiceCommand, spec: RunnableService): Promise<Performed> {
    if (this.#shuttingDown !== undefined) return { ok: false, notes: [shuttingDown(spec.id)] };
    const service = this.#services.get(spec.id) ?? new Service(spec.id, this.#shared);
    this.#services.set(spec.id, service);
    const performed = await service.perform(command, spec);
    this.#settle(service, command, performed);
    return performed;
  }

  async stop(id: string): Promise<Performed> {
    const service = this.#services.get(id);
    if (service === undefined) return { ok: true };
    const performed = await service.stop();
    this.#settle(service, "stop", performed);
    return performed;
  }

  list(): readonly ServiceStatus[] {
    return [...this.#services.values()].flatMap((service) => service.status() ?? []);
  }

  upstreams(): readonly Upstream[] {
    return [...this.#services.values()].flatMap((service) => service.upstream() ?? []).sort(byName);
  }

  /** What there is to say of a service as a whole, or no more. */
  tell(service: string, notice: string | undefined): void {
    this.#services.get(service)?.tell(notice);
  }

  wards(): readonly Ward[] {
    return [...this.#services.values()].flatMap((service) => service.wards());
  }

  setLogPolicy(policy: LogPolicy): void {
    this.#shared.logs.policy = policy;
    this.#writeSoon();
  }

  /** Stops everything, highest tier first; nothing can be started any more. */
  shutdown(): Promise<void> {
    this.#shuttingDown ??= this.#stopAll();
    return this.#shuttingDown;
  }

  async #stopAll(): Promise<void> {
    this.#shared.report("shutting down");
    this.#onShutdown();
    clearTimeout(this.#writeTimer);
    const tiers = Map.groupBy(this.#services.values(), (service) => service.spec()?.tier ?? Number.POSITIVE_INFINITY);
    for (const tier of [...tiers.keys()].sort((a, b) => b - a)) {
      await Promise.all((tiers.get(tier) ?? []).map((service) => service.stop()));
    }
    forgetDesired(this.#desiredPath);
    this.#end.resolve();
  }

  #settle(service: Service, command: string, performed: Performed): void {
    const outcome = performed.ok ? "done" : performed.notes.map((note) => `${note.code} ${note.message}`).join("; ");
    this.#shared.report(`${command} ${service.id}: ${outcome}`);
    if (service.isGone()) this.#services.delete(service.id);
    if (this.#shuttingDown === undefined) this.#writeSoon();
  }

  #writeSoon(): void {
    this.#writeTimer ??= setTimeout(() => {
      this.#writeTimer = undefined;
      const services = [...this.#services.values()].flatMap((service) => service.spec() ?? []);
      try {
        writeDesired(this.#desiredPath, { logPolicy: this.#shared.logs.policy, services });
      } catch (error) {
        this.#shared.report(`warning: ${this.#desiredPath} could not be written: ${error}`);
      }
    }, WRITE_AFTER_MS);
  }
}

function byName(one: Upstream, other: Upstream): number {
  return byText(one.name, other.name);
}
