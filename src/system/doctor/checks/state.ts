import { hasErrors } from "../../../core/base/result.ts";
import { runtimeLayout } from "../../../core/module/paths.ts";
import { type Quarantined, quarantined } from "../../apply/quarantined.ts";
import type { Finding, ModuleCheck } from "../types.ts";
import { bytes, couldNotLook, duration, fromDiagnostic } from "./findings.ts";

export const supervisor: ModuleCheck = {
  id: "supervisor",
  title: "supervisor",
  looksInto: ["var"],
  run: ({ run, paths }) => {
    const place = runtimeLayout(paths.runtime).supervisorSocket;
    const start = `\`${paths.module}.start\``;
    if (run.supervisor === "silent") {
      const message = "the supervisor is there and does not answer: nothing can be started or stopped";
      return [
        { state: "ERROR", place, message, fix: `see log/supervisor.log; if it stays so, kill it, then ${start}` },
      ];
    }
    if (run.supervisor === "absent" && run.state !== "STOPPED") {
      const message = `the module says ${run.state}, but no supervisor runs: its services died with it`;
      return [{ state: "ERROR", place, message, fix: start }];
    }
    return [];
  },
};

export const generatedTree: ModuleCheck = {
  id: "tree",
  title: "generated configuration is intact",
  looksInto: ["tmp"],
  run: ({ tree, run, paths }) => {
    if (!tree.ok) return [couldNotLook(tree.reason)];
    const { configAuto } = runtimeLayout(paths.runtime);
    const fix = `put changes into config/config.ini or a plugin; \`metwork apply ${paths.module}\` writes it again`;
    if (tree.value.id === undefined) {
      if (run.state === "STOPPED") return undefined;
      const message = `the module says ${run.state}, but no generation is in force`;
      return [{ state: "ERROR", place: configAuto, message, fix: `\`metwork apply ${paths.module}\`` }];
    }
    return tree.value.changed.map((path) => ({
      state: "WARNING",
      place: `${configAuto}/${path}`,
      message: "it was edited or removed by hand; the next apply replaces it",
      fix,
    }));
  },
};

export const lastApply: ModuleCheck = {
  id: "last-apply",
  title: "the last change was applied",
  looksInto: ["var"],
  run: ({ lastApply: last, notes, paths }, { clock }) => {
    if (last === undefined) return undefined;
    const ago = `${duration(Math.max(0, clock.now - Date.parse(last.at)))} ago`;
    const findings: Finding[] = [];
    if (last.did === "refused" || last.did === "rolled back") {
      const first = last.notes.find((note) => hasErrors([note]));
      const why = first === undefined ? undefined : fromDiagnostic(first);
      findings.push({
        state: "ERROR",
        ...(why?.place === undefined ? {} : { place: why.place }),
        message: `the change of ${ago} (${last.reason}) was ${last.did}${why === undefined ? "" : `: ${why.message}`}`,
        fix: why?.fix ?? `\`metwork plan ${paths.module}\` says what is pending`,
      });
    }
    if (last.held !== undefined) {
      findings.push({
        state: "WARNING",
        message: `a rollback holds the generation ${last.held.generation} since ${ago}, although the files ask for another`,
        fix: `\`metwork apply ${paths.module}\` lets go of it`,
      });
    }
    // What is wrong on disk now is told by the check of the configuration.
    const told = new Set(notes.filter((note) => hasErrors([note])).map(({ plugin }) => plugin));
    const others = quarantined(last, []).filter(({ name }) => !told.has(name));
    return [...findings, ...others.map((plugin) => inQuarantine(plugin, ago))];
  },
};

function inQuarantine({ name, state, reasons: [first] }: Quarantined, ago: string): Finding {
  const why = first === undefined ? undefined : fromDiagnostic(first);
  const what = state === "kept" ? "its last good version serves" : "it was left out";
  return {
    state: "ERROR",
    plugin: name,
    ...(why?.place === undefined ? {} : { place: why.place }),
    message: `plugin ${name} is in quarantine since ${ago}, ${what}${why === undefined ? "" : `: ${why.message}`}`,
    fix: why?.fix ?? "correct the plugin: it is tried again when a file of it changes",
  };
}

export const redis: ModuleCheck = {
  id: "redis",
  title: "Redis keeps the queue",
  run: ({ redis: seen, paths }, { memory }) => {
    const place = runtimeLayout(paths.runtime).redisSocket;
    if (seen === undefined) return undefined;
    if (!seen.ok) return [couldNotLook(seen.reason, place)];
    const { policy, lastSave, save, maxMemory, usedMemory } = seen.value;
    const findings: Finding[] = [];
    if (policy !== "noeviction") {
      findings.push({
        state: policy.startsWith("allkeys") ? "ERROR" : "WARNING",
        place,
        message: `its maxmemory-policy is ${policy}: it throws ${policy.startsWith("allkeys") ? "queues" : "keys"} away when memory is short`,
        fix: `\`redis-cli -s ${place} config set maxmemory-policy noeviction\``,
      });
    }
    if (lastSave !== "ok") {
      const message = `its last dump ended with "${lastSave}": after a restart, files are found by listing only`;
      findings.push({
        state: "WARNING",
        place,
        message,
        fix: "see log/redis.log, the disk space and vm.overcommit_memory",
      });
    }
    if (save === "") {
      findings.push({
        state: "WARNING",
        place,
        message: "it saves nothing: after a restart, files are found by listing only",
        fix: `\`redis-cli -s ${place} config set save "60 1"\`, or restart it`,
      });
    }
    if (maxMemory > memory) {
      const message = `it may take ${bytes(maxMemory)}, more than the ${bytes(memory)} of this machine: the kernel would kill it first`;
      findings.push({ state: "WARNING", place, message, fix: "lower `[redis] max_memory`" });
    }
    if (maxMemory > 0 && usedMemory > maxMemory * 0.9) {
      const message = `it uses ${bytes(usedMemory)} of the ${bytes(maxMemory)} it may have`;
      findings.push({ state: "WARNING", place, message, fix: "raise `[redis] max_memory`, or see why queues grow" });
    }
    return findings;
  },
};
