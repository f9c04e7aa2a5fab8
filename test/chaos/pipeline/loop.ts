import { spawnSync } from "node:child_process";

/** Makes an ext4 in a file; all of it is for files, nothing kept back for root. False: there is no mkfs.ext4 here. */
export function makeImage(image: string, megabytes: number): boolean {
  return ran("mkfs.ext4", "-q", "-F", "-m", "0", image, `${megabytes}M`);
}

/** Mounts it. False: there is no right to. */
export function mountImage(image: string, directory: string): boolean {
  return ran("mount", "-o", "loop", image, directory);
}

/** Takes it away, now or when nobody uses it any more. */
export function unmount(directory: string): boolean {
  return ran("umount", "--lazy", directory);
}

/** Whether a program ended well. */
export function ran(program: string, ...args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: "ignore" }).status === 0;
}
