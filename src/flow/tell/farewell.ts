import { renameSync, unlinkSync } from "node:fs";
import { posix } from "node:path";
import { claimId } from "../../core/flow/claim-name.ts";
import { makeDirectory } from "../file/directory.ts";
import type { FlowFile } from "../types.ts";

/** Removed files that wait for their digest: more are removed without one. */
const FILES_MAX = 10_000;
const BYTES_MAX = 256 * 1024 * 1024;

/**
 * Lets files that the pipeline removes wait for the trace, which takes their digest and removes them: they are renamed
 * instead of unlinked, which costs the same. No file ever waits for room there.
 */
export class Farewell {
  #room: string | undefined;
  #files = 0;
  #bytes = 0;

  /** The directory, on the file system of the claims; undefined: they are removed at once. */
  adopt(room: string | undefined): void {
    this.#room = room;
    if (room !== undefined) makeDirectory(room, 0o750);
  }

  /** The trace's new process has emptied the room. */
  reset(): void {
    this.#files = 0;
    this.#bytes = 0;
  }

  /** So many have their digest. */
  done(files: number, bytes: number): void {
    this.#files = Math.max(0, this.#files - files);
    this.#bytes = Math.max(0, this.#bytes - bytes);
  }

  /** False: it is still there, to be removed. */
  take(file: FlowFile, from: string): boolean {
    if (this.#room === undefined || this.#files >= FILES_MAX || this.#bytes + file.size > BYTES_MAX) return false;
    const name = `gone-${claimId(posix.basename(from))}`;
    try {
      renameSync(from, posix.join(this.#room, name));
    } catch {
      return false;
    }
    this.#files += 1;
    this.#bytes += file.size;
    file.removedAs = name;
    return true;
  }

  /** One of which the trace will not hear. */
  drop(name: string, bytes: number): void {
    if (this.#room === undefined) return;
    this.done(1, bytes);
    try {
      unlinkSync(posix.join(this.#room, name));
    } catch {
      // The trace or the collector was faster.
    }
  }
}
