import { type Dir, opendirSync } from "node:fs";
import { nameFromLatin1, systemPath } from "../../core/flow/names.ts";

const READ_AHEAD = 256;

/**
 * Lists a directory a few names at a time, so that a million files are neither read at once nor kept in memory. Names
 * that arrive or leave meanwhile may be missed or repeated.
 */
export class Listing {
  readonly #dir: Dir;
  /** Names of the directories passed by so far. */
  readonly directories: string[] = [];
  constructor(directory: string) {
    // Latin-1 keeps every byte of a name, whatever its encoding.
    this.#dir = opendirSync(systemPath(directory), { encoding: "latin1", bufferSize: READ_AHEAD });
  }

  /** The next regular file's name; undefined at the end, when the directory is closed. */
  next(): string | undefined {
    for (let entry = this.#dir.readSync(); entry !== null; entry = this.#dir.readSync()) {
      if (entry.isFile()) return nameFromLatin1(entry.name);
      if (entry.isDirectory()) this.directories.push(nameFromLatin1(entry.name));
    }
    this.#dir.closeSync();
    return undefined;
  }

  close(): void {
    this.#dir.closeSync();
  }
}
