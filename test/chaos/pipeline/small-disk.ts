import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeImage, mountImage, ran, unmount } from "./loop.ts";

const SIZE_MB = 32;
const BLOCK = Buffer.alloc(64 * 1024);

/** A file system of its own, an ext4 on a loop device, that can be full or read-only. */
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
  const home = mkdtempSync(join(tmpdir(), "disk-"));
  const [image, directory] = [join(home, "image"), join(home, "d")];
  const ballast = join(directory, "ballast");
  mkdirSync(directory);
  if (!makeImage(image, SIZE_MB) || !mountImage(image, directory)) {
    rmSync(home, { recursive: true });
    return undefined;
  }
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
    setReadOnly: (readOnly) => ran("mount", "-o", `remount,${readOnly ? "ro" : "rw"}`, directory),
    remove: () => {
      unmount(directory);
      rmSync(home, { recursive: true, force: true });
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
