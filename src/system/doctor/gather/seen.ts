import type { Seen } from "../types.ts";

export function seen<T>(value: T): Seen<T> {
  return { ok: true, value };
}

export function unseen(reason: string): Seen<never> {
  return { ok: false, reason };
}

/** Looks; an error thrown on the way is why it could not be seen. */
export function look<T>(at: () => T): Seen<T> {
  try {
    return seen(at());
  } catch (error) {
    return unseen(error instanceof Error ? error.message : String(error));
  }
}

/** Waits for an answer no longer than `ms`. The timer does not keep the process running. */
export function within<T>(ms: number, answer: Promise<T>): Promise<T | "late"> {
  const { promise, resolve } = Promise.withResolvers<"late">();
  const timer = setTimeout(() => resolve("late"), ms);
  timer.unref();
  return Promise.race([answer, promise]).finally(() => clearTimeout(timer));
}
