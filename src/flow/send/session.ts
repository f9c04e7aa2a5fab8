import type { Tags } from "../../core/flow/tags.ts";

/** A logged-in connection to where files go. */
export interface Session {
  /** Puts a local file of `size` bytes there under a name, whole or not at all. Rejects with why it could not. */
  put(path: string, name: string, size: number): Promise<void>;
  close(): void;
}

/** Where files go, and how. */
export interface Destination {
  /** For the log. */
  readonly where: string;
  /** How long a session without files is kept, milliseconds. */
  readonly lifetimeMs: number;
  /** Files sent at once, each in a session of its own. */
  readonly sessions: number;
  /** The name a file gets there. */
  readonly name: (tags: Tags) => string;
  readonly open: () => Promise<Session>;
}

/** Rejects, and calls `giveUp`, when something takes longer. */
export async function within<T>(ms: number, what: string, work: Promise<T>, giveUp: () => void): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      giveUp();
      reject(new Error(`${what} took longer than ${ms / 1000} s`));
    }, ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A size that is not the file's means that not all of it arrived. */
export function checkSize(name: string, found: number, size: number): void {
  if (found !== size) throw new Error(`${name} has ${found} bytes there, ${size} were sent`);
}

/** The directories of a relative or absolute name, outermost first. */
export function parentsOf(name: string): readonly string[] {
  const parts = name.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/")).filter((parent) => parent !== "");
}
