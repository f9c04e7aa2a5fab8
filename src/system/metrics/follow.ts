import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";

const CHUNK = 256 * 1024;

/** Reads what is appended to a log file, from its end when it is first seen, over rotations by rename. */
export class Follower {
  readonly #path: string;
  readonly #mostBytes: number;
  readonly #buffer = Buffer.allocUnsafe(CHUNK);
  #fd: number | undefined;
  #offset = 0;
  #rest = "";
  #first = true;

  /** `mostBytes`: of what was written between two calls only the last so many bytes are read. */
  constructor(path: string, mostBytes = Number.POSITIVE_INFINITY) {
    this.#path = path;
    this.#mostBytes = mostBytes;
  }

  /** The lines completed since the last call. */
  read(): string[] {
    const lines = this.#fd === undefined ? [] : this.#appended();
    if (!this.#isCurrent()) {
      this.close();
      this.#open();
      lines.push(...(this.#fd === undefined ? [] : this.#appended()));
    }
    this.#first = false;
    return lines;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #open(): void {
    try {
      this.#fd = openSync(this.#path, "r");
    } catch {
      return;
    }
    this.#offset = this.#first ? fstatSync(this.#fd).size : 0;
    this.#rest = "";
  }

  #isCurrent(): boolean {
    if (this.#fd === undefined) return false;
    const there = statSync(this.#path, { throwIfNoEntry: false });
    // Not there: between the rename and the new file, or gone for good; what is open is still read.
    if (there === undefined) return true;
    const open = fstatSync(this.#fd);
    return there.ino === open.ino && there.dev === open.dev && there.size >= this.#offset;
  }

  #appended(): string[] {
    const fd = this.#fd;
    if (fd === undefined) return [];
    const skipped = fstatSync(fd).size - this.#mostBytes;
    const isLate = skipped > this.#offset;
    let text = isLate ? "" : this.#rest;
    if (isLate) this.#offset = skipped;
    for (;;) {
      const length = readSync(fd, this.#buffer, 0, CHUNK, this.#offset);
      if (length === 0) break;
      this.#offset += length;
      text += this.#buffer.toString("latin1", 0, length);
    }
    const lines = text.split("\n");
    this.#rest = lines.pop() ?? "";
    // The first of them was begun in what is left out.
    return isLate ? lines.slice(1) : lines;
  }
}
