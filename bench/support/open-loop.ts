import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../src/kit/exec.ts";

const MORE_MS = 20_000;

export interface Rate {
  readonly perSecond: number;
  readonly seconds: number;
  readonly connections: number;
}

/** Milliseconds from the moment a request was due to the end of its answer. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** The client beside this file, compiled: a timer of Node's is no finer than a millisecond, in which many requests are due. */
export function compileOpenLoop(): string {
  const program = join(mkdtempSync(join(tmpdir(), "mw-bench-")), "open-loop");
  execFileSync("cc", ["-O2", "-o", program, join(import.meta.dirname, "open-loop.c")]);
  return program;
}

/** Asks for `path` at that rate, of a port or of sockets. Throws when an answer is missing. */
export async function openLoop(program: string, where: readonly string[], path: string, rate: Rate): Promise<Latency> {
  const { perSecond, seconds, connections } = rate;
  const argv = [program, path, String(perSecond), String(seconds), String(connections), ...where] as const;
  const { code, stdout, stderr } = await run(argv, { timeoutMs: seconds * 1000 + MORE_MS });
  if (code !== 0) throw new Error(stderr);
  const [p50 = Number.NaN, p99 = Number.NaN] = stdout.split(" ").map((us) => Number(us) / 1000);
  return { p50, p99 };
}
