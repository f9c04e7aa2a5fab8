import { request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

export interface Reply {
  /** 0 when nothing answered; `body` says why then. */
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** One HTTP request on a connection of its own. */
export function http(
  url: string,
  options: { method?: string; body?: string | Buffer; headers?: Readonly<Record<string, string>> } = {},
): Promise<Reply> {
  const { method = "GET", headers = {} } = options;
  return new Promise((resolve) => {
    const asked = request(url, { method, headers, agent: false, timeout: 30_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString(),
          headers: response.headers,
        });
      });
    });
    asked.on("timeout", () => asked.destroy(new Error("no answer within 30 s")));
    asked.on("error", (error) => resolve({ status: 0, body: error.message, headers: {} }));
    asked.end(options.body);
  });
}

/** Waits until `look` gives a value; returns it with the milliseconds it took. Throws when the time is over. */
export async function until<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  timeoutMs = 60_000,
): Promise<{ value: T; tookMs: number }> {
  const begun = performance.now();
  for (;;) {
    const value = await look();
    const tookMs = performance.now() - begun;
    if (value !== undefined) return { value, tookMs };
    if (tookMs > timeoutMs) throw new Error(`${what}: not within ${timeoutMs / 1000} s`);
    // The longer it takes the rarer it looks, so that looking does not slow down what is awaited.
    await delay(Math.min(50, 3 + tookMs / 20));
  }
}
