import { isBasename } from "./names.ts";

/** An announcement that a file may be ready: the message of a step's queue. It may be late, repeated or lost. */
export interface Hint {
  readonly directory: string;
  readonly filename: string;
  /** `created`: the kernel said it is complete; `exists`: a listing found it. */
  readonly event: "created" | "exists";
}

/** The predecessor's four-field message; the time is in seconds since the epoch. */
export function encodeHint(hint: Hint, nowMs: number): string {
  const { directory, filename, event } = hint;
  return JSON.stringify({ directory, filename, event, event_timestamp: nowMs / 1000 });
}

/** undefined: not such a message. Anybody may write to the queue, so a name that leads elsewhere is refused. */
export function decodeHint(text: string): Hint | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null) return undefined;
  const { directory, filename, event } = parsed as Partial<Record<keyof Hint, unknown>>;
  if (typeof directory !== "string" || typeof filename !== "string" || !isBasename(filename)) return undefined;
  return { directory, filename, event: event === "created" ? "created" : "exists" };
}
