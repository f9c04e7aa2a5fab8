import { rmSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { hasErrors } from "../../core/base/result.ts";
import { optionalNumberOf } from "../../core/config/access.ts";
import { type ModulePaths, runtimeLayout } from "../../core/module/paths.ts";
import { exists } from "../../kit/fs.ts";
import { applyModule } from "../apply/module.ts";
import { gatherHost } from "../host/host.ts";
import { startModule } from "../lifecycle/start.ts";
import { loadConfig } from "../load/config.ts";
import { developPlugin } from "../plugins/develop.ts";
import { problem } from "../plugins/failure.ts";
import { findInstalled } from "../plugins/installed.ts";
import { uninstallPlugin } from "../plugins/uninstall.ts";
import { connectSupervisor } from "../supervise/client.ts";
import { preparePrivate } from "./private.ts";

/** Where one plugin is served as long as somebody looks on. */
export interface Stage {
  readonly paths: ModulePaths;
  readonly env: Readonly<Record<string, string>>;
  /** Its address, with a slash at the end. */
  readonly url: string;
  /** It has a server to itself. */
  readonly alone: boolean;
  /** Where the plugin's directory is to be written before `open`. */
  readonly home: string;
  /** Serves the plugin; the notes say why not, when there is an error among them. */
  open(): Promise<readonly Diagnostic[]>;
  /** Serves it no more and leaves nothing of it. */
  close(): Promise<void>;
}

/** A stage of its own. */
export async function privateStage(root: string, name: string, port: number): Promise<Stage | readonly Diagnostic[]> {
  const appliance = preparePrivate(root, port);
  const { paths } = appliance;
  const loaded = await loadConfig(paths, gatherHost());
  if (!loaded.ok) {
    await appliance.remove();
    return loaded.notes;
  }
  const { plugins } = runtimeLayout(paths.runtime);
  await mkdir(plugins, { recursive: true });
  return {
    paths,
    env: loaded.value.env,
    url: `http://127.0.0.1:${port}/`,
    alone: true,
    home: join(plugins, name),
    async open() {
      const started = await startModule(paths, { provision: false, reason: "metwork serve" });
      if (started.did === "failed") return started.notes;
      const notes = started.did === "started" ? started.record.notes : [];
      const left = started.did === "started" && started.record.leftOut.includes(name);
      return left && !hasErrors(notes) ? [...notes, leftOut(name)] : notes;
    },
    close: () => appliance.remove(),
  };
}

/** The module that runs. */
export async function runningStage(paths: ModulePaths, name: string): Promise<Stage | readonly Diagnostic[]> {
  const loaded = await loadConfig(paths, gatherHost());
  if (!loaded.ok) return loaded.notes;
  const { env } = loaded.value;
  const home = join(runtimeLayout(paths.runtime).var, "serve", name);
  const installed = findInstalled(paths, name);
  const isLeftover = installed?.devlink === true && exists(home);
  if (installed !== undefined && !isLeftover) return [taken(name, installed.home)];
  if (isLeftover) await uninstallPlugin(paths, name);
  rmSync(home, { recursive: true, force: true });
  await mkdir(join(home, ".."), { recursive: true });
  const port = optionalNumberOf(loaded.value, "nginx.port") ?? 0;
  const apply = async () => {
    const supervisor = await connectSupervisor(paths, { start: false });
    const reason = `metwork serve: ${name}`;
    const record = await applyModule(paths, { dryRun: false, reason, supervisor, retryFailed: true });
    supervisor.close();
    return record;
  };
  return {
    paths,
    env,
    url: `http://${name.toLowerCase()}.localhost:${port}/`,
    alone: false,
    home,
    async open() {
      const linked = await developPlugin(paths, env, home);
      if (!linked.ok) return linked.notes;
      const record = await apply();
      const failed = record.did === "rolled back" || record.did === "refused";
      const notes = failed ? record.notes : record.notes.filter((note) => note.plugin === name);
      return record.leftOut.includes(name) && !hasErrors(notes) ? [...notes, leftOut(name)] : notes;
    },
    async close() {
      const gone = await uninstallPlugin(paths, name, { clean: true });
      // Its processes still work in its directory.
      if (gone.ok && (await isRunning(paths))) await apply();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Whether the module runs, so that it can serve one more. */
export async function isRunning(paths: ModulePaths): Promise<boolean> {
  if (!exists(runtimeLayout(paths.runtime).supervisorSocket)) return false;
  try {
    (await connectSupervisor(paths, { start: false })).close();
    return true;
  } catch {
    return false;
  }
}

function taken(name: string, home: string): Diagnostic {
  return problem("MF3115", `the plugin ${name} is installed already, in ${home}`, "choose another name: --name NAME");
}

function leftOut(name: string): Diagnostic {
  return problem("MF3116", `${name} was left out and does not serve`, "see the other messages, or `metwork status`");
}
