import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { burst, idle, large, latency, throughput, waiting } from "./pipeline/cases.ts";
import { compile } from "./pipeline/load.ts";
import { missedTargets } from "./pipeline/report.ts";

/**
 * `node bench/pipeline.ts [CASE [COUNT...]]`: how fast mfdata is, beside what the machine can do at most (L1: inotify and
 * one rename; L2: the file operations of the chain, both in C). Cases: chain, rules, node, python, durable (rounds, files a round),
 * latency (files), burst (files), waiting (files, enough), large (files), idle (plugins); without one: all of them.
 */
const [, , name, ...counts] = process.argv;
const programs = compile();
const [first, second] = counts.map(Number);
const cases: Readonly<Record<string, () => Promise<void>>> = {
  chain: () => throughput(programs, [], first, second),
  rules: () => throughput(programs, ["rules"], first, second),
  node: () => throughput(programs, ["node"], first, second),
  python: () => throughput(programs, ["python"], first, second),
  durable: () => throughput(programs, ["durable"], first, second),
  latency: () => latency(programs, first),
  burst: () => burst(programs, first),
  waiting: () => waiting(programs, first, second),
  large: () => large(programs, first),
  idle: () => idle(programs, first),
};
try {
  if (name === undefined) {
    await throughput(programs, ["rules", "node", "python", "durable"]);
    for (const one of ["latency", "idle", "large", "burst", "waiting"]) await cases[one]?.();
  } else if (cases[name] === undefined) {
    console.error(`there is no case ${name}; there are ${Object.keys(cases).join(", ")}`);
    process.exitCode = 2;
  } else await cases[name]();
} finally {
  rmSync(dirname(programs.limit), { recursive: true, force: true });
}
if (missedTargets() > 0) process.exitCode = 1;
