import { closeSync, openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import koffi from "koffi";
import { libc, systemError } from "./libc.ts";

const flock = libc.func("int flock(int fd, int operation)");
const LOCK_EX_NB = 2 | 4;
const RETRY_MS = 50;

/** Thrown when somebody else holds the lock for longer than the caller would wait. */
export class LockBusyError extends Error {
  readonly path: string;
  constructor(path: string, waitedMs: number) {
    super(`${path} is held by another process (waited ${(waitedMs / 1000).toFixed(1)} s)`);
    this.path = path;
  }
}

export interface Lock {
  release(): void;
}

/**
 * Takes an exclusive flock(2) on `path` (created 0600 when missing, never deleted). The kernel drops the lock when its
 * holder dies, however it dies; children do not inherit it. Throws LockBusyError after `waitMs` milliseconds.
 */
export async function lockFile(path: string, options: { readonly waitMs: number }): Promise<Lock> {
  const fd = openSync(path, "a", 0o600);
  try {
    const start = performance.now();
    while (!tryLock(fd, path)) {
      const waited = performance.now() - start;
      if (waited >= options.waitMs) throw new LockBusyError(path, waited);
      await sleep(RETRY_MS);
    }
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return { release: () => closeSync(fd) };
}

/** Runs `work` while holding the lock; see lockFile. */
export async function withLock<T>(path: string, waitMs: number, work: () => Promise<T>): Promise<T> {
  const lock = await lockFile(path, { waitMs });
  try {
    return await work();
  } finally {
    lock.release();
  }
}

function tryLock(fd: number, path: string): boolean {
  if (flock(fd, LOCK_EX_NB) === 0) return true;
  const errno = koffi.errno();
  if (errno === koffi.os.errno["EAGAIN"] || errno === koffi.os.errno["EINTR"]) return false;
  throw systemError("flock", path);
}
