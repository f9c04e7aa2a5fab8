import { readFileSync } from "node:fs";
import { join } from "node:path";
import { http, until } from "../../scripts/support/client.ts";
import { runtimeLayout } from "../../src/core/module/paths.ts";
import { type ConnectOptions, connectSupervisor } from "../../src/system/supervise/client.ts";
import type { InstanceStatus } from "../../src/system/supervisor.ts";
import { type Appliance, general, makeAppliance } from "./appliance.ts";
import { type Load, startLoad } from "./load.ts";

/** An mfserv with a plugin that is hurt and its neighbour, which must not notice. */
export interface Street extends AsyncDisposable {
  readonly appliance: Appliance;
  /** The processes of the hurt plugin's app, or of another service. */
  instances(service?: string): Promise<readonly InstanceStatus[]>;
  /** Waits until all of them run, and gives their pids. */
  running(service?: string): Promise<readonly number[]>;
  /** Waits until the hurt app was restarted so often and all of it runs; gives how often it was. */
  restarted(times: number): Promise<number>;
  /** Waits until a process is none of the hurt app's any more, or of another service's, and all of those run. */
  gone(pid: number, service?: string): Promise<void>;
  /** Asks the neighbour all the time, on kept and on fresh connections. */
  askNeighbour(): Load;
  /** The same for the plugin that is hurt. */
  askVictim(path?: string): Load;
  /** What the supervisor wrote into its own log. */
  supervisorLog(): string;
}

const WORKER = readFileSync(join(import.meta.dirname, "victim.cjs"), "utf8");

/** Starts it. `app`: more lines of the victim's `[app_main]`, and sections after it; `site` as for makeAppliance. */
export async function makeStreet(app = "numprocesses = 2\n", site = ""): Promise<Street> {
  const appliance = await makeAppliance({ mfserv: site });
  const command = "_cmd_and_args = node {plugin_dir}/server.cjs\n";
  for (const [name, lines] of [
    ["victim", app],
    ["neighbour", "numprocesses = 2\n"],
  ] as const) {
    const files = { "config.ini": `${general}[app_main]\n${command}${lines}`, "server.cjs": WORKER };
    appliance.plugin("mfserv", name, files);
  }
  await appliance.ok("metwork", "start", "mfserv");
  const url = (path: string): string => `http://127.0.0.1:${appliance.ports.mfserv}${path}`;
  for (const path of ["/victim", "/neighbour"])
    await until(`${path} serves`, async () => ((await http(url(path))).status === 200 ? true : undefined));
  const layout = runtimeLayout(join(appliance.home, "mfserv"));
  const options: ConnectOptions = { start: false };
  const supervisor = await connectSupervisor({ runtime: join(appliance.home, "mfserv") }, options);
  const instances = async (service = "app.victim.main") =>
    (await supervisor.list()).find(({ id }) => id === service)?.instances ?? [];
  const ask = (path: string): Load =>
    startLoad({ port: appliance.ports.mfserv, paths: [path], keepAlive: 6, fresh: 2, restMs: 2 });
  const running = async (service?: string): Promise<readonly number[]> => {
    const { value } = await until("all instances run", async () => {
      const listed = await instances(service);
      // One that has ended this moment still counts as running, without a pid.
      const pids = listed.flatMap(({ state, pid }) => (state === "running" ? (pid ?? []) : []));
      return listed.length > 0 && pids.length === listed.length ? pids : undefined;
    });
    return value;
  };
  return {
    appliance,
    instances,
    running,
    async gone(pid, service) {
      await until(`${pid} has gone`, async () => ((await running(service)).includes(pid) ? undefined : true));
    },
    async restarted(times) {
      const { value } = await until(`${times} restarts`, async () => {
        const listed = await instances();
        const count = listed.reduce((sum, { restarts }) => sum + restarts, 0);
        return count >= times && listed.every(({ state }) => state === "running") ? count : undefined;
      });
      return value;
    },
    askNeighbour: () => ask("/neighbour"),
    askVictim: (path = "/victim") => ask(path),
    supervisorLog: () => readFileSync(join(layout.log, "supervisor.log"), "utf8"),
    async [Symbol.asyncDispose]() {
      supervisor.close();
      await appliance[Symbol.asyncDispose]();
    },
  };
}
