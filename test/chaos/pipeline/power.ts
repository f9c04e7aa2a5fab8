import { closeSync, fsyncSync, mkdirSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import koffi from "koffi";
import { makeImage, mountImage, ran, unmount } from "./loop.ts";

const ioctl = koffi.load("libc.so.6").func("int ioctl(int fd, unsigned long request, _Inout_ uint32_t *argument)");
/** Of the kernel's ext4.h: stop at once and write nothing any more, neither data nor the journal. */
const EXT4_IOC_SHUTDOWN = 0x8004587d;
const NOLOGFLUSH = 2;
const IMAGE_MB = 512;

/** An ext4 of its own on a loop device, which forgets at a cut what was not synced, as the real one does without power. */
export class PowerDisk {
  readonly directory: string;
  readonly #home: string;
  #cuts = 0;

  /** undefined: no right to mount one here, or no mkfs.ext4. */
  static make(): PowerDisk | undefined {
    const disk = new PowerDisk();
    if (makeImage(disk.#image, IMAGE_MB) && disk.#mount()) return disk;
    rmSync(disk.#home, { recursive: true, force: true });
    return undefined;
  }

  private constructor() {
    this.#home = mkdtempSync(join(tmpdir(), "metwork-power-"));
    this.directory = join(this.#home, "disk");
    mkdirSync(this.directory);
  }

  get #image(): string {
    return join(this.#home, `image${this.#cuts}`);
  }

  /** From now on nothing reaches the disk, and every call on it fails. */
  cut(): void {
    const fd = openSync(this.directory, "r");
    try {
      if (ioctl(fd, EXT4_IOC_SHUTDOWN, [NOLOGFLUSH]) !== 0) throw new Error(`ioctl: errno ${koffi.errno()}`);
    } finally {
      closeSync(fd);
    }
  }

  /**
   * The power is back. What is mounted is a copy: whoever made a mount namespace meanwhile still holds the file system that
   * was cut, and the kernel would hand that one out again.
   */
  restore(): void {
    const before = this.#image;
    this.#cuts += 1;
    const done = unmount(this.directory) && ran("cp", "--sparse=always", before, this.#image) && this.#mount();
    if (!done) throw new Error(`${this.directory} cannot be mounted`);
    rmSync(before);
  }

  close(): void {
    unmount(this.directory);
    rmSync(this.#home, { recursive: true, force: true });
  }

  #mount(): boolean {
    return mountImage(this.#image, this.directory);
  }
}

/** Makes a file, or the names in a directory, survive a cut. */
export function sync(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
