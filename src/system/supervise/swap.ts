import type { Diagnostic } from "../../core/base/diagnostic.ts";
import type { RunnableService } from "../../core/plan/services.ts";
import type { Attempt } from "./attempt.ts";
import type { Instance } from "./instance.ts";

/** A process that serves beside the one it is to replace. */
export interface Prepared {
  readonly instance: Instance;
  readonly attempt: Attempt;
}

/** Starts a new process beside each at the same time. All of them serve then, or none is left and the first reason is given. */
export async function prepareAll(
  instances: readonly Instance[],
  next: RunnableService,
  signal: AbortSignal,
): Promise<readonly Prepared[] | Diagnostic> {
  const failing = new AbortController();
  const either = AbortSignal.any([signal, failing.signal]);
  let note: Diagnostic | undefined;
  const tried = await Promise.all(
    instances.map(async (instance) => {
      const attempt = await instance.prepare(next, either);
      if (!("code" in attempt)) return [{ instance, attempt }];
      note ??= attempt;
      failing.abort();
      return [];
    }),
  );
  const prepared = tried.flat();
  // Who was ready first may have ended while it waited for the others.
  const isLost = note !== undefined || prepared.some(({ attempt }) => attempt.child.end() !== undefined);
  if (!isLost) return prepared;
  const said = await Promise.all(prepared.map(({ instance, attempt }) => instance.discard(attempt)));
  const [first] = said.filter(({ code }) => code !== "MF6022");
  return note ?? first ?? said[0] ?? prepared;
}
