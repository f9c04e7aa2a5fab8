import { type LoggedRequest, readRequest } from "../../core/metrics/requests.ts";
import {
  judge,
  NO_PAUSE,
  PARTS,
  type Pause,
  pauseAfter,
  type Quickness,
  UNKNOWN,
  type Verdict,
  withPart,
} from "../../core/metrics/slowness.ts";
import { Follower } from "../metrics/follow.ts";
import type { Ward } from "./ward.ts";

/** Of what nginx wrote since the last look so much is read, in bytes: the latest, some 3,000 requests. */
const MOST_BYTES = 1024 * 1024;

interface Watched {
  begun: number;
  requests: LoggedRequest[];
  quickness: Quickness;
  pause: Pause;
}

/** Looks in nginx's access log for workers that are slow beside the others of their app, and replaces them. */
export class Slowness {
  readonly #wards: () => readonly Ward[];
  readonly #tell: (service: string, notice: string | undefined) => void;
  readonly #log: Follower;
  readonly #watched = new Map<string, Watched>();

  /** `tell`: what there is to say of an app as a whole, or that it is over. */
  constructor(
    accessLog: string,
    wards: () => readonly Ward[],
    tell: (service: string, notice: string | undefined) => void,
  ) {
    this.#log = new Follower(accessLog, MOST_BYTES);
    this.#wards = wards;
    this.#tell = tell;
  }

  end(): void {
    this.#log.close();
  }

  look(): void {
    const wards = Map.groupBy(
      this.#wards().filter(({ service }) => service.slowWindowMs !== undefined),
      ({ service }) => service.id,
    );
    for (const id of this.#watched.keys()) if (!wards.has(id)) this.#watched.delete(id);
    if (wards.size === 0) return;
    this.#collect(wards);
    const now = performance.now();
    for (const [id, own] of wards) {
      const watched = this.#watchedOf(id, now);
      const windowMs = own[0]?.service.slowWindowMs ?? 0;
      if (now - watched.begun < windowMs / PARTS) continue;
      watched.quickness = withPart(watched.quickness, watched.requests);
      watched.requests = [];
      watched.begun = now;
      const verdict = judge(watched.quickness);
      this.#tell(id, noticeOf(verdict));
      replaceSlowest(verdict, own, watched, windowMs, now);
    }
  }

  #collect(wards: ReadonlyMap<string, readonly Ward[]>): void {
    const startedAt = new Map<string, number>();
    for (const [id, own] of wards)
      for (const { instance, child } of own) startedAt.set(`${id} ${instance}`, child.startedAt);
    const now = performance.now();
    for (const line of this.#log.read()) {
      const request = readRequest(line);
      if (request === undefined) continue;
      const id = `app.${request.plugin}.${request.app}`;
      const since = startedAt.get(`${id} ${request.worker}`);
      if (since === undefined) continue;
      const watched = this.#watchedOf(id, now);
      // Of one that is new its predecessor may have answered, and its first requests are slow.
      const begunAt = Date.now() - (now - watched.begun);
      if (since <= begunAt) watched.requests.push(request);
    }
  }

  #watchedOf(id: string, now: number): Watched {
    const known = this.#watched.get(id);
    if (known !== undefined) return known;
    const fresh = { begun: now, requests: [], quickness: UNKNOWN, pause: NO_PAUSE };
    this.#watched.set(id, fresh);
    return fresh;
  }
}

function noticeOf({ allSlow }: Verdict): string | undefined {
  return (
    allSlow && `all its workers are slow: half of the requests take ${allSlow.nowMs} ms, before ${allSlow.usualMs} ms`
  );
}

function replaceSlowest(
  { slow: [slowest] }: Verdict,
  own: readonly Ward[],
  watched: Watched,
  windowMs: number,
  now: number,
): void {
  const ward = own.find(({ instance }) => instance === slowest?.own.worker);
  if (slowest === undefined || ward === undefined || now < watched.pause.until) return;
  const reason = `half of its requests took ${slowest.own.p50Ms} ms, those of the others ${slowest.others.p50Ms} ms`;
  if (ward.renew(reason)) watched.pause = pauseAfter(watched.pause, now, windowMs);
}
