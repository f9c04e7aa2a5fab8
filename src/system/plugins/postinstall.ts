import { accessSync, constants } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { type ModulePaths, runtimeLayout } from "../../core/module/paths.ts";
import { pluginEnvironment } from "../../core/plugin/environment.ts";
import type { Plugin } from "../../core/plugin/types.ts";
import { run } from "../../kit/exec.ts";
import { loadLayers } from "../load/layers.ts";
import { problem } from "./failure.ts";

const TIMEOUT_MS = 15 * 60_000;

/** Whether the plugin brings a `postinstall` program. */
export function hasPostinstall(home: string): boolean {
  try {
    accessSync(join(home, "postinstall"), constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs the plugin's `postinstall` in its home and environment; says why it failed, if it did. */
export async function runPostinstall(
  plugin: Plugin,
  paths: ModulePaths,
  moduleEnv: Readonly<Record<string, string>>,
): Promise<Diagnostic | undefined> {
  const { layers } = await loadLayers(paths, moduleEnv);
  const env = { ...moduleEnv, ...pluginEnvironment(plugin, layers, moduleEnv, paths) };
  await mkdir(join(runtimeLayout(paths.runtime).tmp, plugin.name), { recursive: true, mode: 0o750 });
  const ran = await run([join(plugin.home, "postinstall")], { cwd: plugin.home, env, timeoutMs: TIMEOUT_MS });
  if (ran.code === 0) return undefined;
  const last = `${ran.stderr}\n${ran.stdout}`.trim().split("\n").slice(-5).join("\n");
  const how = ran.timedOut ? `did not end within ${TIMEOUT_MS / 60_000} minutes` : `failed (exit code ${ran.code})`;
  return problem(
    "MF3084",
    `the postinstall program of ${plugin.name} ${how}${last === "" ? "" : `: ${last}`}`,
    "run it by hand: plugin_wrapper",
  );
}
