import type { LogPolicy } from "../../core/module/log-policy.ts";
import { DEFAULT_LOG_POLICY, LogFile } from "../../kit/log-file.ts";

/** The open log files by path, shared by all processes that write to the same one. */
export class Logs {
  policy: LogPolicy = DEFAULT_LOG_POLICY;
  readonly #files = new Map<string, { readonly file: LogFile; users: number }>();

  /** Whoever borrows a file gives it back with `giveBack`. */
  borrow(path: string): LogFile {
    const known = this.#files.get(path) ?? { file: new LogFile(path, () => this.policy), users: 0 };
    known.users++;
    this.#files.set(path, known);
    return known.file;
  }

  async giveBack(file: LogFile): Promise<void> {
    const known = this.#files.get(file.path);
    if (known === undefined || --known.users > 0) return;
    this.#files.delete(file.path);
    await file.close();
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#files.values()].map(({ file }) => file.close()));
  }
}
