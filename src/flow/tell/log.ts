import { millisecond, utcSecond } from "../../core/base/utc.ts";
import type { LogLevel } from "../../core/flow/types.ts";

/** What a step, or the daemon itself, says. */
export interface StepLog {
  /** Whether DEBUG is heard, so that what is dear to put together need not be. */
  readonly debugs?: boolean;
  readonly debug: (message: string) => void;
  readonly info: (message: string) => void;
  readonly warning: (message: string) => void;
  readonly error: (message: string) => void;
}

export interface LogSink {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

/** Hears everything that is said. */
export type LogCopy = (level: LogLevel, name: string, time: string, message: string) => void;

export interface Logs {
  /** A log that names its lines `(mfdata.<name>#<pid>)`; `where`: absent, where everything goes. */
  named(name: string, level: LogLevel, where?: LogSink): StepLog;
  /** Writes what is buffered; call it before the process ends. */
  flush(): void;
}

/** A log at the level that is asked for when something is said. */
export function following(level: () => LogLevel, named: (level: LogLevel) => StepLog): StepLog {
  let known = level();
  let log = named(known);
  const now = (): StepLog => {
    if (level() !== known) {
      known = level();
      log = named(known);
    }
    return log;
  };
  return {
    get debugs() {
      return now().debugs === true;
    },
    debug: (message) => now().debug(message),
    info: (message) => now().info(message),
    warning: (message) => now().warning(message),
    error: (message) => now().error(message),
  };
}

export const RANK: Readonly<Record<LogLevel, number>> = { DEBUG: 0, INFO: 1, WARNING: 2, ERROR: 3, CRITICAL: 4 };
const FLUSH_MS = 100;
const FLUSH_CHARS = 64 * 1024;
const LEVEL_WIDTH = 11;

/**
 * Writes lines as the predecessor does: `2019-01-28T07:52:42.903067Z  [WARNING] (mfdata.p.s#PID) message`, DEBUG and
 * INFO to stdout, the others to stderr. Lines are written together, a write per line would cost more than a step.
 */
export function openLogs(sink: LogSink, pid: number, copy?: LogCopy): Logs {
  const writers = new Map<LogSink, Writer>();
  const now = clock();
  return {
    flush: () => {
      for (const writer of writers.values()) writer.flush();
    },
    named: (name, level, where = sink) => {
      const writer = writers.get(where) ?? new Writer(where);
      writers.set(where, writer);
      const said = (own: LogLevel, write: (line: string) => void) => {
        if (RANK[own] < RANK[level]) return silent;
        const from = `${`[${own}]`.padStart(LEVEL_WIDTH)} (mfdata.${name}#${pid}) `;
        let lastTime = "";
        let head = "";
        return (message: string): void => {
          const time = now();
          if (time !== lastTime) {
            lastTime = time;
            head = time + from;
          }
          write(`${head + message}\n`);
          copy?.(own, name, time, message);
        };
      };
      const later = (line: string): void => writer.later(line);
      const atOnce = (line: string): void => writer.atOnce(line);
      return {
        debugs: RANK[level] === RANK.DEBUG,
        debug: said("DEBUG", later),
        info: said("INFO", later),
        warning: said("WARNING", atOnce),
        error: said("ERROR", atOnce),
      };
    },
  };
}

class Writer {
  readonly #sink: LogSink;
  #lines = "";
  #timer: NodeJS.Timeout | undefined;

  constructor(sink: LogSink) {
    this.#sink = sink;
  }

  later(line: string): void {
    this.#lines += line;
    if (this.#lines.length > FLUSH_CHARS) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  atOnce(line: string): void {
    this.flush();
    this.#sink.stderr(line);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#lines;
    this.#lines = "";
    if (text !== "") this.#sink.stdout(text);
  }
}

/** The time as lines have it, made once a millisecond. */
function clock(): () => string {
  let lastMs = 0;
  let lastTime = "";
  return () => {
    const ms = Date.now();
    if (ms !== lastMs) {
      lastMs = ms;
      lastTime = `${utcSecond(ms)}.${millisecond(ms)}000Z`;
    }
    return lastTime;
  };
}

/** All tags, one a line of DEBUG. */
export function logTags(log: StepLog, prefix: string, tags: ReadonlyMap<string, string>): void {
  if (!log.debugs) return;
  for (const [name, value] of tags) log.debug(`${prefix}${name} = ${printable(value)}`);
}

function silent(): void {
  // Less important than what is asked for.
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
