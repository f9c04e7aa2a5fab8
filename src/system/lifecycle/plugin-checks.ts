import { accessSync, constants } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { runtimeLayout } from "../../core/module/paths.ts";
import type { PlanInput } from "../../core/plan/input.ts";
import { appProbes, probeTarget } from "../../core/plan/nginx/probes.ts";
import { pluginEnvironment } from "../../core/plugin/environment.ts";
import type { Plugin } from "../../core/plugin/types.ts";
import { run } from "../../kit/exec.ts";
import { probeApps } from "../apply/health.ts";
import type { Check } from "./check.ts";

/** How long a plugin's own check may take. */
const TIMEOUT_MS = 30_000;
/** How many of them run at the same moment. */
const PARALLEL = 4;

/**
 * What plugins say of themselves: the answer at their `_http_test_endpoint`, and their `bin/plugin.status`, which ends
 * with 0 when all is well. `services` are those that run.
 */
export async function checkPluginsThemselves(
  input: PlanInput,
  services: ReadonlySet<string>,
): Promise<readonly Check[]> {
  const [answers, programs] = await Promise.all([checkEndpoints(input, services), checkPrograms(input)]);
  return [...answers, ...programs];
}

async function checkEndpoints(input: PlanInput, services: ReadonlySet<string>): Promise<readonly Check[]> {
  const target = input.paths.module === "mfserv" ? probeTarget(input) : undefined;
  if (target === undefined) return [];
  const probes = appProbes(input, services).filter((probe) => probe.expected !== undefined);
  const ill = await probeApps(target, probes);
  return probes.map(({ plugin, service, path }) => {
    const name = `${service} answers at ${path}`;
    const wrong = ill.get(plugin)?.find(({ message }) => message.startsWith(`${service} `));
    if (wrong === undefined) return { name, state: "OK", plugin };
    return { name, state: "ERROR", plugin, message: wrong.message, ...(wrong.fix && { fix: wrong.fix }) };
  });
}

async function checkPrograms(input: PlanInput): Promise<readonly Check[]> {
  const waiting = input.plugins.filter(({ home }) => isExecutable(programOf(home)));
  const checks: Check[] = [];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      checks.push(await checkProgram(next, input));
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return checks.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function checkProgram(plugin: Plugin, input: PlanInput): Promise<Check> {
  const { paths, config } = input;
  const layers = [...input.plugins.map(({ layer }) => layer), ...input.layers];
  const others = new Map(input.plugins.map((other) => [other.label, other]));
  const env = { ...config.env, ...pluginEnvironment(plugin, layers, config.env, paths, others) };
  await mkdir(join(runtimeLayout(paths.runtime).tmp, plugin.name), { recursive: true, mode: 0o700 });
  const ran = await run([programOf(plugin.home)], { cwd: plugin.home, env, timeoutMs: TIMEOUT_MS });
  const check = { name: `plugin ${plugin.name}: its plugin.status`, plugin: plugin.name };
  if (ran.code === 0) return { ...check, state: "OK" };
  const last = `${ran.stdout}\n${ran.stderr}`.trim().split("\n").slice(-3).join("; ");
  const how = ran.timedOut ? `did not end within ${TIMEOUT_MS / 1000} s` : `ended with ${ran.code}`;
  const message = last === "" ? how : `${how}: ${last}`;
  return { ...check, state: "ERROR", message, fix: `plugin_wrapper --cwd ${plugin.name} -- plugin.status` };
}

function programOf(home: string): string {
  return join(home, "bin", "plugin.status");
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
