import { run } from "./exec.ts";

/** What crontab(1) said; `missing`: the machine has no such program. */
export type CrontabAnswer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly missing: boolean; readonly message: string };

const TIMEOUT_MS = 10_000;
const NOT_FOUND = 127;

/** This user's crontab, one character per byte; "" when there is none. */
export async function readCrontab(): Promise<CrontabAnswer<string>> {
  const ran = await run(["crontab", "-l"], { timeoutMs: TIMEOUT_MS, output: "bytes" });
  if (ran.code === 0) return { ok: true, value: ran.stdout };
  if (/no crontab for/i.test(ran.stderr)) return { ok: true, value: "" };
  return refusal(ran.code, ran.stderr);
}

/** Replaces this user's crontab by a text as readCrontab gives it; an empty one is removed. */
export async function writeCrontab(text: string): Promise<CrontabAnswer<undefined>> {
  const argv = text === "" ? (["crontab", "-r"] as const) : (["crontab", "-"] as const);
  const ran = await run(argv, { timeoutMs: TIMEOUT_MS, input: Buffer.from(text, "latin1") });
  return ran.code === 0 ? { ok: true, value: undefined } : refusal(ran.code, ran.stderr);
}

function refusal(code: number, stderr: string): CrontabAnswer<never> {
  const message = stderr.trim() || `crontab ended with ${code}`;
  return { ok: false, missing: code === NOT_FOUND, message };
}
