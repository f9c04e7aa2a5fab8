import { closeSync, fstatSync, openSync, statSync } from "node:fs";
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

export interface LockOptions {
  readonly waitMs: number;
  readonly onBusy?: () => void;
}

export interface Lock {
  release(): void;
}

/**
 * Takes an exclusive flock(2) on `path` (created 0600 when missing). The kernel drops the lock when its holder dies, however
 * it dies; children do not inherit it. Whoever waited for a file that was removed meanwhile goes on with the one that is there
 * now, so that two who ask for the same path never both have it. Throws LockBusyError after `waitMs` milliseconds.
 * `onBusy` is called once, when somebody else has it.
 */
export async function lockFile(path: string, options: LockOptions): Promise<Lock> {
  const start = performance.now();
  for (;;) {
    const fd = await lockOpened(path, start, options);
    if (isStill(path, fd)) return { release: () => closeSync(fd) };
    closeSync(fd);
  }
}

async function lockOpened(path: string, start: number, { waitMs, onBusy }: LockOptions): Promise<number> {
  const fd = openSync(path, "a", 0o600);
  try {
    for (let tries = 0; !tryLock(fd, path); tries++) {
      if (tries === 0) onBusy?.();
      const waited = performance.now() - start;
      if (waited >= waitMs) throw new LockBusyError(path, waited);
      await sleep(RETRY_MS);
    }
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function isStill(path: string, fd: number): boolean {
  const [there, held] = [statSync(path, { throwIfNoEntry: false }), fstatSync(fd)];
  return there?.ino === held.ino && there.dev === held.dev;
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
