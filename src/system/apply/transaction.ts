import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { hasErrors } from "../../core/base/result.ts";
import type { Programs } from "../../core/module/host.ts";
import type { RuntimeLayout } from "../../core/module/paths.ts";
import { diff } from "../../core/plan/diff.ts";
import { servedId } from "../../core/plan/manifest.ts";
import type { Action, Manifest, Plan } from "../../core/plan/types.ts";
import { type Checkpoint, checkpoint } from "../../kit/checkpoint.ts";
import { ensureDirectory } from "../../kit/fs.ts";
import type { Supervisor } from "../supervisor.ts";
import { checkStaged } from "./check.ts";
import { clearDoubt, noteDoubt } from "./doubt.ts";
import { prune, stage, switchTo, switchToNone } from "./generations.ts";
import type { Outcome } from "./outcome.ts";
import { type Failure, perform, performAll, performInOrder, undo } from "./perform.ts";
import { proveNginx } from "./prove.ts";

/** The caller of an apply may be conf_monitor itself, so whatever concerns it comes when all else is done. */
const MONITOR = "conf_monitor";

/** What one attempt to reach a plan is made of. */
export interface Attempt {
  readonly layout: RuntimeLayout;
  readonly programs: Programs;
  readonly plan: Plan;
  readonly next: Manifest;
  /** What runs now, as the generation in force describes it. */
  readonly before: Manifest;
  readonly current: Manifest | undefined;
  readonly dryRun: boolean;
  /** Absent while the module is stopped: then only the tree is switched. */
  readonly supervisor: Supervisor | undefined;
  /** All of it or nothing: no plugin may be left out. */
  readonly whole?: boolean;
}

/** How the attempt ended; `leaveOut` are plugins that must be left out for the next one, with the reasons. */
export type Tried =
  | { readonly leaveOut: ReadonlyMap<string, readonly Diagnostic[]>; readonly why: "refused" | "did not start" }
  | { readonly leaveOut?: undefined; readonly outcome: Omit<Outcome, "leftOut"> };

/** Stages, checks and carries out a plan; on any failure everything done is undone in reverse. */
export async function attemptPlan(attempt: Attempt): Promise<Tried> {
  const { layout, next, before, current, supervisor } = attempt;
  checkpoint("planned");
  const actions = diff(before, next);
  if (actions.length === 0 && current?.id === next.id) {
    if (!attempt.dryRun) await clearDoubt(layout);
    return ended("nothing", next.id, actions, []);
  }
  for (const { path, mode } of attempt.plan.directories) await ensureDirectory(path, mode);
  checkpoint("directories-made");
  const home = await stage(layout, attempt.plan);
  const refusals = await checkStaged(home, attempt.plan, attempt.programs, layout);
  checkpoint("checked");
  const guilty = guiltyPlugins(refusals);
  if (guilty.size > 0 && attempt.whole !== true) return { leaveOut: guilty, why: "refused" };
  if (hasErrors(refusals)) return ended("refused", current?.id, [], refusals);
  if (attempt.dryRun) return ended("would apply", current?.id, actions, refusals);
  if (supervisor === undefined) {
    await switchTo(layout, next.id);
    await clearDoubt(layout);
    await prune(layout, [next.id]);
    return ended("applied", next.id, [], refusals);
  }
  return transact(attempt, actions, supervisor);
}

/** The part that touches running services; every step knows how to be undone. */
async function transact(attempt: Attempt, actions: readonly Action[], supervisor: Supervisor): Promise<Tried> {
  const { layout, next, before, current } = attempt;
  const ordered = inTierOrder(actions, next);
  const of = (test: (action: Action) => boolean): Action[] =>
    ordered.filter((action) => action.service !== MONITOR && test(action));
  const takesAway = (action: Action): boolean => action.do === "stop" || isScaledDown(action, before, next);
  const stops = of(takesAway);
  const parts = of((action) => !takesAway(action) && next.services[action.service]?.plugin !== undefined);
  const own = of((action) => !takesAway(action) && next.services[action.service]?.plugin === undefined);
  const done: Action[] = [];

  const rollBack = async (failures: readonly Failure[], notes: readonly Diagnostic[] = []): Promise<Tried> => {
    checkpoint("rollback-begun");
    if (current === undefined) await switchToNone(layout);
    else await switchTo(layout, current.id);
    checkpoint("rollback-switched");
    await undo(supervisor, [...done, ...failures.map(({ action }) => action).filter(isLostByFailing)], current);
    await clearDoubt(layout);
    const all = [...failures.flatMap((failure) => failure.notes), ...notes];
    return ended(
      "rolled back",
      current?.id,
      failures.map((failure) => failure.action),
      all,
    );
  };

  await noteDoubt(layout, before, next, actions);
  checkpoint("doubt-noted");
  const started = await performAll(supervisor, parts, next, milestones("parts", parts.length));
  done.push(...started.done);
  if (started.failures.length > 0) {
    const leaveOut = attempt.whole === true ? undefined : newcomersAmong(started.failures, next, before);
    if (leaveOut === undefined) return rollBack(started.failures);
    await undo(
      supervisor,
      done.filter((action) => leaveOut.has(next.services[action.service]?.plugin ?? "")),
      current,
    );
    return { leaveOut, why: "did not start" };
  }
  await switchTo(layout, next.id);
  checkpoint("switched");
  const switched = await performInOrder(supervisor, own, next);
  done.push(...switched.done);
  checkpoint("own-all");
  if (switched.failure !== undefined) return rollBack([switched.failure]);
  if (own.some((action) => action.service === "nginx")) {
    const unproven = await proveNginx(layout.nginxSocket, servedId(next));
    if (unproven.length > 0) return rollBack([], unproven);
  }
  checkpoint("proven");
  const stopped = await performAll(supervisor, stops, next, milestones("stops", stops.length));
  await clearDoubt(layout);
  checkpoint("doubt-cleared");
  await prune(layout, [next.id]);
  checkpoint("pruned");
  for (const action of ordered.filter(({ service }) => service === MONITOR)) {
    const isOwn = await isThisProcess(supervisor, MONITOR);
    const performed = perform(supervisor, action, next);
    // Who waits here for its own end is killed for not ending.
    if (!isOwn) await performed;
  }
  return ended(
    "applied",
    next.id,
    ordered,
    stopped.failures.flatMap((failure) => failure.notes),
  );
}

/** Passes the checkpoints of a number of actions: after the first, half of them, all. */
function milestones(name: "parts" | "stops", total: number): (done: number) => void {
  const at: readonly [number, Checkpoint][] = [
    [1, `${name}-first`],
    [Math.ceil(total / 2), `${name}-half`],
    [total, `${name}-all`],
  ];
  return (done) => {
    for (const [count, point] of at) if (count === done) checkpoint(point);
  };
}

/** Whether a failure leaves the service without its old processes: the others keep them, or had none. */
function isLostByFailing({ do: verb }: Action): boolean {
  return verb === "restart" || verb === "reload" || verb === "scale";
}

async function isThisProcess(supervisor: Supervisor, id: string): Promise<boolean> {
  const running = (await supervisor.list()).find((service) => service.id === id);
  return running?.instances.some(({ pid }) => pid === process.pid) === true;
}

function ended(
  did: Outcome["did"],
  generation: string | undefined,
  actions: readonly Action[],
  notes: readonly Diagnostic[],
): Tried {
  return { outcome: { did, generation, actions, notes } };
}

/** The failed plugins with their notes when all of them are new here; undefined when one of them was serving before. */
function newcomersAmong(
  failures: readonly Failure[],
  next: Manifest,
  before: Manifest,
): ReadonlyMap<string, readonly Diagnostic[]> | undefined {
  const serving = new Set(Object.values(before.services).map((spec) => spec.plugin));
  const byPlugin = new Map<string, Diagnostic[]>();
  for (const { action, notes } of failures) {
    const plugin = next.services[action.service]?.plugin;
    if (plugin === undefined || serving.has(plugin)) return undefined;
    const at = next.services[action.service]?.because[0];
    const placed = notes.map((note) => ({ plugin, ...(at === undefined ? {} : { at }), ...note }));
    byPlugin.set(plugin, [...(byPlugin.get(plugin) ?? []), ...placed]);
  }
  return byPlugin;
}

/** The plugins whose own files a program refused. */
function guiltyPlugins(refusals: readonly Diagnostic[]): ReadonlyMap<string, readonly Diagnostic[]> {
  const named = refusals.flatMap(({ plugin }) => plugin ?? []);
  return new Map(named.map((name) => [name, refusals.filter(({ plugin }) => plugin === name)]));
}

/** nginx must stop sending requests to the surplus instances before they go. */
function isScaledDown({ do: verb, service }: Action, before: Manifest, next: Manifest): boolean {
  return verb === "scale" && (next.services[service]?.instances ?? 0) < (before.services[service]?.instances ?? 0);
}

function inTierOrder(actions: readonly Action[], next: Manifest): Action[] {
  const tier = (action: Action): number => next.services[action.service]?.tier ?? 0;
  return [...actions].sort((a, b) => tier(a) - tier(b));
}
