/** What keeping workers alive costs: kill -9 to the next process and to its answer, processes and memory for each worker. */
import { join } from "node:path";
import { until } from "../scripts/support/client.ts";
import { get } from "../test/conformance/world.ts";
import { memoryOf, processesOf } from "../test/support/processes.ts";
import { makeStreet } from "../test/support/street.ts";

const KILLS = 15;
const DAEMONS = 100;

await using street = await makeStreet("numprocesses = 1\n");
const home = join(street.appliance.home, "mfserv");
const socket = join(home, "var/app_victim_main_1.socket");

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
const answered = (path: string, other: number) =>
  until("an answer", async () => {
    const answer = await get(path).catch(() => undefined);
    return answer !== undefined && answer.pid !== other ? answer.pid : undefined;
  });

const toStart: number[] = [];
const toAnswer: number[] = [];
for (let turn = 0; turn < KILLS; turn++) {
  const [pid = 0] = await street.running();
  await until("it has served a second", async () => {
    const [instance] = await street.instances();
    return Date.now() - (instance?.startedAt ?? Date.now()) > 2_000 ? true : undefined;
  });
  const killed = Date.now();
  process.kill(pid, "SIGKILL");
  await answered(socket, pid);
  toAnswer.push(Date.now() - killed);
  await street.running();
  toStart.push(((await street.instances())[0]?.startedAt ?? Number.NaN) - killed);
}
const [start, answer] = [median(toStart), median(toAnswer)];
console.log(
  `kill -9 to the next process: median ${start} ms, slowest ${toStart.at(-1)} ms; to its answer: median ${answer} ms`,
);

const supervisors = () => processesOf(home).filter(({ command }) => command.includes("main/supervisor.ts"));
const workers = () => processesOf(home).filter(({ command }) => command.includes("server.cjs")).length;
const instances = (await street.instances()).length + (await street.instances("app.neighbour.main")).length;
console.log(
  `processes: ${workers()} of ${instances} workers, ${processesOf(home).filter(({ command }) => /setpriv|prlimit/.test(command)).length} resident wrappers`,
);

const before = memoryOf(supervisors());
street.appliance.plugin("mfserv", "many", {
  "config.ini": `[general]\n_version = 1\n_summary = s\n_license = l\n_url = u\n_maintainer = m\n_vendor = v\n[extra_daemon_many]\n_cmd_and_args = sleep 1000000\nnumprocesses = ${DAEMONS}\n`,
});
await street.appliance.ok("metwork", "apply", "mfserv");
await street.running("extra.many.many");
const after = memoryOf(supervisors());
console.log(
  `memory: ${((after - before) / DAEMONS).toFixed(0)} KiB of the supervisor for each of ${DAEMONS} more workers`,
);
