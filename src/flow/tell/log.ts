import { millisecond, utcSecond } from "../../core/base/utc.ts";
import type { LogLevel } from "../../core/flow/types.ts";

/** What a step, or the daemon itself, says. */
export interface StepLog {
  readonly debug: (message: string) => void;
  readonly info: (message: string) => void;
  readonly warning: (message: string) => void;
  readonly error: (message: string) => void;
}

export interface LogSink {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

export interface Logs {
  /** A log that names its lines `(mfdata.<name>#<pid>)`. */
  named(name: string, level: LogLevel): StepLog;
  /** Writes what is buffered; call it before the process ends. */
  flush(): void;
}

const RANK: Readonly<Record<LogLevel, number>> = { DEBUG: 0, INFO: 1, WARNING: 2, ERROR: 3, CRITICAL: 4 };
const FLUSH_MS = 100;
const FLUSH_CHARS = 64 * 1024;
const LEVEL_WIDTH = 11;

/**
 * Writes lines as the predecessor does: `2019-01-28T07:52:42.903067Z  [WARNING] (mfdata.p.s#PID) message`, DEBUG and
 * INFO to stdout, the others to stderr. Lines are written together, a write per line would cost more than a step.
 */
export function openLogs(sink: LogSink, pid: number): Logs {
  let lines = "";
  let timer: NodeJS.Timeout | undefined;
  let lastMs = 0;
  let lastTime = "";
  const now = (): string => {
    const ms = Date.now();
    if (ms !== lastMs) {
      lastMs = ms;
      lastTime = `${utcSecond(ms)}.${millisecond(ms)}000Z`;
    }
    return lastTime;
  };
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const text = lines;
    lines = "";
    if (text !== "") sink.stdout(text);
  };
  const origin = (level: LogLevel, name: string): string =>
    `${`[${level}]`.padStart(LEVEL_WIDTH)} (mfdata.${name}#${pid}) `;
  const buffered = (level: LogLevel, name: string) => {
    const from = origin(level, name);
    return (message: string) => {
      lines += `${now() + from + message}\n`;
      if (lines.length > FLUSH_CHARS) flush();
      else timer ??= setTimeout(flush, FLUSH_MS);
    };
  };
  const atOnce = (level: LogLevel, name: string) => {
    const from = origin(level, name);
    return (message: string) => {
      flush();
      sink.stderr(`${now() + from + message}\n`);
    };
  };
  const silent = (): void => undefined;
  return {
    flush,
    named: (name, level) => {
      const from = (own: LogLevel, make: typeof buffered) => (RANK[own] >= RANK[level] ? make(own, name) : silent);
      return {
        debug: from("DEBUG", buffered),
        info: from("INFO", buffered),
        warning: from("WARNING", atOnce),
        error: from("ERROR", atOnce),
      };
    },
  };
}

/** A name as a log line can hold it: quoted where it has line breaks or other control characters. */
export function printable(name: string): string {
  if (name === printed.name) return printed.text;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
  printed = { name, text: /[\x00-\x1f\x7f]/.test(name) ? JSON.stringify(name) : name };
  return printed.text;
}

/** A file is spoken of several times in a row. */
let printed = { name: "", text: "" };
