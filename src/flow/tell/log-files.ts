import type { LogPaths } from "../../core/flow/types.ts";
import type { LogPolicy } from "../../core/module/log-policy.ts";
import { DEFAULT_LOG_POLICY, LogFile } from "../../kit/log-file.ts";
import type { LogSink } from "./log.ts";

/** The log files that the daemon writes itself: opened when something is said, rotated, never waited for. */
export class LogFiles {
  readonly #files = new Map<string, LogFile>();
  readonly #sinks = new Map<string, LogSink>();
  #policy: LogPolicy = DEFAULT_LOG_POLICY;

  /** From now on rotated so; those of other paths than these are closed. */
  adopt(policy: LogPolicy | undefined, paths: readonly LogPaths[]): void {
    this.#policy = policy ?? DEFAULT_LOG_POLICY;
    const kept = new Set(paths.flatMap(({ stdout, stderr }) => [stdout, stderr ?? stdout]));
    for (const [path, file] of this.#files) if (!kept.has(path)) void file.close();
  }

  sink({ stdout, stderr = stdout }: LogPaths): LogSink {
    const key = `${stdout}\0${stderr}`;
    const known = this.#sinks.get(key);
    if (known !== undefined) return known;
    const sink = { stdout: this.#writer(stdout), stderr: this.#writer(stderr) };
    this.#sinks.set(key, sink);
    return sink;
  }

  /** Resolves when everything is written. */
  async close(): Promise<void> {
    await Promise.all([...this.#files.values()].map((file) => file.close()));
  }

  #writer(path: string): (text: string) => void {
    const file = this.#files.get(path) ?? new LogFile(path, () => this.#policy);
    this.#files.set(path, file);
    return (text) => void file.write(Buffer.from(text));
  }
}
