import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { hasErrors } from "../../core/base/result.ts";
import { type ModulePaths, type RuntimeLayout, runtimeLayout } from "../../core/module/paths.ts";
import { hasUnit } from "../../core/plan/files/unit-names.ts";
import { servedId } from "../../core/plan/manifest.ts";
import type { Manifest } from "../../core/plan/types.ts";
import { readTextFile } from "../../kit/fs.ts";
import { currentManifest, isUntouched } from "../apply/generations.ts";
import { readLastApply } from "../apply/module.ts";
import { proveNginx } from "../apply/prove.ts";
import { type Quarantined, quarantined } from "../apply/quarantined.ts";
import { checkCrontab } from "../cron/install.ts";
import { loadPlanInput } from "../load/plan-input.ts";
import { missingInternals } from "../plugins/provision.ts";
import { connectSupervisor } from "../supervise/client.ts";
import { systemdServices } from "../supervise/systemd-services.ts";
import type { ServiceStatus } from "../supervisor.ts";
import type { Check } from "./check.ts";
import { checkExpected } from "./expected.ts";
import { pingRedis } from "./ping-redis.ts";
import { checkPluginsThemselves } from "./plugin-checks.ts";
import { checkSlowWorkers } from "./slow-workers.ts";
import { readState, type StateWord } from "./state.ts";
import { checkStranded } from "./stranded.ts";

/** A plugin whose crontab is left out works otherwise. */
const CRONTAB_NOTES: ReadonlySet<Diagnostic["code"]> = new Set(["MF3062", "MF3063"]);

export interface ModuleStatus {
  readonly module: string;
  readonly state: StateWord;
  readonly generation: string | undefined;
  /** Set where units of systemd run its services. */
  readonly runBy?: "systemd";
  readonly checks: readonly Check[];
  readonly services: readonly ServiceStatus[];
}

/** Looks at a module: its services, what they serve, its plugins, and says what is wrong and why. Changes nothing. */
export async function moduleStatus(paths: ModulePaths): Promise<ModuleStatus> {
  const layout = runtimeLayout(paths.runtime);
  const state = readState(layout);
  const manifest = await currentManifest(layout);
  const own = await listServices(paths);
  const running = own ?? (manifest && (await systemdServices(manifest.services, paths.module)));
  const checks: Check[] = [];
  if (running === undefined) {
    const start = `${paths.module}.start`;
    checks.push(
      state === "STOPPED"
        ? { name: "supervisor", state: "ERROR", message: "the module is stopped", fix: start }
        : {
            name: "supervisor",
            state: "ERROR",
            message: "the supervisor does not answer; its services died with it",
            fix: start,
          },
    );
    return { module: paths.module, state, generation: manifest?.id, checks, services: [] };
  }
  checks.push({ name: own === undefined ? "systemd" : "supervisor", state: "OK" });
  if (manifest === undefined) {
    checks.push({
      name: "generated configuration",
      state: "ERROR",
      message: "there is none",
      fix: `metwork apply ${paths.module}`,
    });
  } else {
    checks.push(
      ...(await checkGeneration(paths, manifest)),
      ...(await checkHeld(paths)),
      ...checkExpected(layout.expect),
    );
    const ids = Object.keys(manifest.services).filter((id) => own !== undefined || hasUnit({ id }));
    for (const id of ids.sort(byTier(manifest))) checks.push(checkService(id, manifest, running));
  }
  checks.push(...checkRefusing(layout), ...checkStranded(paths));
  const crontab = await checkCrontab(paths);
  if (crontab !== undefined) checks.push(fromNotes("crontab", [crontab]));
  if (manifest?.services["nginx"] !== undefined)
    checks.push(...checkSlowWorkers(`${layout.log}/nginx_access.log`, running));
  checks.push(...(await checkPlugins(paths, running)));
  const by = own === undefined ? { runBy: "systemd" as const } : {};
  return { module: paths.module, state, generation: manifest?.id, ...by, checks, services: running };
}

/** True when nothing of the module itself is wrong; plugins may be. */
export function isHealthy(status: ModuleStatus): boolean {
  return status.checks.every((check) => check.state !== "ERROR" || check.plugin !== undefined);
}

async function listServices(paths: ModulePaths): Promise<readonly ServiceStatus[] | undefined> {
  try {
    const supervisor = await connectSupervisor(paths, { start: false });
    return await supervisor.list();
  } catch {
    return undefined;
  }
}

async function checkGeneration(paths: ModulePaths, manifest: Manifest): Promise<readonly Check[]> {
  const layout = runtimeLayout(paths.runtime);
  const checks: Check[] = [];
  const intact = await isUntouched(layout, manifest);
  checks.push(
    intact
      ? { name: "generated configuration", state: "OK" }
      : {
          name: "generated configuration",
          state: "WARNING",
          message: "a file of tmp/config_auto was edited by hand; the next apply replaces it",
          fix: "put the change into config/config.ini or a plugin",
        },
  );
  if (manifest.services["nginx"] !== undefined) {
    const unproven = await proveNginx(layout.nginxSocket, servedId(manifest));
    checks.push(fromNotes("nginx serves the generated configuration", unproven));
  }
  if (manifest.services["redis"] !== undefined) {
    const error = await pingRedis(layout.redisSocket);
    checks.push(
      error === undefined
        ? { name: "redis answers", state: "OK" }
        : {
            name: "redis answers",
            state: "ERROR",
            message: error,
            fix: "see log/redis.log; files wait safely meanwhile",
          },
    );
  }
  return checks;
}

/** Whether the pipeline's ways in take files. */
function checkRefusing(layout: RuntimeLayout): readonly Check[] {
  const read = readTextFile(layout.refusing);
  if (!read.ok) return [];
  const why = /"text":"(?<text>[^"]*)"/.exec(read.text)?.groups?.["text"] ?? "the disk is full";
  return [
    {
      name: "the ways in take files",
      state: "WARNING",
      message: `they refuse them: ${why}`,
      fix: "make room, or see why files wait; nothing that has come is lost",
    },
  ];
}

/** A rollback that holds is what somebody wanted, but must not be forgotten. */
async function checkHeld(paths: ModulePaths): Promise<readonly Check[]> {
  const held = (await readLastApply(runtimeLayout(paths.runtime)))?.held;
  if (held === undefined) return [];
  return [
    {
      name: "what the inputs ask for is in force",
      state: "WARNING",
      message: `the module is held at the earlier generation ${held.generation} until an input changes`,
      fix: `metwork apply ${paths.module}`,
    },
  ];
}

function checkService(id: string, manifest: Manifest, running: readonly ServiceStatus[]): Check {
  const spec = manifest.services[id];
  const seen = running.find((service) => service.id === id);
  const wanted = spec?.instances ?? 0;
  const alive = seen?.instances.filter((instance) => instance.state === "running").length ?? 0;
  const plugin = spec?.plugin === undefined ? {} : { plugin: spec.plugin };
  const notice = seen?.notice;
  if (alive >= wanted && notice !== undefined)
    return { name: id, state: "WARNING", message: notice, fix: "see what its plugin and the machine do", ...plugin };
  if (alive >= wanted) return { name: id, state: "OK", ...plugin };
  const ends = [...new Set(seen?.instances.flatMap((instance) => instance.lastEnd ?? []) ?? [])];
  return {
    name: id,
    state: "ERROR",
    message: `${alive} of ${wanted} running${ends.length > 0 ? `; last ended by ${ends.join(", ")}` : ""}`,
    fix: `see ${spec?.log.stdout ?? "the log"}`,
    ...plugin,
  };
}

async function checkPlugins(paths: ModulePaths, running: readonly ServiceStatus[]): Promise<readonly Check[]> {
  const loaded = await loadPlanInput(paths);
  if (!loaded.ok) return [fromNotes("configuration", loaded.notes)];
  const themselves = await checkPluginsThemselves(loaded.value.input, new Set(running.map(({ id }) => id)));
  const last = await readLastApply(runtimeLayout(paths.runtime));
  return [
    fromNotes(
      "configuration",
      loaded.notes.filter((note) => note.plugin === undefined),
    ),
    ...quarantined(last, loaded.value.broken).map(quarantineCheck),
    ...missingInternals(paths, loaded.value.input.config, true).map(missingCheck),
    ...loaded.notes.filter(({ code }) => CRONTAB_NOTES.has(code)).map(crontabCheck),
    ...themselves,
  ];
}

function missingCheck(note: Diagnostic): Check {
  return {
    ...fromNotes(`internal plugin ${note.plugin}`, [note]),
    ...(note.plugin !== undefined && { plugin: note.plugin }),
  };
}

function crontabCheck(note: Diagnostic): Check {
  return {
    ...fromNotes(`plugin ${note.plugin}: its crontab`, [note]),
    ...(note.plugin !== undefined && { plugin: note.plugin }),
  };
}

function quarantineCheck({ name, state, reasons }: Quarantined): Check {
  const check = fromNotes(`plugin ${name}`, reasons);
  const what = state === "kept" ? "in quarantine, its last good version serves" : "in quarantine, left out";
  const why = check.message === undefined ? "" : `: ${check.message}`;
  return { ...check, state: "ERROR", message: `${what}${why}`, plugin: name, quarantine: state };
}

function fromNotes(name: string, notes: readonly Diagnostic[]): Check {
  const worst = notes.find((note) => hasErrors([note])) ?? notes[0];
  if (worst === undefined) return { name, state: "OK" };
  const where = worst.at === undefined ? "" : `${worst.at.file}:${worst.at.line}:${worst.at.col}: `;
  return {
    name,
    state: hasErrors([worst]) ? "ERROR" : "WARNING",
    message: `${where}${worst.message}`,
    ...(worst.fix === undefined ? {} : { fix: worst.fix }),
  };
}

function byTier(manifest: Manifest): (a: string, b: string) => number {
  const tier = (id: string): number => manifest.services[id]?.tier ?? 0;
  return (a, b) => tier(a) - tier(b) || (a < b ? -1 : 1);
}
