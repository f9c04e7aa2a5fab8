import { tmpdir } from "node:os";
import { join } from "node:path";
import { NODE_FLAGS } from "../../src/core/plan/service/own.ts";
import type { Pipeline } from "./flow-harness.ts";
import { StepWorker } from "./steps-harness.ts";

const MAIN = join(import.meta.dirname, "..", "..", "src", "main", "network.ts");

/** A process of one of the network programs, as the supervisor would start it. */
export function networkProcess(
  flow: Pipeline,
  program: string,
  plugin: string,
  settings: Readonly<Record<string, string | number>>,
  more: Readonly<Record<string, string>> = {},
): StepWorker {
  const env = Object.entries(settings).map(([key, value]) => [
    `MFDATA_CURRENT_PLUGIN_CUSTOM_${key.toUpperCase()}`,
    String(value),
  ]);
  env.push(["NODE_COMPILE_CACHE", join(tmpdir(), "metwork-compile-cache")]);
  const argv = [process.execPath, ...NODE_FLAGS, MAIN, program, "1"] as const;
  return new StepWorker(flow, plugin, argv, { ...Object.fromEntries(env), ...more });
}
