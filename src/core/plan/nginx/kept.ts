/** How long nginx uses a connection that it keeps to a worker, and how long it keeps one that is idle, milliseconds. */
export const KEPT = { usedMs: 200, idleMs: 100 } as const;

/** After so long at most nginx has closed what it keeps to a worker that no longer gets new connections, milliseconds. */
export const KEPT_MS: number = KEPT.usedMs + KEPT.idleMs;
