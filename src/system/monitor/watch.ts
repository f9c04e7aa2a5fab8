import { type FSWatcher, lstatSync, realpathSync, statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { changedPaths, type Fingerprint, fingerprintOf } from "./fingerprint.ts";

/** How long inputs must be quiet before a change counts: editors and package tools write several files. */
const SETTLE_MS = 30;
/** The longest that restless inputs are waited for. */
const RESTLESS_MS = 500;
/** How often everything is looked at, for what the kernel does not tell: network mounts, a queue that ran over. */
const LOOK_MS = 30_000;

export interface InputWatcher extends Disposable {
  /** Replaces the set of watched inputs; true when some were not watched before. From the return on no change is missed. */
  watch(inputs: readonly string[]): boolean;
  /** Whether something changed that was not taken yet. */
  pending(): boolean;
  /** What changed since the last call, as soon as something did and it is quiet; empty when aborted. */
  next(signal: AbortSignal): Promise<readonly string[]>;
}

/** One watched directory. */
interface Place {
  readonly watcher: FSWatcher;
  readonly inode: number;
  /** The inputs an entry of the directory is about, by its name; `undefined`: any entry is about these. */
  readonly inputs: Map<string | undefined, Set<string>>;
}

/** Watches a set of files and directories (not what is below these), existing or not: through the directories they are in. */
export function watchInputs(): InputWatcher {
  const known = new Map<string, Fingerprint>();
  const places = new Map<string, Place>();
  /** Inputs of which something was heard. */
  const heard = new Set<string>();
  /** What of it came to a change. */
  const ready = new Set<string>();
  let firstHeard = 0;
  let lastHeard = 0;
  let wake: (() => void) | undefined;
  const looking = setInterval(() => hear(known.keys()), LOOK_MS);
  looking.unref();

  function hear(inputs: Iterable<string>): void {
    if (heard.size === 0 && ready.size === 0) firstHeard = performance.now();
    lastHeard = performance.now();
    for (const input of inputs) heard.add(input);
    wake?.();
  }

  function place(directory: string, name: string | undefined, input: string): void {
    const found = places.get(directory) ?? open(directory);
    if (found === undefined) return;
    const inputs = found.inputs.get(name) ?? new Set();
    found.inputs.set(name, inputs.add(input));
  }

  function open(directory: string): Place | undefined {
    try {
      const inputs: Place["inputs"] = new Map();
      const watcher = watch(directory, { persistent: false }, (_, name) => {
        // The last part of the directory's own path: it went away itself.
        const about = name === null || !inputs.has(name) ? [] : [...(inputs.get(name) ?? [])];
        const isGone = name === basename(directory) || name === null;
        const all = isGone ? [...inputs.values()].flatMap((some) => [...some]) : [];
        const any = [...about, ...(inputs.get(undefined) ?? []), ...all];
        if (any.length > 0) hear(any);
      });
      watcher.on("error", () => hear([...inputs.values()].flatMap((some) => [...some])));
      const opened = { watcher, inode: statSync(directory).ino, inputs };
      places.set(directory, opened);
      return opened;
    } catch {
      return undefined;
    }
  }

  /** A directory that was replaced under its name is another one for the kernel. Gives the inputs that were watched there. */
  function closeStale(): readonly string[] {
    return [...places].flatMap(([directory, { watcher, inode, inputs }]) => {
      if (statSync(directory, { throwIfNoEntry: false })?.ino === inode) return [];
      watcher.close();
      places.delete(directory);
      return [...inputs.values()].flatMap((some) => [...some]);
    });
  }

  function follow(input: string): void {
    const found = statSync(input, { throwIfNoEntry: false });
    if (found?.isDirectory() === true) place(input, undefined, input);
    const [directory, name] = nearest(input);
    place(directory, name, input);
    if (found === undefined || lstatSync(input, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return;
    const target = realpathSync(input);
    place(dirname(target), basename(target), input);
  }

  /** Looks at what was heard of. All is watched where it is now before it is looked at. */
  function look(): void {
    const inputs = [...new Set([...heard, ...closeStale()])].filter((input) => known.has(input));
    heard.clear();
    for (const input of inputs) follow(input);
    for (const input of inputs) {
      const now = fingerprintOf(input);
      for (const path of changedPaths(known.get(input) ?? new Map(), now)) ready.add(path);
      known.set(input, now);
    }
  }

  return {
    watch(inputs) {
      const wanted = new Set(inputs);
      for (const input of closeStale()) if (wanted.has(input)) follow(input);
      for (const input of known.keys()) if (!wanted.has(input)) known.delete(input);
      const added = [...wanted].filter((input) => !known.has(input));
      for (const input of added) follow(input);
      for (const input of added) known.set(input, fingerprintOf(input));
      for (const [directory, { watcher, inputs: about }] of places) {
        for (const [name, some] of about) {
          for (const input of some) if (!wanted.has(input)) some.delete(input);
          if (some.size === 0) about.delete(name);
        }
        if (about.size > 0) continue;
        watcher.close();
        places.delete(directory);
      }
      return added.length > 0;
    },
    pending() {
      if (heard.size > 0) look();
      return ready.size > 0;
    },
    async next(signal) {
      while (!signal.aborted) {
        const now = performance.now();
        const due = Math.min(lastHeard + SETTLE_MS, firstHeard + RESTLESS_MS);
        const isWaiting = heard.size > 0 || ready.size > 0;
        if (isWaiting && now >= due) {
          look();
          const changed = [...ready].sort();
          ready.clear();
          if (changed.length > 0) return changed;
        } else {
          await pause(isWaiting ? due - now : undefined, signal);
        }
      }
      return [];
    },
    [Symbol.dispose]() {
      clearInterval(looking);
      for (const { watcher } of places.values()) watcher.close();
    },
  };

  /** Waits until the time is over, something is heard, or it is aborted. */
  function pause(ms: number | undefined, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(end, ms ?? 2 ** 31 - 1);
      function end(): void {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        wake = undefined;
        resolve();
      }
      signal.addEventListener("abort", end, { once: true });
      wake = ms === undefined ? end : undefined;
    });
  }
}

/** The nearest directory that exists above a path, and which of its entries leads there. */
function nearest(path: string): readonly [directory: string, name: string] {
  let name = basename(path);
  let directory = dirname(path);
  while (directory !== "/" && statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) {
    name = basename(directory);
    directory = dirname(directory);
  }
  return [directory, name];
}
