import { chmodSync, lstatSync, statSync } from "node:fs";
import { posix } from "node:path";
import type { Hint } from "../../core/flow/hint.ts";
import { systemPath } from "../../core/flow/names.ts";
import type { WatchedDirectory } from "../../core/flow/types.ts";
import { checkpoint } from "../../kit/checkpoint.ts";
import { type Inotify, openInotify } from "../../kit/linux/inotify.ts";
import { isBeingWritten } from "../../kit/linux/lease.ts";
import { dropStaleSidecar } from "../../kit/tags.ts";
import { codeOf, messageOf } from "../errors.ts";
import { SETTLE_MS } from "../file/claim.ts";
import { makeDirectory } from "../file/directory.ts";
import type { StepLog } from "../tell/log.ts";
import { Doorkeeper } from "./doorkeeper.ts";
import { Listing } from "./scan.ts";

export interface ObserverOptions {
  readonly ignored: (name: string) => boolean;
  /** Seconds; 0: never. */
  readonly forcedPollS: number;
  /** Announcements a listing leaves waiting per step at most; 0: no limit. */
  readonly limit: number;
}

export interface ObserverSink {
  push(key: string, hint: Hint): void;
  /** Announcements on their way to a step. */
  waiting(key: string): number;
}

interface Watched {
  readonly spec: WatchedDirectory;
  /** inotify's number; undefined while the directory cannot be watched. */
  watch: number | undefined;
  listing: Listing | undefined;
  /** A listing is wanted after the one in progress. */
  again: boolean;
  /** Where the sender shows otherwise than by closing a file that it is complete. */
  readonly door: Doorkeeper | undefined;
}

/** Names taken from a listing before others get their turn. */
const SLICE = 500;
const RETRY_MS = 1000;
const DRAIN_POLL_MS = 20;

/** Finds files: the kernel announces what is complete, listings find the rest. */
export class Observer {
  readonly #sink: ObserverSink;
  readonly #log: StepLog;
  readonly #dataIn: string;
  readonly #inotify: Inotify;
  readonly #watched = new Map<string, Watched>();
  readonly #byWatch = new Map<number, Watched>();
  /** Directories found below others, which are not made again when they go. */
  readonly #below = new Set<string>();
  readonly #later = new Map<string, NodeJS.Timeout>();
  #options: ObserverOptions;
  #poll: NodeJS.Timeout | undefined;
  #listing: NodeJS.Timeout | NodeJS.Immediate | undefined;
  #closed = false;

  constructor(dataIn: string, options: ObserverOptions, sink: ObserverSink, log: StepLog) {
    this.#dataIn = dataIn;
    this.#options = options;
    this.#sink = sink;
    this.#log = log;
    this.#inotify = openInotify(
      {
        complete: (watch, name, moved) => this.#complete(watch, name, moved),
        directory: (watch, name) => this.#directory(watch, name),
        appeared: (watch, name) => this.#appeared(watch, name),
        gone: (watch) => this.#gone(watch),
        overflow: () => {
          this.#log.warning("the kernel's queue of events overflowed; listing every directory");
          this.listAll();
        },
      },
      dataIn,
    );
  }

  /** Watches these directories and no others, and lists each of them. */
  watch(directories: readonly WatchedDirectory[], options: ObserverOptions): void {
    this.#options = options;
    const wanted = new Set(directories.map(({ directory }) => directory));
    const trees = directories.filter(({ recursive }) => recursive);
    for (const [directory, watched] of this.#watched) {
      if (wanted.has(directory)) continue;
      const above = this.#below.has(directory) && trees.find((tree) => directory.startsWith(`${tree.directory}/`));
      if (above) this.#add({ ...above, directory, external: false });
      else this.#forget(watched);
    }
    for (const spec of directories) {
      this.#add(spec);
    }
    clearInterval(this.#poll);
    if (options.forcedPollS > 0) this.#poll = setInterval(() => this.listAll(), options.forcedPollS * 1000);
    this.#listSoon();
  }

  #add(spec: WatchedDirectory): void {
    const known = this.#watched.get(spec.directory);
    known?.door?.close();
    const watched: Watched = {
      spec,
      watch: known?.watch,
      listing: known?.listing,
      again: true,
      door: spec.complete && new Doorkeeper(spec.directory, spec.complete, (name) => announce(name), this.#log),
    };
    const announce = (name: string): void => this.#announce(watched, name, "created");
    this.#watched.set(spec.directory, watched);
    if (watched.watch !== undefined) this.#byWatch.set(watched.watch, watched);
    else this.#open(watched);
  }

  listAll(): void {
    for (const watched of this.#watched.values()) watched.again = true;
    this.#listSoon();
  }

  /** Lists the directories that feed these steps. */
  listFor(keys: readonly string[]): void {
    for (const watched of this.#watched.values()) {
      if (watched.spec.steps.some((key) => keys.includes(key))) watched.again = true;
    }
    this.#listSoon();
  }

  /** Lists a directory after a while, by default once a file in it that may be incomplete has had time to settle. */
  listLater(directory: string, afterMs = SETTLE_MS): void {
    if (this.#later.has(directory) || this.#closed) return;
    const look = (): void => {
      this.#later.delete(directory);
      const watched = this.#watched.get(directory);
      if (watched === undefined) return;
      watched.again = true;
      this.#listSoon();
    };
    this.#later.set(directory, setTimeout(look, afterMs));
  }

  isWatchedFor(directory: string, key: string): boolean {
    return this.#watched.get(directory)?.spec.steps.includes(key) ?? false;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#poll);
    clearTimeout(this.#listing as NodeJS.Timeout | undefined);
    clearImmediate(this.#listing as NodeJS.Immediate | undefined);
    for (const timer of this.#later.values()) clearTimeout(timer);
    for (const { door } of this.#watched.values()) door?.close();
    await this.#inotify.close();
  }

  #complete(watch: number, name: string, moved: boolean): void {
    const watched = this.#byWatch.get(watch);
    if (watched === undefined || this.#options.ignored(name)) return;
    if (watched.door === undefined) this.#announce(watched, name, "created");
    else watched.door.notice(name, moved ? "moved" : "closed");
  }

  /** One below a directory that is watched with all below it; a hidden one is its owner's business. */
  #directory(watch: number, name: string): void {
    const watched = this.#byWatch.get(watch);
    if (watched?.spec.recursive) this.#descend(watched.spec, name);
  }

  #descend(above: WatchedDirectory, name: string): void {
    const directory = posix.join(above.directory, name);
    if (name.startsWith(".") || this.#watched.has(directory) || this.#options.ignored(name)) return;
    this.#below.add(directory);
    this.#add({ ...above, directory, external: false });
  }

  /** Only a link(2) makes a finished file appear; a file nobody writes and that is not empty was one. */
  #appeared(watch: number, name: string): void {
    const watched = this.#byWatch.get(watch);
    if (watched === undefined || this.#options.ignored(name)) return;
    const path = posix.join(watched.spec.directory, name);
    const stat = lstatSync(systemPath(path), { throwIfNoEntry: false });
    if (watched.door !== undefined) {
      if (stat?.isFile()) watched.door.notice(name, stat.nlink > 1 ? "moved" : "made");
      return;
    }
    if (!stat?.isFile() || (stat.size === 0 && stat.nlink === 1)) return;
    const writing = isBeingWritten(path);
    if (writing === "no" || (writing === "unknown" && stat.nlink > 1)) this.#announce(watched, name, "created");
    else if (writing === "unknown") this.listLater(watched.spec.directory);
  }

  #announce({ spec }: Watched, filename: string, event: Hint["event"]): void {
    for (const key of spec.steps) this.#sink.push(key, { directory: spec.directory, filename, event });
    checkpoint("announced");
  }

  #gone(watch: number): void {
    const watched = this.#byWatch.get(watch);
    this.#byWatch.delete(watch);
    if (watched === undefined || this.#closed) return;
    watched.watch = undefined;
    if (this.#below.has(watched.spec.directory)) {
      this.#forget(watched);
      return;
    }
    this.#log.warning(`${watched.spec.directory} was taken away; making it again`);
    this.#open(watched);
  }

  /** Makes the directory when it is missing, watches it, and has it listed; tries again later when that fails. */
  #open(watched: Watched): void {
    const { spec } = watched;
    if (this.#closed || this.#watched.get(spec.directory) !== watched) return;
    try {
      if (!this.#below.has(spec.directory)) makeDirectory(spec.directory);
      if (spec.external && spec.directory.startsWith(`${this.#dataIn}/`)) makeGroupWritable(spec.directory);
      watched.watch = this.#inotify.watch(spec.directory);
      this.#byWatch.set(watched.watch, watched);
      watched.again = true;
      this.#listSoon();
    } catch (error) {
      if (this.#below.has(spec.directory) && codeOf(error) === "ENOENT") {
        this.#forget(watched);
        return;
      }
      this.#log.warning(`${spec.directory} cannot be watched: ${messageOf(error)}`);
      setTimeout(() => this.#open(watched), RETRY_MS).unref();
    }
  }

  #forget(watched: Watched): void {
    this.#watched.delete(watched.spec.directory);
    this.#below.delete(watched.spec.directory);
    watched.door?.close();
    watched.listing?.close();
    if (watched.watch === undefined) return;
    this.#byWatch.delete(watched.watch);
    this.#inotify.unwatch(watched.watch);
  }

  #listSoon(): void {
    if (!this.#closed) this.#listing ??= setImmediate(() => this.#listSlice());
  }

  /** Takes a slice of every listing in progress; those whose steps have enough to do wait. */
  #listSlice(): void {
    this.#listing = undefined;
    let held = false;
    let more = false;
    for (const watched of this.#watched.values()) {
      if (watched.listing === undefined && !watched.again) continue;
      if (this.#isFull(watched.spec)) held = true;
      else more = this.#listSome(watched) || more;
    }
    if (this.#closed) return;
    if (more) this.#listSoon();
    else if (held) this.#listing ??= setTimeout(() => this.#listSlice(), DRAIN_POLL_MS);
  }

  #isFull(spec: WatchedDirectory): boolean {
    return this.#options.limit > 0 && spec.steps.some((key) => this.#sink.waiting(key) >= this.#options.limit);
  }

  /** Returns whether there is more. */
  #listSome(watched: Watched): boolean {
    try {
      if (watched.listing === undefined) {
        watched.again = false;
        watched.listing = new Listing(watched.spec.directory);
      }
      for (let count = 0; count < SLICE; count++) {
        const name = watched.listing.next();
        if (name === undefined) {
          if (watched.spec.recursive)
            for (const below of watched.listing.directories) this.#descend(watched.spec, below);
          watched.listing = undefined;
          return watched.again;
        }
        if (!this.#options.ignored(name)) {
          if (watched.door === undefined) this.#announce(watched, name, "exists");
          else watched.door.notice(name, "listed");
        } else if (!watched.spec.external) dropStaleSidecar(watched.spec.directory, name, Date.now());
      }
      return true;
    } catch (error) {
      watched.listing = undefined;
      if (codeOf(error) !== "ENOENT") this.#log.warning(`${watched.spec.directory}: ${messageOf(error)}`);
      return false;
    }
  }
}

/** Outsiders of the module's group put files there. */
function makeGroupWritable(directory: string): void {
  const { mode } = statSync(directory);
  if ((mode & 0o020) === 0) chmodSync(directory, (mode & 0o7777) | 0o020);
}
