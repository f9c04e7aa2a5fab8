import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { runnable } from "../../core/plan/services.ts";
import type { Action, Manifest } from "../../core/plan/types.ts";
import { checkpoint } from "../../kit/checkpoint.ts";
import type { Performed, Supervisor } from "../supervisor.ts";

/** How many plugin services may be starting at the same moment; more only make each other late. */
const PARALLEL = 8;

/** How a service that something was done to gets its old spec again. */
const OPPOSITE = {
  start: "restart",
  stop: "start",
  swap: "swap",
  restart: "restart",
  reload: "reload",
  scale: "scale",
} as const satisfies Record<Action["do"], Action["do"]>;

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

/** Carries out the actions, a few at a time, and goes on after failures. `passed` hears how many were. */
export async function performAll(
  supervisor: Supervisor,
  actions: readonly Action[],
  next: Manifest,
  passed: (done: number) => void,
): Promise<{ done: readonly Action[]; failures: readonly Failure[] }> {
  const done: Action[] = [];
  const failures: Failure[] = [];
  const waiting = [...actions];
  const worker = async (): Promise<void> => {
    for (let action = waiting.shift(); action !== undefined; action = waiting.shift()) {
      const performed = await perform(supervisor, action, next);
      if (performed.ok) done.push(action);
      else failures.push({ action, notes: performed.notes });
      passed(done.length + failures.length);
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
    if (done.length === 1) checkpoint("own-first");
  }
  return { done };
}

/**
 * Takes actions back, last one first, towards the generation that stays in force: what is none of its services stops, and
 * the others get its specs, also when something else ran there before.
 */
export async function undo(
  supervisor: Supervisor,
  done: readonly Action[],
  current: Manifest | undefined,
): Promise<void> {
  for (const [index, action] of [...done].reverse().entries()) {
    const old = current?.services[action.service];
    if (old === undefined) await supervisor.stop(action.service);
    else await supervisor[OPPOSITE[action.do]](runnable({ environments: current?.environments ?? {} }, old));
    if (index === 0) checkpoint("undo-first");
  }
  checkpoint("undo-all");
}
