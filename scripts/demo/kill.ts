import { join } from "node:path";
import { http, until } from "../support/client.ts";
import { command, demoHome, ports, type } from "./appliance.ts";
import { arrived, moveIn } from "./files.ts";
import { samples } from "./samples.ts";

interface Service {
  readonly id: string;
  readonly instances: readonly { readonly pid?: number; readonly state: string }[];
}

/** Kills a web worker, then Redis while files arrive; both come back and nothing is lost. */
export async function killThings(): Promise<void> {
  const worker = await pidOf("mfserv", (id) => id.startsWith("app.hello_node."));
  process.kill(worker.pid, "SIGKILL");
  const back = await until(`${worker.id} is serving again`, async () => {
    const reply = await http(`http://127.0.0.1:${ports.mfserv}/hello_node`);
    return reply.status === 200 || undefined;
  });
  const next = await pidOf("mfserv", (id) => id === worker.id, worker.pid);
  console.log(
    `  ${worker.id}: process ${worker.pid} killed, ${next.pid} serves; answered ${back.tookMs.toFixed(0)} ms after the kill`,
  );

  const redis = await pidOf("mfdata", (id) => id === "redis");
  const run = `kill-${Date.now().toString(36)}`;
  moveIn(samples("png", 250, `${run}-a`));
  process.kill(redis.pid, "SIGKILL");
  moveIn(samples("png", 250, `${run}-b`));
  await arrived(join(demoHome, "mfdata", "var", "archive"), 1_000, run);
  const again = await pidOf("mfdata", (id) => id === "redis", redis.pid);
  console.log(
    `  redis: process ${redis.pid} killed while 500 images arrived, ${again.pid} runs; 500 images and 500 .tags archived, none lost`,
  );
  await type(["metwork", "status"]);
  console.log("  status: both modules are healthy");
}

/** The first running process of a service; waits until it is another one than `notPid`. */
async function pidOf(
  module: string,
  wanted: (id: string) => boolean,
  notPid = 0,
): Promise<{ id: string; pid: number }> {
  const { value } = await until(`${module} runs the service`, async () => {
    const [status] = JSON.parse(await command(["metwork", "status", "--json", module])) as [{ services: Service[] }];
    const service = status.services.find(({ id }) => wanted(id));
    const pid = service?.instances.find(({ state }) => state === "running")?.pid;
    return service === undefined || pid === undefined || pid === notPid ? undefined : { id: service.id, pid };
  });
  if (value.pid <= 1) throw new Error(`${value.id} has no process`);
  return value;
}
