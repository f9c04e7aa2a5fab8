import { posix } from "node:path";
import type { NetworkProgram } from "../../core/flow/network/programs.ts";
import type { Settings } from "../../core/flow/network/settings.ts";
import { parseDestination } from "../../core/flow/recognise.ts";
import { runtimeLayout } from "../../core/module/paths.ts";
import type { StepLog } from "../tell/log.ts";
import { Store } from "./store.ts";

export interface ListenContext {
  /** Number of this process among those of its plugin, from 1. */
  readonly instance: string;
  readonly log: StepLog;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Loads what a listener needs; what it returns listens until the process is told to stop. */
export async function loadListener(
  name: NetworkProgram["name"],
  settings: Settings,
  context: ListenContext,
): Promise<() => void> {
  const { log, env, instance } = context;
  const plugin = env["MFDATA_CURRENT_PLUGIN_NAME"] ?? "unknown";
  const runtime = env["MFMODULE_RUNTIME_HOME"] ?? "/tmp";
  const dataIn = env["MFDATA_DATA_IN_DIR"] ?? posix.join(runtime, "var", "in");
  const target = targetOf(settings.text("dest_dir"), dataIn);
  const owner = `${plugin}.${name}.${instance}`;
  const { refusing } = runtimeLayout(runtime);
  const begin =
    name === "amqplistener" ? (await import("./amqp.ts")).listenAmqp : (await import("./mqtt.ts")).listenMqtt;
  return () => {
    const store = new Store({ dataIn, target, owner, refusing });
    const listener = begin({ settings, store, plugin, log });
    const stop = (): void => void listener.stop().then(() => process.exit(0));
    process.once("SIGTERM", stop).once("SIGINT", stop);
  };
}

/** An absolute directory, or where a step's files wait. */
function targetOf(written: string, dataIn: string): string {
  const destination = parseDestination(written);
  if (destination === undefined) return posix.join(dataIn, "incoming");
  if (destination.to === "directory") return destination.path;
  return posix.join(dataIn, `step.${destination.step.plugin}.${destination.step.step}`);
}
