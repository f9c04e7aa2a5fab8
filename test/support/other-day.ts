/** Loaded before a program: its clock is ten years ahead, and every directory is listed in an order of its own. */
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const AHEAD_MS = 10 * 365 * 86_400_000;
const RealDate = Date;

globalThis.Date = class extends RealDate {
  constructor(...given: readonly unknown[]) {
    super(...((given.length === 0 ? [RealDate.now() + AHEAD_MS] : given) as [number]));
  }
  static override now(): number {
    return RealDate.now() + AHEAD_MS;
  }
} as DateConstructor;

const readdirSync = fs.readdirSync;
const readdir = fs.promises.readdir;
fs.readdirSync = ((...given: Parameters<typeof readdirSync>) => shuffled(readdirSync(...given))) as typeof readdirSync;
fs.promises.readdir = (async (...given: Parameters<typeof readdir>) =>
  shuffled(await readdir(...given))) as typeof readdir;
syncBuiltinESMExports();

function shuffled<T>(entries: readonly T[]): T[] {
  return entries
    .map((entry) => ({ entry, key: Math.random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ entry }) => entry);
}
