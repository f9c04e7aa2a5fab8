import { closeSync, existsSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeSync } from "node:fs";
import { posix } from "node:path";
import { HIDDEN_PREFIX } from "../../core/flow/names.ts";
import { TAG, type Tags } from "../../core/flow/tags.ts";
import { dropSidecar, moveSidecar, writeTags } from "../../kit/tags.ts";
import { makeDirectory } from "../file/directory.ts";
import { randomUid, uniqueName } from "../file/ids.ts";

export interface StoreOptions {
  /** `$IN`. */
  readonly dataIn: string;
  /** Where files go: absolute. */
  readonly target: string;
  /** Names the directory for files being made; each process has its own. */
  readonly owner: string;
  /** While this file is there the ways in take nothing: the pipeline has no room (see flow/pressure). */
  readonly refusing: string;
  /** The disk must have a file before `publish` returns: its message is acknowledged, and so forgotten by its sender, then. */
  readonly durable: boolean;
}

const MODE = 0o640;
/** Files that wait for their publication, also over a death. */
const HELD = "held-";

/**
 * Turns messages into files of the pipeline. A file is written whole where nobody looks, with its tags, and renamed into
 * place: what is there is complete, and what a death leaves behind was never there.
 */
export class Store {
  readonly #options: StoreOptions;
  /** On the file system of the target, so that a rename is enough. */
  readonly #staging: string;
  readonly #prefix: string;

  constructor(options: StoreOptions) {
    const { dataIn, target, owner } = options;
    const inside = posix.normalize(target).startsWith(`${posix.normalize(dataIn)}/`);
    this.#options = options;
    this.#staging = inside ? posix.join(dataIn, "tmp", owner) : target;
    this.#prefix = inside ? "" : `${HIDDEN_PREFIX}${owner}.`;
    for (const directory of [this.#staging, target]) makeDirectory(directory);
    for (const name of readdirSync(this.#staging)) {
      if (this.#isOurs(name) && !name.includes(HELD)) rmSync(posix.join(this.#staging, name), { force: true });
    }
  }

  /** Returns the path of the new file. Throws when it could not be made; then nothing of it is there. */
  save(content: Uint8Array, tags: Tags): string {
    const staged = this.#path(uniqueName());
    this.#write(staged, content, tags);
    try {
      return this.#publish(staged);
    } catch (error) {
      rmSync(staged, { force: true });
      dropSidecar(staged);
      throw error;
    }
  }

  /** Keeps a message by a name of its sender's, to be published later; one of that name is replaced. */
  hold(name: string, content: Uint8Array, tags: Tags): void {
    const staged = this.#path(uniqueName());
    const held = this.#path(HELD + name);
    this.#write(staged, content, tags);
    moveSidecar(staged, held);
    renameSync(staged, held);
    if (this.#options.durable) sync(this.#staging);
  }

  holds(name: string): boolean {
    return existsSync(this.#path(HELD + name));
  }

  /** Puts what was held into place; undefined: it has been already. */
  release(name: string): string | undefined {
    return this.holds(name) ? this.#publish(this.#path(HELD + name)) : undefined;
  }

  /** Names of what is held. */
  held(): readonly string[] {
    const prefix = this.#prefix + HELD;
    return readdirSync(this.#staging).flatMap((name) => (name.startsWith(prefix) ? [name.slice(prefix.length)] : []));
  }

  #path(name: string): string {
    return posix.join(this.#staging, this.#prefix + name);
  }

  /** Nothing that has come is refused; what comes is, so that its sender keeps it. */
  #requireRoom(): void {
    if (existsSync(this.#options.refusing)) throw new Error("the pipeline takes no files now");
  }

  /** In a directory of others only what begins with our prefix. */
  #isOurs(name: string): boolean {
    return this.#prefix === "" || name.startsWith(this.#prefix);
  }

  #write(path: string, content: Uint8Array, tags: Tags): void {
    this.#requireRoom();
    const fd = openSync(path, "wx", MODE);
    try {
      for (let at = 0; at < content.length; ) at += writeSync(fd, content, at);
      writeTags(path, path, tags);
      if (this.#options.durable) fsyncSync(fd);
    } catch (error) {
      rmSync(path, { force: true });
      dropSidecar(path);
      throw error;
    } finally {
      closeSync(fd);
    }
  }

  #publish(staged: string): string {
    const path = posix.join(this.#options.target, randomUid());
    moveSidecar(staged, path);
    try {
      renameSync(staged, path);
    } catch (error) {
      moveSidecar(path, staged);
      throw error;
    }
    if (this.#options.durable) sync(this.#options.target);
    return path;
  }
}

/** The first tags of a file a listener makes: it has been in one step, the listener, already. */
export function listenerTags(plugin: string, values: Readonly<Record<string, string>>): Tags {
  const tags: Tags = new Map([
    [TAG.counter, "0"],
    [TAG.uid, randomUid()],
  ]);
  for (const [name, value] of Object.entries(values)) tags.set(`0.${plugin}.main.${name}`, value);
  return tags;
}

/** A rename is durable once its directory is. */
function sync(directory: string): void {
  const fd = openSync(directory, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
