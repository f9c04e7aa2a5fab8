import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { runnable } from "../../core/plan/services.ts";
import type { Action, Manifest } from "../../core/plan/types.ts";
import type { Performed, Supervisor } from "../supervisor.ts";

/** How many plugin services may be starting at the same moment; more only make each other late. */
const PARALLEL = 8;

/** An action that did not work. */
export interface Failure {
  readonly action: Action;
  readonly notes: readonly Diagnostic[];
}

/** Carries out one action towards `next`. */
export async function perform(supervisor: Supervisor, action: Action, next: Manifest): Promise<Performed> {
  if (action.do === "stop") return supervisor.stop(action.service);
  const spec = next.services[action.service];
  if (spec === undefined) return supervisor.stop(action.service);
  return supervisor[action.do](runnable(next, spec));
}

/** Carries out the actions, a few at a time, and goes on after failures. */
export async function performAll(
  supervisor: Supervisor,
  actions: readonly Action[],
  next: Manifest,
): Promise<{ done: readonly Action[]; failures: readonly Failure[] }> {
  const done: Action[] = [];
  const failures: Failure[] = [];
  const waiting = [...actions];
  const worker = async (): Promise<void> => {
    for (let action = waiting.shift(); action !== undefined; action = waiting.shift()) {
      const performed = await perform(supervisor, action, next);
      if (performed.ok) done.push(action);
      else failures.push({ action, notes: performed.notes });
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return { done, failures };
}

/** Carries out the actions one by one and stops at the first failure. */
export async function performInOrder(
  supervisor: Supervisor,
  actions: readonly Action[],
  next: Manifest,
): Promise<{ done: readonly Action[]; failure?: Failure }> {
  const done: Action[] = [];
  for (const action of actions) {
    const performed = await perform(supervisor, action, next);
    if (!performed.ok) return { done, failure: { action, notes: performed.notes } };
    done.push(action);
  }
  return { done };
}

/** Takes actions back, last one first: what was started stops, everything else gets its old spec again. */
export async function undo(supervisor: Supervisor, done: readonly Action[], before: Manifest): Promise<void> {
  for (const action of [...done].reverse()) {
    const old = before.services[action.service];
    if (old === undefined) await supervisor.stop(action.service);
    else await perform(supervisor, action.do === "stop" ? { ...action, do: "start" } : action, before);
  }
}
