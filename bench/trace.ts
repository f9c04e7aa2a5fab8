/** What the trace costs: the same files through the same pipeline, with and without, in turns. The ratio is what counts. */
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { FlowConfig } from "../src/core/flow/types.ts";
import { TraceReader } from "../src/trace/query.ts";
import { archiveStep, Pipeline, png, rule, step, until } from "../test/integration/flow-harness.ts";
import { cpuUsOf, ownCpuUs } from "./support/cpu.ts";

/** What was told last is written in this time. */
const SETTLE_MS = 800;
const FILES = Number(process.env["FILES"] ?? 4000);
const ROUNDS = Number(process.env["ROUNDS"] ?? 6);
/** `REMOVED=1`: what the digests of removed files cost instead, of files that a step deletes. */
const REMOVED = process.env["REMOVED"] === "1";
const MAIN = join(import.meta.dirname, "..", "src", "main", "trace.ts");

const pipelines = { without: await start(false), with: await start(true) };
/** Files a second; processor time of the daemon alone, and of its children (the trace), microseconds a file. */
type Measured = Readonly<Record<"rate" | "own" | "children", number>>;
const all: Record<keyof typeof pipelines, Measured[]> = { without: [], with: [] };
for (let round = 0; round < ROUNDS; round++) {
  const order = ["without", "with"] as const;
  for (const which of round % 2 === 0 ? order : order.toReversed()) {
    const measured = await measure(pipelines[which], round);
    // The first round of each compiles and fills caches.
    if (round > 0) all[which].push(measured);
    const { rate, own, children } = measured;
    const times = `daemon ${own.toFixed(0)} µs, children ${children.toFixed(0)} µs a file`;
    console.log(`round ${round}  ${which.padEnd(8)} ${rate.toFixed(0)} files/s, ${times}`);
  }
}
const flow = pipelines.with;
const reader = new TraceReader(join(flow.root, "trace"));
const names = (): number => reader.arrivals("*", 0, Date.now() + 1000).length;
await until("everything is told", () => names() === FILES * ROUNDS, 60_000).catch((error: unknown) =>
  console.log(String(error)),
);
console.log(`recorded ${names()} of ${FILES * ROUNDS}`);
reader.close();
const of = (which: keyof typeof pipelines, what: keyof Measured): number => median(all[which].map((one) => one[what]));
const compare = (what: keyof Measured): string => {
  const [off, on] = [of("without", what), of("with", what)];
  return `${off.toFixed(0)} without, ${on.toFixed(0)} with: ${((on / off - 1) * 100).toFixed(1)} %`;
};
console.log(`files/s: ${compare("rate")}`);
console.log(`processor time of the daemon, µs a file: ${compare("own")}`);
console.log(`processor time of the trace, at low priority: ${of("with", "children").toFixed(0)} µs a file`);
for (const pipeline of Object.values(pipelines)) await pipeline.close();

async function start(traced: boolean): Promise<Pipeline> {
  const pipeline = new Pipeline();
  const last = REMOVED ? step("archive", { do: "delete" }) : archiveStep(pipeline.archive);
  const config = pipeline.config([last], [rule("PNG image*", "archive")]);
  const settings = {
    directory: join(pipeline.root, "trace"),
    keep: true,
    maxAgeS: 86_400,
    maxBytes: 1024 ** 3,
    digest: true,
    ...(REMOVED && traced && { removed: join(pipeline.dataIn, "tmp", "digest") }),
  };
  const trace: FlowConfig["trace"] = { argv: [process.execPath, "--max-semi-space-size=1", MAIN], settings };
  pipeline.configure(traced || REMOVED ? { ...config, trace } : config);
  await pipeline.startRedis();
  await pipeline.start();
  return pipeline;
}

async function measure(pipeline: Pipeline, round: number): Promise<Measured> {
  const content = png(round);
  const staged = join(pipeline.stage, String(round));
  mkdirSync(staged);
  const names = Array.from({ length: FILES }, (_, index) => `${round}_${index}.png`);
  for (const name of names) writeFileSync(join(staged, name), content);
  const pid = pipeline.daemonPid;
  const before = { own: ownCpuUs(pid), all: cpuUsOf(pid) };
  const began = performance.now();
  for (const name of names) renameSync(join(staged, name), join(pipeline.incoming, name));
  const wanted = (round + 1) * FILES;
  const isOver = (): boolean => (REMOVED ? pipeline.inside().length === 0 : pipeline.archived().length === wanted);
  await until("all are archived, or removed", isOver, 120_000);
  const rate = (FILES / (performance.now() - began)) * 1000;
  await sleep(SETTLE_MS);
  const own = ownCpuUs(pid) - before.own;
  return { rate, own: own / FILES, children: (cpuUsOf(pid) - before.all - own) / FILES };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
