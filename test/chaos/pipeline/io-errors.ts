import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A disk that fails, when told so, under processes that have `env`: what changes files there is EIO. It needs a C compiler. */
export class IoErrors implements Disposable {
  readonly env: Record<string, string>;
  readonly #home = mkdtempSync(join(tmpdir(), "io-error-"));
  readonly #order = join(this.#home, "order");
  readonly #fd = openSync(this.#order, "w");

  constructor() {
    const library = join(this.#home, "io-error.so");
    this.fail(false);
    const source = join(import.meta.dirname, "io-error.c");
    execFileSync("cc", ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"]);
    this.env = { LD_PRELOAD: library, METWORK_IO_ERROR: this.#order };
  }

  /** `sync`: only what waits for the disk fails, as where writing went wrong behind a program's back. */
  fail(what: boolean | "sync"): void {
    // In place: a file cut to nothing would be SIGBUS for those that have it mapped.
    writeSync(this.#fd, what === "sync" ? "s" : what ? "1" : "0", 0);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
    rmSync(this.#home, { recursive: true });
  }
}
