import { statSync } from "node:fs";

/** How often to look whether the files are still the same, milliseconds. */
const LOOK_MS = 1000;

/** What is opened from files and opened again, a second late at most, once one of them is another. */
export class Reopened<T> {
  readonly #paths: readonly string[];
  readonly #open: () => T;
  readonly #close: (old: T) => void;
  #opened: { readonly value: T } | { readonly error: unknown };
  #stamp: string;
  #lookedMs = performance.now();

  constructor(paths: readonly string[], open: () => T, close: (old: T) => void) {
    this.#paths = paths;
    this.#open = open;
    this.#close = close;
    this.#stamp = stampOf(paths);
    this.#opened = this.#tryToOpen();
  }

  /** Throws what opening threw, until the files are others. */
  current(): T {
    const now = performance.now();
    if (now - this.#lookedMs >= LOOK_MS) {
      this.#lookedMs = now;
      const stamp = stampOf(this.#paths);
      if (stamp !== this.#stamp) {
        this.#stamp = stamp;
        this.close();
        this.#opened = this.#tryToOpen();
      }
    }
    if ("error" in this.#opened) throw this.#opened.error;
    return this.#opened.value;
  }

  close(): void {
    if ("value" in this.#opened) this.#close(this.#opened.value);
  }

  #tryToOpen(): { readonly value: T } | { readonly error: unknown } {
    try {
      return { value: this.#open() };
    } catch (error) {
      return { error };
    }
  }
}

function stampOf(paths: readonly string[]): string {
  return paths.map(stampOfOne).join();
}

function stampOfOne(path: string): string {
  try {
    const { ino, size, mtimeNs } = statSync(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch {
    return "";
  }
}
