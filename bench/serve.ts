/**
 * `node bench/serve.ts [throughput] [latency] [plugins]`: what nginx as planned here costs in front of Node workers, beside the same
 * nginx set up by hand and set up as the predecessor does, interleaved. `ROUNDS` and `SECONDS` (of each measurement, not of latency) by
 * environment.
 * One process of nginx each; then what each starts when nobody says otherwise: one for each processor, the predecessor two.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type ModulePaths, runtimeLayout } from "../src/core/module/paths.ts";
import { run } from "../src/kit/exec.ts";
import { findPrograms } from "../src/system/host/programs.ts";
import { type RunningNginx, startNginx, workerSocket } from "../test/support/nginx.ts";
import { addPlugin } from "../test/support/planned.ts";
import { freePort } from "../test/support/ports.ts";
import { cpuUsOf } from "./support/cpu.ts";
import { compileOpenLoop, type Latency, openLoop } from "./support/open-loop.ts";
import {
  byHand,
  byHandSameContract,
  likePredecessor,
  type Place,
  type Started,
  startOther,
  withProcesses,
} from "./support/other-nginx.ts";

const ROUNDS = Number(process.env["ROUNDS"] ?? 5);
const SECONDS = Number(process.env["SECONDS"] ?? 3);
const CONNECTIONS = 32;
const MANY = 500;
/**
 * Latency is measured in many short rounds: a machine that stands still for some milliseconds once in a while, for reasons of its own,
 * makes the slowest hundredth of each round it does so in, and of every long one.
 */
const LATENCY_ROUNDS = 81;
const LATENCY_SECONDS = 0.25;
/** A round whose slowest hundredth is beyond it met such a moment, milliseconds. */
const DISTURBED_MS = 1.5;
const WORKER = `require("node:http").createServer((_, reply) => reply.end("Hello World!\\n")).listen(process.argv[1]);`;

/** Processes of nginx. */
interface Processes {
  readonly own: number;
  readonly predecessor: number;
}
const ONE: Processes = { own: 1, predecessor: 1 };
const DEFAULT: Processes = { own: availableParallelism(), predecessor: 2 * availableParallelism() };

/** One nginx to ask. */
interface Contender {
  readonly port: number;
  readonly pid: number;
  /** Of the workers behind it. */
  readonly workers: readonly number[];
}

interface Throughput {
  readonly perSecond: number;
  /** Processor time for one request: of nginx, all its processes, and of the workers. */
  readonly nginxUs: number;
  readonly workersUs: number;
}

const cases: Readonly<Record<string, () => Promise<void>>> = { throughput, latency, plugins };
const wanted = process.argv.slice(2);
for (const [name, measure] of Object.entries(cases)) {
  if (wanted.length === 0 || wanted.includes(name)) await measure();
}

/** Requests a second at saturation, and the processor time for one. */
async function throughput(): Promise<void> {
  for (const processes of [ONE, DEFAULT]) {
    await using house = await openHouse(1, processes);
    const measured = await rounds(house.contenders, async (one) => load(one));
    const { own, predecessor } = processes;
    console.log(`processes of nginx: ${own}, ${predecessor} as the predecessor; ${CONNECTIONS} connections:`);
    sayFigures(measured);
    sayRatios(measured, "planned here");
  }
}

/** What nginx adds to the slowest hundredth at half the load it can take, and what the least that works adds. */
async function latency(): Promise<void> {
  await using house = await openHouse(1, DEFAULT);
  const ours = house.contenders["planned here"];
  const least = house.contenders["by hand, log"];
  if (ours === undefined || least === undefined) throw new Error("nothing to ask");
  const rate = Math.floor((await load(ours)).perSecond / 2);
  const ways = {
    "to the workers": house.sockets,
    "planned here": [String(ours.port)],
    "by hand, log": [String(least.port)],
  };
  const program = compileOpenLoop();
  const found = new Map<string, Latency[]>(Object.keys(ways).map((name) => [name, []]));
  const how = { perSecond: rate, seconds: LATENCY_SECONDS, connections: CONNECTIONS };
  for (let round = 0; round < LATENCY_ROUNDS; round++) {
    for (const [name, where] of Object.entries(ways)) {
      found.get(name)?.push(await openLoop(program, where, "/hello", how));
    }
  }
  console.log(`latency at ${rate} requests a second, half of what it can take, medians of ${LATENCY_ROUNDS} rounds:`);
  const direct = found.get("to the workers") ?? [];
  for (const [name, rounds] of found) {
    const say = (key: "p50" | "p99"): string => {
      const own = median(rounds.map((one) => one[key]));
      return `${key} ${own.toFixed(2)} ms (${(own - median(direct.map((one) => one[key]))).toFixed(2)} added)`;
    };
    const disturbed = rounds.filter(({ p99 }) => p99 > DISTURBED_MS).length;
    const beyond = `p99 beyond ${DISTURBED_MS} ms in ${Math.round((100 * disturbed) / rounds.length)} % of rounds`;
    console.log(`  ${name.padEnd(24)} ${say("p50")}  ${say("p99")}  ${beyond}`);
  }
}

/** Whether many other plugins slow one down. */
async function plugins(): Promise<void> {
  await using one = await openHouse();
  await using many = await openHouse(MANY);
  const alone = one.contenders["planned here"];
  const crowded = many.contenders["planned here"];
  if (alone === undefined || crowded === undefined) throw new Error("nothing to ask");
  const measured = await rounds({ "1 plugin": alone, [`${MANY} plugins`]: crowded }, async (each) => load(each));
  sayFigures(measured);
  sayRatios(measured, `${MANY} plugins`);
}

interface House extends AsyncDisposable {
  readonly contenders: Readonly<Record<string, Contender>>;
  readonly sockets: readonly string[];
}

/** Two workers, the nginx planned for them (and for `count` plugins in all), and others in front of the same workers. */
async function openHouse(count = 1, processes = ONE): Promise<House> {
  const stack = new AsyncDisposableStack();
  const nginx: RunningNginx = stack.use(
    await startNginx("mfserv", (paths) => {
      const { userConfig } = runtimeLayout(paths.runtime);
      writeFileSync(userConfig, readFileSync(userConfig, "utf8").replace("workers = 1", `workers = ${processes.own}`));
      addPlugins(paths, count);
    }),
  );
  const sockets = [1, 2].map((instance) => workerSocket(nginx.paths, "hello", "main", instance));
  const workers: number[] = [];
  for (const socket of sockets) workers.push(stack.use(await startWorker(socket)).pid);
  const contenders: Record<string, Contender> = { "planned here": { port: nginx.port, pid: nginx.pid, workers } };
  const other = async (name: string, make: (place: Place) => string, many = processes.own): Promise<void> => {
    const directory = join(nginx.paths.runtime, `other${Object.keys(contenders).length}`);
    const place = { directory, port: await freePort(), sockets };
    const started: Started = stack.use(
      await startOther(findPrograms().nginx ?? "nginx", place, withProcesses(make(place), many)),
    );
    contenders[name] = { port: place.port, pid: started.pid, workers };
  };
  if (count === 1) {
    await other("by hand, same contract", (place) => byHandSameContract(place));
    await other("by hand, log", (place) => byHand(place, true));
    await other("by hand, no log", (place) => byHand(place, false));
    await other("as the predecessor", (place) => likePredecessor(place), processes.predecessor);
  }
  return { contenders, sockets, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

function addPlugins(paths: ModulePaths, count: number): void {
  const section = "[app_main]\n_cmd_and_args = node server.js\nnumprocesses = 2\n";
  for (let index = 0; index < count; index++) {
    addPlugin(paths, index === 0 ? "hello" : `other${index}`, { "config.ini": section });
  }
}

async function startWorker(socket: string): Promise<AsyncDisposable & { readonly pid: number }> {
  const child = spawn(process.execPath, ["-e", WORKER, socket], { stdio: ["ignore", "ignore", "inherit"] });
  while (!existsSync(socket)) await delay(10);
  return {
    pid: child.pid ?? 0,
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** Saturates one with Debian's wrk. */
async function load({ port, pid, workers }: Contender): Promise<Throughput> {
  const spent = () => ({ nginx: cpuUsOf(pid), workers: workers.reduce((sum, one) => sum + cpuUsOf(one), 0) });
  const before = spent();
  const url = `http://127.0.0.1:${port}/hello`;
  const { stdout, stderr, code } = await run(["wrk", "-t1", `-c${CONNECTIONS}`, `-d${SECONDS}s`, "--latency", url]);
  const after = spent();
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  const perSecond = Number(/Requests\/sec: *([\d.]+)/.exec(stdout)?.[1]);
  if (code !== 0 || !(requests > 0) || /Non-2xx|Socket errors/.test(stdout)) {
    throw new Error(`wrk (Debian's package wrk) on ${url}: ${stdout}${stderr}`);
  }
  return {
    perSecond,
    nginxUs: (after.nginx - before.nginx) / requests,
    workersUs: (after.workers - before.workers) / requests,
  };
}

/** Each measured once a round, so that what else the machine does hits all alike. */
async function rounds(
  contenders: Readonly<Record<string, Contender>>,
  measure: (one: Contender) => Promise<Throughput>,
): Promise<ReadonlyMap<string, readonly Throughput[]>> {
  const measured = new Map<string, Throughput[]>(Object.keys(contenders).map((name) => [name, []]));
  for (const one of Object.values(contenders)) await measure(one);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, one] of Object.entries(contenders)) measured.get(name)?.push(await measure(one));
  }
  return measured;
}

function sayFigures(measured: ReadonlyMap<string, readonly Throughput[]>): void {
  for (const [name, figures] of measured) {
    const of = (key: keyof Throughput): number => median(figures.map((one) => one[key]));
    const perSecond = Math.round(of("perSecond")).toString().padStart(6);
    const cpu = `nginx ${of("nginxUs").toFixed(1)} us, workers ${of("workersUs").toFixed(1)} us`;
    console.log(`  ${name.padEnd(24)} ${perSecond}/s  ${cpu}`);
  }
}

/** How one compares with each of the others: medians of the ratios within a round. */
function sayRatios(measured: ReadonlyMap<string, readonly Throughput[]>, name: string): void {
  const own = measured.get(name) ?? [];
  for (const [other, figures] of measured) {
    if (other === name) continue;
    const ratio = (value: (one: Throughput) => number): string =>
      median(own.map((one, round) => value(one) / value(figures[round] ?? one))).toFixed(2);
    const speed = ratio(({ perSecond }) => perSecond);
    const cpu = ratio(({ nginxUs, workersUs }) => nginxUs + workersUs);
    console.log(`  ${name} to ${other}: ${speed} of its requests/s, ${cpu} of its processor time`);
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
