import { statsdLine } from "./lines.ts";

/** What the access log says of one request to a plugin. */
export interface LoggedRequest {
  readonly plugin: string;
  readonly app: string;
  /** `static`: nginx answered from a file. */
  readonly type: "static" | "dynamic";
  readonly status: number;
  readonly durationMs: number;
  /** The number of the worker that answered; absent when it was none, or not the first that was asked. */
  readonly worker?: number;
}

/** Reads a line of the access log. undefined: it is about no plugin, or no line of that log. */
export function readRequest(line: string): LoggedRequest | undefined {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { plugin, app, type, status, duration, upstream } = entry;
  if (typeof plugin !== "string" || plugin === "" || plugin.startsWith("#")) return undefined;
  if (typeof status !== "number" || typeof duration !== "number") return undefined;
  const worker = typeof upstream === "string" ? /^[^,]*_([0-9]+)\.socket$/.exec(upstream)?.[1] : undefined;
  return {
    plugin,
    app: typeof app === "string" ? app : "",
    type: type === "dynamic" ? "dynamic" : "static",
    status,
    durationMs: Math.round(duration * 1000),
    ...(worker !== undefined && { worker: Number(worker) }),
  };
}

/** `request_counter` and `request_timer`, as dashboards of the predecessor read them: counts added up, each duration by itself. */
export function requestLines(requests: readonly LoggedRequest[]): string[] {
  const counts = new Map<string, { readonly tags: Readonly<Record<string, string>>; count: number }>();
  const timers: string[] = [];
  for (const { plugin, app, type, status, durationMs } of requests) {
    const tags = { plugin, app, type, status_code: String(status) };
    const name = JSON.stringify(tags);
    const known = counts.get(name);
    if (known === undefined) counts.set(name, { tags, count: 1 });
    else known.count += 1;
    timers.push(statsdLine("request_timer", tags, durationMs, "ms"));
  }
  return [...[...counts.values()].map(({ tags, count }) => statsdLine("request_counter", tags, count, "c")), ...timers];
}
