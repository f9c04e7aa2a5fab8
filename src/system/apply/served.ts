import { open, realpath } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { RuntimeLayout } from "../../core/module/paths.ts";
import { childrenOf, descriptorsOf, sendSignal } from "../../kit/linux/process.ts";
import { nginxMaster } from "./succession.ts";

/** What nginx answered to the clients of a plugin, or of all. */
export interface Figures {
  readonly requests: number;
  /** Answered with 500 and above. */
  readonly failed: number;
  /** Milliseconds within which 99 of 100 were answered; absent without requests. */
  readonly p99Ms?: number;
}

/** What nginx answered while a change was made, by its access log. */
export interface Served {
  readonly all: Figures;
  /** By plugin; those that nobody asked are not there. */
  readonly plugins: Readonly<Record<string, Figures>>;
}

/** Of a log this much is read, in bytes: some hundred thousand requests. */
const MOST_BYTES = 64 * 1024 * 1024;
const LOOK_MS = 5;
/** nginx itself holds nothing back for longer than a second. */
export const COMPLETE_MS = 1_100;

export interface Counting {
  /** What was answered since the start; undefined without a log. `patienceMs`: how long nginx is waited for to write it all. */
  count(patienceMs: number): Promise<Served | undefined>;
}

/** Remembers where the access log ends now; the last second before may be counted too. */
export async function startCounting(layout: RuntimeLayout): Promise<Counting> {
  const file = `${layout.log}/nginx_access.log`;
  askToWrite(nginxMaster(layout));
  const from = await stateOf(file);
  return {
    async count(patienceMs) {
      await complete(layout, file, patienceMs);
      const to = await stateOf(file);
      if (from === undefined || to === undefined || from.inode !== to.inode) return undefined;
      return figuresOf(await textBetween(file, from.size, Math.min(to.size, from.size + MOST_BYTES)));
    },
  };
}

/** Adds up lines of the access log; one that is none is passed over. */
export function figuresOf(text: string): Served {
  const durations = new Map<string, number[]>();
  const failures = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [, seconds, status] = /"duration": ([0-9.]+), "status": (\d{3}),/.exec(line) ?? [];
    const plugin = /"plugin": "([^"]*)"/.exec(line)?.[1];
    if (seconds === undefined || plugin === undefined) continue;
    const known = durations.get(plugin);
    if (known === undefined) durations.set(plugin, [Number(seconds) * 1000]);
    else known.push(Number(seconds) * 1000);
    if (Number(status) >= 500) failures.set(plugin, (failures.get(plugin) ?? 0) + 1);
  }
  const sum = [...failures.values()].reduce((total, count) => total + count, 0);
  const plugins = [...durations].map(([name, own]) => [name, figures(own, failures.get(name) ?? 0)] as const);
  return { all: figures([...durations.values()].flat(), sum), plugins: Object.fromEntries(plugins) };
}

function figures(durations: number[], failed: number): Figures {
  durations.sort((a, b) => a - b);
  const p99 = durations[Math.ceil(durations.length * 0.99) - 1];
  return { requests: durations.length, failed, ...(p99 === undefined ? {} : { p99Ms: Math.round(p99) }) };
}

/** Has nginx write what it holds back: it does so when it opens its logs again, which is no reload. */
function askToWrite(master: number): boolean {
  return master > 1 && sendSignal(master, "SIGUSR1");
}

/** Once a worker of nginx has another descriptor for the log, all is written that it held back. */
async function complete(layout: RuntimeLayout, file: string, patienceMs: number): Promise<void> {
  const end = performance.now() + patienceMs;
  const master = nginxMaster(layout);
  const real = await realpath(file).catch(() => file);
  const before = childrenOf(master).map((worker) => ({ worker, log: descriptorsOf(worker, real) }));
  if (!askToWrite(master)) return;
  // Where descriptors cannot be seen nginx is left the time to write by itself.
  const isSeen = before.length > 0 && before.every(({ log }) => log !== "");
  const isWritten = (): boolean => isSeen && before.every(({ worker, log }) => descriptorsOf(worker, real) !== log);
  while (performance.now() < end && !isWritten()) await delay(LOOK_MS);
}

async function stateOf(file: string): Promise<{ readonly size: number; readonly inode: number } | undefined> {
  try {
    await using handle = await open(file, "r");
    const { size, ino } = await handle.stat();
    return { size, inode: ino };
  } catch {
    return undefined;
  }
}

async function textBetween(file: string, from: number, to: number): Promise<string> {
  await using handle = await open(file, "r");
  const buffer = Buffer.alloc(Math.max(0, to - from));
  const { bytesRead } = await handle.read(buffer, 0, buffer.length, from);
  return buffer.toString("utf8", 0, bytesRead);
}
