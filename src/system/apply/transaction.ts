import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { hasErrors } from "../../core/base/result.ts";
import type { Programs } from "../../core/module/host.ts";
import type { RuntimeLayout } from "../../core/module/paths.ts";
import { diff } from "../../core/plan/diff.ts";
import { servedId } from "../../core/plan/manifest.ts";
import type { Action, Manifest } from "../../core/plan/types.ts";
import { type Checkpoint, checkpoint } from "../../kit/checkpoint.ts";
import { ensureDirectory } from "../../kit/fs.ts";
import type { Supervisor } from "../supervisor.ts";
import type { Suspects } from "./blame.ts";
import { checkStaged } from "./check.ts";
import { clearDoubt, noteDoubt } from "./doubt.ts";
import { prune, stage, switchTo, switchToNone } from "./generations.ts";
import type { Outcome } from "./outcome.ts";
import { type Failure, perform, performAll, performInOrder, undo } from "./perform.ts";
import { proveNginx, provePipeline, readNginxLog } from "./prove.ts";
import { byPlugin, guiltyPlugins, ownerOf, type Reasons, unhealthyPlugins, withReasons } from "./reasons.ts";
import { type Served, startCounting } from "./served.ts";
import { leaveToSuccessors, nginxWorkers } from "./succession.ts";

/** The caller of an apply may be conf_monitor itself, so whatever concerns it comes when all else is done. */
const MONITOR = "conf_monitor";

/** How long the next change may have to wait for the figures of this one. */
const COUNTED_MS = 100;

/** What one attempt to reach a plan is made of. */
export interface Attempt extends Suspects {
  readonly layout: RuntimeLayout;
  readonly programs: Programs;
  readonly next: Manifest;
  /** What runs now, as the generation in force describes it. */
  readonly before: Manifest;
  readonly current: Manifest | undefined;
  readonly dryRun: boolean;
  /** Absent while the module is stopped: then only the tree is switched. */
  readonly supervisor: Supervisor | undefined;
  /** All of it or nothing: no plugin may be set aside. */
  readonly whole?: boolean;
  /** What an earlier attempt did to plugins and left standing for this one. */
  readonly standing?: readonly Action[];
}

/** How the attempt ended; `leaveOut` are the plugins whose version did not work, with the reasons: the next one is without it. */
export type Tried =
  | {
      readonly leaveOut: Reasons;
      readonly why: "refused" | "does not serve";
      readonly standing: readonly Action[];
    }
  | { readonly leaveOut?: undefined; readonly outcome: Omit<Outcome, "leftOut" | "kept"> };

/** Stages, checks and carries out a plan; on any failure everything done is undone in reverse. */
export async function attemptPlan(attempt: Attempt): Promise<Tried> {
  const { layout, next, before, current, supervisor } = attempt;
  checkpoint("planned");
  const actions = diff(before, next);
  if (actions.length === 0 && current?.id === next.id) {
    if (!attempt.dryRun) await clearDoubt(layout);
    // Also who was killed before it could say so has put it in force.
    if (!attempt.dryRun && next.logs !== undefined) await supervisor?.keepLogs(next.logs);
    return ended("nothing", next.id, actions, []);
  }
  const staged = await tryToStage(attempt);
  const refusals =
    typeof staged === "string" ? await checkStaged(staged, attempt, attempt.programs, layout, current) : [staged];
  checkpoint("checked");
  const guilty: Reasons = attempt.whole === true ? new Map() : guiltyPlugins(refusals);
  const earlier = attempt.standing ?? [];
  const standing = guilty.size > 0 ? earlier.filter(({ service }) => !guilty.has(ownerOf(service, next))) : [];
  if (hasErrors(refusals) && supervisor !== undefined) {
    await undo(
      supervisor,
      earlier.filter((action) => !standing.includes(action)),
      current,
    );
    if (standing.length === 0) await clearDoubt(layout);
  }
  if (guilty.size > 0) return { leaveOut: guilty, why: "refused", standing };
  if (hasErrors(refusals))
    return ended(typeof staged === "string" ? "refused" : "rolled back", current?.id, [], refusals);
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
  const done: Action[] = [...(attempt.standing ?? [])];
  const log = readNginxLog(next.services["nginx"]?.log.stdout, layout);

  const takeBack = async (lost: readonly Failure[]): Promise<readonly Diagnostic[]> => {
    checkpoint("rollback-begun");
    if (current === undefined) await switchToNone(layout);
    else await switchTo(layout, current.id);
    checkpoint("rollback-switched");
    await undo(supervisor, [...done, ...lost.map(({ action }) => action).filter(isLostByFailing)], current);
    const wasReloaded = done.some(({ service }) => service === "nginx") && current?.services["nginx"] !== undefined;
    const unproven = wasReloaded ? await proveNginx(layout.nginxSocket, servedId(current), attempt) : [];
    if (unproven.length === 0) await clearDoubt(layout);
    return unproven;
  };
  const rollBack = async (failures: readonly Failure[], notes: readonly Diagnostic[] = []): Promise<Tried> => {
    const unproven = await takeBack(failures);
    const all = [...failures.flatMap((failure) => failure.notes), ...notes, ...unproven];
    return ended(
      "rolled back",
      current?.id,
      failures.map((failure) => failure.action),
      all,
    );
  };

  const counting = parts.some(({ do: verb }) => verb !== "start") ? await startCounting(layout) : undefined;
  await noteDoubt(layout, before, next, actions);
  checkpoint("doubt-noted");
  const todo = parts.filter(({ service }) => !done.some((action) => action.service === service));
  const started = await performAll(supervisor, todo, next, milestones("parts", todo.length));
  done.push(...started.done);
  if (started.failures.length > 0 && attempt.whole === true) return rollBack(started.failures);
  if (started.failures.length > 0) {
    const leaveOut = byPlugin(started.failures, next);
    const isTheirs = ({ service }: Action): boolean => leaveOut.has(ownerOf(service, next));
    const lost = started.failures.map(({ action }) => action).filter(isLostByFailing);
    await undo(supervisor, [...done.filter(isTheirs), ...lost], current);
    return { leaveOut, why: "does not serve", standing: done.filter((action) => !isTheirs(action)) };
  }
  await switchTo(layout, next.id);
  checkpoint("switched");
  const predecessors = nginxWorkers(layout);
  const switched = await performInOrder(supervisor, own, next);
  done.push(...switched.done);
  checkpoint("own-all");
  if (switched.failure !== undefined) return rollBack([withReasons(switched.failure, log, attempt)]);
  if (own.some((action) => action.service === "nginx")) {
    const unproven = await proveNginx(layout.nginxSocket, servedId(next), attempt, log);
    if (unproven.length > 0) return rollBack([], unproven);
    await leaveToSuccessors(predecessors, layout);
  }
  const description = own.some((action) => action.service === "flow") ? next.files["flow.json"] : undefined;
  if (description !== undefined) {
    const unproven = await provePipeline(layout, description);
    if (unproven.length > 0) return rollBack([], unproven);
  }
  checkpoint("proven");
  const ill: Reasons = attempt.whole === true ? new Map() : await unhealthyPlugins(attempt, parts);
  if (ill.size > 0) {
    const unproven = await takeBack([]);
    return unproven.length > 0
      ? ended("rolled back", current?.id, [], [...[...ill.values()].flat(), ...unproven])
      : { leaveOut: ill, why: "does not serve", standing: [] };
  }
  if (next.logs !== undefined) await supervisor.keepLogs(next.logs);
  await noteDoubt(layout, next, next, stops);
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
  const served = await counting?.count(COUNTED_MS);
  return ended(
    "applied",
    next.id,
    ordered,
    stopped.failures.flatMap((failure) => failure.notes),
    served,
  );
}

/** The staged tree's directory, or why it could not be written: a full disk, no inode left. */
async function tryToStage({ layout, plan }: Attempt): Promise<string | Diagnostic> {
  try {
    for (const { path, mode } of plan.directories) await ensureDirectory(path, mode);
    checkpoint("directories-made");
    return await stage(layout, plan);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      code: "MF5005",
      severity: "error",
      message: `the generated files could not be written to ${layout.generations}: ${reason}`,
      fix: "make room there; it is tried again by itself",
    };
  }
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
  served?: Served,
): Tried {
  return { outcome: { did, generation, actions, notes, ...(served === undefined ? {} : { served }) } };
}

/** nginx must stop sending requests to the surplus instances before they go. */
function isScaledDown({ do: verb, service }: Action, before: Manifest, next: Manifest): boolean {
  return verb === "scale" && (next.services[service]?.instances ?? 0) < (before.services[service]?.instances ?? 0);
}

function inTierOrder(actions: readonly Action[], next: Manifest): Action[] {
  const tier = (action: Action): number => next.services[action.service]?.tier ?? 0;
  return [...actions].sort((a, b) => tier(a) - tier(b));
}
