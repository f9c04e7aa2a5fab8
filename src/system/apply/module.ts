import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { type ModulePaths, type RuntimeLayout, runtimeLayout } from "../../core/module/paths.ts";
import { checkpoint } from "../../kit/checkpoint.ts";
import { writeFileAtomically } from "../../kit/fs.ts";
import { lockFile, withLock } from "../../kit/linux/lock.ts";
import { installCrontab } from "../cron/install.ts";
import { findPrograms } from "../host/programs.ts";
import { loadPlanInput } from "../load/plan-input.ts";
import type { Supervisor } from "../supervisor.ts";
import { apply } from "./apply.ts";
import { currentManifest, prune, sweep } from "./generations.ts";
import { appendHistory } from "./history.ts";
import { prepareLayout } from "./layout.ts";
import type { LastApply } from "./outcome.ts";
import { settleKilled } from "./resume.ts";
import { chooseGeneration, inputsId, reach } from "./rollback.ts";

/** How long to wait for another apply of the same module to end. */
const LOCK_WAIT_MS = 60_000;
/** How long to wait for the end of an install. */
const PLUGIN_LOCK_WAIT_MS = 300_000;

export interface ApplyModuleOptions {
  readonly dryRun: boolean;
  /** Why it is done, for the record: `conf_monitor: .../config.ini`, `mfserv.start`, ... */
  readonly reason: string;
  /** Absent while the module is stopped. */
  readonly supervisor?: Supervisor;
  /** Also try plugins again whose last start failed and whose services are unchanged. */
  readonly retryFailed: boolean;
  /** Also when an earlier generation is held by a rollback. */
  readonly release?: boolean;
}

/**
 * The one path of every change: loads a module's inputs and applies them, one at a time (a lock the kernel drops with its
 * holder), and records the outcome in `var/last_apply.json` and `var/history.ndjson`.
 */
export async function applyModule(paths: ModulePaths, options: ApplyModuleOptions): Promise<Recorded> {
  return record(paths, { ...options, rollback: false }, async ({ layout, loaded, last }) => {
    // Nobody tries failed plugins again while nothing is applied; what ends that is worth a try.
    const untried = { failedStarts: {} };
    if (!loaded.ok) {
      const generation = (await currentManifest(layout))?.id;
      return {
        did: "refused",
        generation,
        actions: [],
        notes: loaded.notes,
        leftOut: [],
        ...untried,
        ...heldOf(last),
      };
    }
    const { input, broken } = loaded.value;
    const { supervisor } = options;
    const known = [...loaded.notes, ...broken.flatMap((plugin) => plugin.notes)];
    const held = options.release ? undefined : last?.held;
    if (held !== undefined && inputsId(loaded) === held.inputsId) {
      const reached = await reach(layout, held.generation, {
        programs: input.programs,
        supervisor,
        dryRun: options.dryRun,
      });
      const notes = [...known, ...reached.notes];
      if (reached.did !== "refused") return { ...reached, notes, ...untried, held };
    }
    const outcome = await apply(input, {
      dryRun: options.dryRun,
      ...(supervisor === undefined ? {} : { supervisor }),
      broken,
      failedStarts: options.retryFailed ? {} : (last?.failedStarts ?? {}),
    });
    const worked = outcome.did === "applied" || outcome.did === "nothing";
    return {
      ...outcome,
      notes: [...loaded.notes, ...outcome.notes],
      ...(worked ? {} : heldOf(last)),
    };
  });
}

/**
 * Puts an earlier generation in force by the same transaction. It holds until an input changes or `metwork apply` releases
 * it: else conf_monitor, which sees that the inputs ask for something else, would undo it.
 */
export async function rollBackModule(
  paths: ModulePaths,
  options: {
    readonly reason: string;
    /** An id or its beginning; absent: the one that was in force before. */
    readonly generation?: string;
    readonly supervisor?: Supervisor;
  },
): Promise<Recorded> {
  return record(paths, { ...options, dryRun: false, rollback: true }, async ({ layout, loaded, last }) => {
    const failedStarts = last?.failedStarts ?? {};
    const chosen = await chooseGeneration(layout, options.generation);
    if (!chosen.ok) {
      const generation = (await currentManifest(layout))?.id;
      const refused = { did: "refused", generation, actions: [], leftOut: [] } as const;
      return { ...refused, notes: chosen.notes, failedStarts, ...heldOf(last) };
    }
    const programs = loaded.ok ? loaded.value.input.programs : findPrograms();
    const reached = await reach(layout, chosen.value, { programs, supervisor: options.supervisor, dryRun: false });
    const worked = reached.did === "applied" || reached.did === "nothing";
    if (!worked) return { ...reached, failedStarts, ...heldOf(last) };
    const asked = inputsId(loaded);
    if (asked === chosen.value) return { ...reached, failedStarts };
    return { ...reached, failedStarts, held: { generation: chosen.value, inputsId: asked } };
  });
}

type Recorded = LastApply & { inputs: readonly string[] };

/** Where else a change is to be noticed. */
interface Watched {
  readonly watched?: readonly string[];
}

interface Situation {
  readonly layout: RuntimeLayout;
  readonly loaded: Awaited<ReturnType<typeof loadPlanInput>>;
  readonly last: LastApply | undefined;
}

/** Lets one piece of work at a time change the module, and writes down what became of it. */
async function record(
  paths: ModulePaths,
  options: Pick<ApplyModuleOptions, "dryRun" | "reason" | "supervisor"> & { readonly rollback: boolean },
  work: (situation: Situation) => Promise<Omit<LastApply, "at" | "reason" | "tookMs"> & Watched>,
): Promise<Recorded> {
  const layout = runtimeLayout(paths.runtime);
  await prepareLayout(layout);
  const lock = await lockFile(join(layout.tmp, "apply.lock"), { waitMs: LOCK_WAIT_MS });
  try {
    checkpoint("lock-taken");
    const begun = performance.now();
    await sweep(layout);
    checkpoint("swept");
    if (!options.dryRun && options.supervisor !== undefined) await settleKilled(layout, options.supervisor);
    const last = await readLastApply(layout);
    // A plugin being installed is in its place before its postinstall has run: not to be looked at until then.
    const loaded = await withLock(layout.pluginLock, PLUGIN_LOCK_WAIT_MS, () => loadPlanInput(paths));
    checkpoint("loaded");
    const before = await currentManifest(layout);
    const { watched = [], ...outcome } = await work({ layout, loaded, last });
    const done: LastApply = {
      ...outcome,
      at: new Date().toISOString(),
      reason: options.reason,
      tookMs: Math.round(performance.now() - begun),
    };
    checkpoint("unrecorded");
    const unwritten: Diagnostic[] = [];
    if (!options.dryRun) {
      await writeFileAtomically(lastApplyFile(layout), JSON.stringify(done), 0o600);
      if (done.did !== "nothing") {
        const after = await currentManifest(layout);
        const change = { before, after, rollback: options.rollback };
        await appendHistory(layout, done, change).catch((error: unknown) => unwritten.push(noHistory(error)));
        await prune(layout, [after?.id ?? ""]);
      }
    }
    checkpoint("recorded");
    if (!options.dryRun && options.supervisor !== undefined) unwritten.push(...(await installCrontab(paths)));
    return { ...done, notes: [...done.notes, ...unwritten], inputs: [...loaded.inputs, ...watched] };
  } finally {
    lock.release();
  }
}

/** What was done stays done: a full disk must not make a failure of it. */
function noHistory(error: unknown): Diagnostic {
  return {
    code: "MF5054",
    severity: "warning",
    message: `the history could not be written: ${error instanceof Error ? error.message : String(error)}`,
    fix: "make room on the disk of var/, or let the module's user write there",
  };
}

function heldOf(last: LastApply | undefined): Pick<LastApply, "held"> {
  return last?.held === undefined ? {} : { held: last.held };
}

/** The record of the last apply; undefined before the first. */
export async function readLastApply(layout: RuntimeLayout): Promise<LastApply | undefined> {
  try {
    return JSON.parse(await readFile(lastApplyFile(layout), "utf8")) as LastApply;
  } catch {
    return undefined;
  }
}

function lastApplyFile(layout: RuntimeLayout): string {
  return join(layout.var, "last_apply.json");
}
