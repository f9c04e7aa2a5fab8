import type { Diagnostic } from "../../base/diagnostic.ts";
import type { Programs } from "../../module/host.ts";

/** How nginx keeps connections to workers. */
export interface Kept {
  /** Until when it uses one: milliseconds since it was made, or a number of requests. */
  readonly usedMs?: number;
  readonly requests?: number;
  /** How long it keeps one that is idle, milliseconds. */
  readonly idleMs: number;
  /** After so long at most it has closed what it keeps to a worker that no longer gets new connections, milliseconds. */
  readonly ms: number;
}

/** When nginx learned what its configuration and command line say here, by its documentation. */
const SINCE = { idle: "1.15.3", errorLog: "1.19.5", used: "1.19.10" } as const;

const IDLE_MS = 100;
const USED_MS = 200;
/** With the longest rests between them they end within a second, before a replaced worker is told to end. */
const REQUESTS = 10;

/** Undefined where connections can't be kept so that a worker may be replaced without losing a request. */
export function keptOf({ nginxVersion }: Programs): Kept | undefined {
  if (isSince(nginxVersion, SINCE.used)) return { usedMs: USED_MS, idleMs: IDLE_MS, ms: USED_MS + IDLE_MS };
  if (isSince(nginxVersion, SINCE.idle)) return { requests: REQUESTS, idleMs: IDLE_MS, ms: REQUESTS * IDLE_MS };
  return undefined;
}

/** Command line options so that nginx writes no log before it has read where to. An older one only warns that it can't. */
export function errorLogOptions({ nginxVersion }: Programs): readonly string[] {
  return isSince(nginxVersion, SINCE.errorLog) ? ["-e", "stderr"] : [];
}

/** What an old nginx costs; nothing where it knows all that is asked of it. */
export function oldNginx(programs: Programs): readonly Diagnostic[] {
  const kept = keptOf(programs);
  if (kept?.usedMs !== undefined) return [];
  const how = kept === undefined ? "every request" : `every ${REQUESTS} requests`;
  return [
    {
      code: "MF4026",
      severity: "warning",
      message: `nginx ${programs.nginxVersion} connects to a worker anew for ${how}, so that workers can be replaced under load`,
      fix: `install nginx ${SINCE.used} or later`,
    },
  ];
}

/** What is not known counts as current. */
function isSince(version: string | undefined, since: string): boolean {
  const own = (version ?? since).split(".").map(Number);
  const least = since.split(".").map(Number);
  const place = least.findIndex((number, index) => own[index] !== number);
  return place < 0 || (own[place] ?? 0) > (least[place] ?? 0);
}
