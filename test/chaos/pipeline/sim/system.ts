/**
 * What the pipeline calls of node:fs, node:fs/promises and src/kit/linux, on the disk of the schedule that runs now. The
 * loader hook in hooks.ts puts it in their place.
 */
import { Disk, deviceOf, type Inode } from "./disk.ts";

const DIRECTORY: Inode = { data: "", attribute: undefined, links: 1 };
const numbers = new WeakMap<Inode, number>();
let lastNumber = 0;
let disk = new Disk();

export function useDisk(next: Disk): void {
  disk = next;
}

export function lstatSync(path: string, { throwIfNoEntry = true } = {}) {
  disk.look();
  const known = disk.files.get(path);
  if (known === undefined && disk.directories.has(path)) return { ...statOf(path, DIRECTORY), isFile: () => false };
  if (known === undefined && !throwIfNoEntry) return undefined;
  return statOf(path, disk.at(path));
}

function statOf(path: string, inode: Inode) {
  const time = new Date(0);
  const number = numbers.get(inode) ?? ++lastNumber;
  numbers.set(inode, number);
  return {
    isFile: () => true,
    size: inode.data.length,
    dev: deviceOf(path),
    ino: number,
    nlink: inode.links,
    uid: process.getuid?.() ?? 0,
    atime: time,
    mtime: time,
    mtimeMs: 0,
    ctimeMs: 0,
  };
}

export function renameSync(from: string, to: string): void {
  disk.rename(from, to, true);
}

export function renameUnlessTaken(from: string, to: string): boolean {
  return disk.rename(from, to, false);
}

/** The name appears last: a death before leaves nothing. */
export function writeWhole(path: string, text: string): boolean {
  disk.look();
  if (disk.files.has(path)) return false;
  disk.create(path, text, true);
  return true;
}

export function unlinkSync(path: string): void {
  disk.unlink(path);
}

export function linkSync(from: string, to: string): void {
  disk.link(from, to);
}

export function symlinkSync(target: string, path: string): void {
  disk.create(path, target, true);
}

export function readlinkSync(path: string): Buffer {
  return Buffer.from(disk.at(path).data);
}

export function mkdirSync(path: string): void {
  disk.makeDirectory(path);
}

export function readdirSync(path: string): string[] {
  return disk.list(path);
}

export function chmodSync(path: string): void {
  disk.at(path);
}

export function utimesSync(path: string): void {
  disk.at(path);
}

export function readFileSync(path: string): string {
  return disk.at(path).data;
}

export function writeFileSync(path: string, text: string): void {
  disk.create(path);
  disk.create(path, text);
}

export function copyFileSync(from: string, to: string): void {
  const { data } = disk.at(from);
  disk.create(to);
  disk.create(to, data);
}

export function openSync(path: string, flags: string): number {
  return disk.openFile(flags.startsWith("w") ? disk.create(path, "", flags === "wx") : disk.at(path));
}

export function writeSync(fd: number, text: string): void {
  disk.change(`fd ${fd}`);
  const inode = disk.open.get(fd);
  if (inode !== undefined) inode.data += text;
}

export function readSync(): number {
  return 0;
}

export function closeSync(fd: number): void {
  disk.open.delete(fd);
}

export async function copyFile(from: string, to: string): Promise<void> {
  copyFileSync(from, to);
}

export async function unlink(path: string): Promise<void> {
  unlinkSync(path);
}

export async function rm(path: string): Promise<void> {
  if (disk.files.has(path)) unlinkSync(path);
}

export async function utimes(path: string): Promise<void> {
  utimesSync(path);
}

export async function open(path: string) {
  if (!disk.directories.has(path)) disk.at(path);
  return { sync: async () => disk.look(), close: async () => undefined };
}

export function hasXattr(path: string): boolean | "gone" {
  disk.look();
  const file = disk.files.get(path);
  return file === undefined ? "gone" : file.attribute !== undefined;
}

export function getXattr(path: string): string | undefined {
  disk.look();
  return disk.files.get(path)?.attribute;
}

export function setXattr(path: string, _name: string, value: string): boolean {
  const inode = disk.at(path);
  disk.change(path);
  inode.attribute = value;
  return true;
}

export function removeXattr(path: string): void {
  disk.look();
  const inode = disk.files.get(path);
  if (inode?.attribute === undefined) return;
  disk.change(path);
  inode.attribute = undefined;
}

export function isBeingWritten(): "no" {
  return "no";
}
