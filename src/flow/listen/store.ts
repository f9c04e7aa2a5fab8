import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { posix } from "node:path";
import { HIDDEN_PREFIX } from "../../core/flow/names.ts";
import { TAG, type Tags } from "../../core/flow/tags.ts";
import { dropSidecar, moveSidecar, sidecarPath, writeTags } from "../../kit/tags.ts";
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
}

/**
 * A message on its way to a file, in two steps that several take together. Each returns what the disk must have before the
 * next (directories end with a slash), or throws, and then has changed nothing.
 */
export interface Saving {
  /** Writes it, with its tags, where nobody looks. */
  write(): readonly string[];
  /** Gives it its place. */
  place(): readonly string[];
  /** Removes what was written and has no place. */
  discard(): void;
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

  /** A message that becomes a file. */
  saving(content: Uint8Array, tags: Tags): Saving {
    return this.#steps(content, tags, (staged) => this.#publish(staged));
  }

  /** A message kept by a name of its sender's, to be published later; one of that name is replaced. */
  holding(name: string, content: Uint8Array, tags: Tags): Saving {
    return this.#steps(content, tags, (staged) => {
      const held = this.#path(HELD + name);
      moveSidecar(staged, held);
      renameSync(staged, held);
      return [`${this.#staging}/`];
    });
  }

  /** What was held becomes a file; it may have been already. */
  releasing(name: string): Saving {
    return this.#releasing(() => (this.holds(name) ? [name] : []));
  }

  /** All that is held when its turn comes becomes files. */
  releasingAll(): Saving {
    return this.#releasing(() => this.held());
  }

  holds(name: string): boolean {
    return existsSync(this.#path(HELD + name));
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

  #releasing(names: () => readonly string[]): Saving {
    const place = (): readonly string[] => {
      for (const name of names()) this.#publish(this.#path(HELD + name));
      return [`${this.#options.target}/`];
    };
    return { write: () => [], place, discard: () => undefined };
  }

  #steps(content: Uint8Array, tags: Tags, place: (staged: string) => readonly string[]): Saving {
    let staged: string | undefined;
    const discard = (): void => {
      if (staged === undefined) return;
      rmSync(staged, { force: true });
      dropSidecar(staged);
      staged = undefined;
    };
    return {
      write: () => {
        this.#requireRoom();
        staged = this.#path(uniqueName());
        try {
          writeFileSync(staged, content, { flag: "wx", mode: MODE });
          const beside = writeTags(staged, staged, tags) === "sidecar";
          return beside ? [staged, sidecarPath(staged)] : [staged];
        } catch (error) {
          discard();
          throw error;
        }
      },
      place: () => {
        if (staged === undefined) throw new Error("nothing is written");
        return place(staged);
      },
      discard,
    };
  }

  #publish(staged: string): readonly string[] {
    const path = posix.join(this.#options.target, randomUid());
    moveSidecar(staged, path);
    try {
      renameSync(staged, path);
    } catch (error) {
      moveSidecar(path, staged);
      throw error;
    }
    return [`${this.#options.target}/`];
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
