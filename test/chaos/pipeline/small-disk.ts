import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const SIZE = "32m";
const BLOCK = Buffer.alloc(64 * 1024);

/** A file system of its own that can be full or read-only. */
export interface SmallDisk {
  readonly directory: string;
  fill(): void;
  empty(): void;
  /** False: somebody has a file open for writing at this moment. */
  setReadOnly(readOnly: boolean): boolean;
  remove(): void;
}

/** undefined: without the right to mount one. */
export function mountSmallDisk(): SmallDisk | undefined {
  const directory = mkdtempSync(join(tmpdir(), "disk-"));
  const ballast = join(directory, "ballast");
  if (spawnSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE}`, "tmpfs", directory]).status !== 0) return undefined;
  return {
    directory,
    fill: () => {
      const fd = openSync(ballast, "w");
      try {
        for (let size = BLOCK.length; size >= 1; size = Math.floor(size / 2)) writeUntilFull(fd, size);
      } finally {
        closeSync(fd);
      }
    },
    empty: () => unlinkSync(ballast),
    setReadOnly: (readOnly) => spawnSync("mount", ["-o", `remount,${readOnly ? "ro" : "rw"}`, directory]).status === 0,
    remove: () => {
      spawnSync("umount", ["-l", directory]);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function writeUntilFull(fd: number, size: number): void {
  try {
    while (writeSync(fd, BLOCK, 0, size) === size);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
  }
}
