import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { failure } from "../../core/base/result.ts";
import { type ModulePaths, type RuntimeLayout, runtimeLayout } from "../../core/module/paths.ts";
import { checkpoint } from "../../kit/checkpoint.ts";
import { writeFileAtomically } from "../../kit/fs.ts";
import { lockFile, withLock } from "../../kit/linux/lock.ts";
import { loadPlanInput } from "../load/plan-input.ts";
import type { Supervisor } from "../supervisor.ts";
import { apply } from "./apply.ts";
import { currentManifest, sweep } from "./generations.ts";
import type { LastApply } from "./outcome.ts";

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
}

/**
 * The one path of every change: loads a module's inputs and applies them, one at a time (a lock the kernel drops with its
 * holder), and records the outcome in `var/last_apply.json`.
 */
export async function applyModule(
  paths: ModulePaths,
  options: ApplyModuleOptions,
): Promise<LastApply & { inputs: readonly string[] }> {
  const layout = runtimeLayout(paths.runtime);
  await prepareLayout(layout);
  const lock = await lockFile(join(layout.tmp, "apply.lock"), { waitMs: LOCK_WAIT_MS });
  try {
    checkpoint("lock-taken");
    const begun = performance.now();
    await sweep(layout);
    checkpoint("swept");
    const last = await readLastApply(layout);
    // A plugin being installed is in its place before its postinstall has run: not to be looked at until then.
    const loaded = await withLock(layout.pluginLock, PLUGIN_LOCK_WAIT_MS, () => loadPlanInput(paths));
    checkpoint("loaded");
    const outcome = loaded.ok
      ? await apply(loaded.value.input, {
          dryRun: options.dryRun,
          ...(options.supervisor === undefined ? {} : { supervisor: options.supervisor }),
          failedStarts: options.retryFailed ? {} : (last?.failedStarts ?? {}),
        })
      : {
          ...failure(),
          did: "refused" as const,
          generation: (await currentManifest(layout))?.id,
          actions: [],
          leftOut: [],
          failedStarts: last?.failedStarts ?? {},
        };
    const broken = loaded.ok ? loaded.value.broken : [];
    const record: LastApply = {
      did: outcome.did,
      generation: outcome.generation,
      actions: outcome.actions,
      notes: [...loaded.notes, ...broken.flatMap((plugin) => plugin.notes), ...outcome.notes],
      leftOut: [...new Set([...broken.map((plugin) => plugin.name), ...outcome.leftOut])].sort(),
      failedStarts: outcome.failedStarts,
      at: new Date().toISOString(),
      reason: options.reason,
      tookMs: Math.round(performance.now() - begun),
    };
    checkpoint("unrecorded");
    if (!options.dryRun) await writeFileAtomically(lastApplyFile(layout), JSON.stringify(record), 0o600);
    checkpoint("recorded");
    return { ...record, inputs: loaded.inputs };
  } finally {
    lock.release();
  }
}

/** The record of the last apply; undefined before the first. */
export async function readLastApply(layout: RuntimeLayout): Promise<LastApply | undefined> {
  try {
    return JSON.parse(await readFile(lastApplyFile(layout), "utf8")) as LastApply;
  } catch {
    return undefined;
  }
}

/** Creates the directories every command may rely on. */
export async function prepareLayout(layout: RuntimeLayout): Promise<void> {
  const directories = [
    layout.config,
    layout.pluginOverrides,
    layout.log,
    layout.tmp,
    layout.generations,
    layout.var,
    layout.plugins,
  ];
  for (const directory of directories) await mkdir(directory, { recursive: true, mode: 0o750 });
}

function lastApplyFile(layout: RuntimeLayout): string {
  return join(layout.var, "last_apply.json");
}
