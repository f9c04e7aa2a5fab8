import { mkdirSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { run } from "../../src/kit/exec.ts";

export const root = join(import.meta.dirname, "..", "..");
export const demoHome = join(root, "build", "demo");
export const ports = { mfserv: 18868, mfdata: 9091 } as const;

const env: Record<string, string | undefined> = {
  ...process.env,
  METWORK_RUNTIME_ROOT: demoHome,
  METWORK_ETC: join(demoHome, "etc"),
  // The demo must also run in a container, where there may be nobody but root.
  ...(process.getuid?.() === 0 ? { METWORK_ALLOW_USAGE_BY_ROOT: "1" } : {}),
};

/** A step of the demonstration did not do what it shows. */
export class DemoFailed extends Error {}

/** Types one of the project's commands as a user would, in sight. Throws DemoFailed. */
export function type(words: readonly [string, ...string[]], cwd = demoHome): Promise<string> {
  console.log(`  $ ${words.join(" ")}`);
  return command(words, cwd);
}

/** The same out of sight. */
export async function command(words: readonly [string, ...string[]], cwd = demoHome): Promise<string> {
  mkdirSync(cwd, { recursive: true });
  const [name, ...args] = words;
  const done = await run([join(root, "bin", name), ...args], { cwd, env, timeoutMs: 120_000 });
  if (done.code !== 0) throw new DemoFailed(`${words.join(" ")} ended with ${done.code}\n${done.stdout}${done.stderr}`);
  return done.stdout;
}

export interface Reply {
  readonly status: number;
  readonly body: string;
}

/** One HTTP request to the appliance; status 0 when nothing answered. */
export function http(url: string, options: { method?: string; body?: Buffer } = {}): Promise<Reply> {
  return new Promise((resolve) => {
    const asked = request(url, { method: options.method ?? "GET", agent: false, timeout: 5_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", (error) => resolve({ status: 0, body: error.message }));
    asked.end(options.body);
  });
}

/** Waits until `look` gives a value; returns it with the milliseconds it took. Throws DemoFailed after `timeoutMs`. */
export async function until<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  timeoutMs = 30_000,
): Promise<{ value: T; tookMs: number }> {
  const begun = performance.now();
  for (;;) {
    const value = await look();
    const tookMs = performance.now() - begun;
    if (value !== undefined) return { value, tookMs };
    if (tookMs > timeoutMs) throw new DemoFailed(`${what}: not within ${timeoutMs / 1000} s`);
    await delay(2);
  }
}
