import { posix } from "node:path";
import type { NetworkProgram } from "../../core/flow/network/programs.ts";
import type { Settings } from "../../core/flow/network/settings.ts";
import { parseDestination } from "../../core/flow/recognise.ts";
import type { StepLog } from "../log.ts";
import { Store } from "./store.ts";
import type { Listener } from "./types.ts";

export interface ListenContext {
  /** Number of this process among those of its plugin, from 1. */
  readonly instance: string;
  readonly log: StepLog;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Listens until the process is told to stop. */
export async function listen(name: NetworkProgram["name"], settings: Settings, context: ListenContext): Promise<void> {
  const { log, env, instance } = context;
  const plugin = env["MFDATA_CURRENT_PLUGIN_NAME"] ?? "unknown";
  const dataIn = env["MFDATA_DATA_IN_DIR"] ?? posix.join(env["MFMODULE_RUNTIME_HOME"] ?? "/tmp", "var", "in");
  const target = targetOf(settings.text("dest_dir"), dataIn);
  if (target === undefined) {
    log.error(
      `[custom] dest_dir is \`${settings.text("dest_dir")}\`; it must be \`plugin/step\` or an absolute directory`,
    );
    process.exitCode = 2;
    return;
  }
  const durable = name === "amqplistener" || settings.number("mqtt_qos") > 0;
  const store = new Store({ dataIn, target, owner: `${plugin}.${name}.${instance}`, durable });
  const listening = { settings, store, plugin, log };
  const listener: Listener =
    name === "amqplistener"
      ? (await import("./amqp.ts")).listenAmqp(listening)
      : (await import("./mqtt.ts")).listenMqtt(listening);
  const stop = (): void => void listener.stop().then(() => process.exit(0));
  process.once("SIGTERM", stop).once("SIGINT", stop);
}

function targetOf(written: string, dataIn: string): string | undefined {
  if (written.startsWith("{{")) return posix.join(dataIn, "incoming");
  const destination = parseDestination(written);
  if (destination === undefined) return undefined;
  if (destination.to === "directory") return destination.path;
  return posix.join(dataIn, `step.${destination.step.plugin}.${destination.step.step}`);
}
