import { join } from "node:path";
import { http, until } from "../support/client.ts";
import { command, demoHome, ports, type } from "./appliance.ts";
import { arrived, moveIn } from "./files.ts";
import { samples } from "./samples.ts";

interface Service {
  readonly id: string;
  readonly instances: readonly { readonly pid?: number; readonly state: string }[];
}

/** Kills every worker of a web plugin, then Redis while files arrive; all come back and nothing is lost. */
export async function killThings(): Promise<void> {
  const app = "app.hello_node.main";
  const workers = await pidsOf("mfserv", app);
  for (const pid of workers) process.kill(pid, "SIGKILL");
  const back = await until(`${app} is serving again`, async () => {
    const reply = await http(`http://127.0.0.1:${ports.mfserv}/hello_node`);
    return reply.status === 200 || undefined;
  });
  const next = await pidsOf("mfserv", app, workers);
  console.log(
    `  ${app}: all its workers killed (${workers.join(", ")}), ${next.join(", ")} run; answered ${back.tookMs.toFixed(0)} ms after the kill`,
  );

  const redis = await pidsOf("mfdata", "redis");
  const run = `kill-${Date.now().toString(36)}`;
  moveIn(samples("png", 250, `${run}-a`));
  for (const pid of redis) process.kill(pid, "SIGKILL");
  moveIn(samples("png", 250, `${run}-b`));
  await arrived(join(demoHome, "mfdata", "var", "archive"), 1_000, run);
  const again = await pidsOf("mfdata", "redis", redis);
  console.log(
    `  redis: ${redis.join()} killed while 500 images arrived, ${again.join()} runs; 500 images and 500 .tags archived, none lost`,
  );
  await type(["metwork", "status"]);
  console.log("  status: both modules are healthy");
}

/** The running processes of a service; waits until all of them run and none of `killed` is among them. */
async function pidsOf(module: string, id: string, killed: readonly number[] = []): Promise<readonly number[]> {
  const { value } = await until(`${module} runs ${id}`, async () => {
    const [status] = JSON.parse(await command(["metwork", "status", "--json", module])) as [{ services: Service[] }];
    const service = status.services.find((one) => one.id === id);
    const pids = service?.instances.flatMap(({ state, pid }) => (state === "running" && pid !== undefined ? pid : []));
    const all = pids !== undefined && pids.length > 0 && pids.length === service?.instances.length;
    return all && !pids.some((pid) => killed.includes(pid)) ? pids : undefined;
  });
  return value;
}
