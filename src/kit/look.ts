import { closeSync } from "node:fs";
import { beginningOf, openForLook } from "./beginning.ts";
import type { DescribeOpen } from "./linux/magic.ts";
import { isPlain } from "./linux/plain.ts";

/** What is to be known of files: printable characters among so many first bytes, and what libmagic says. */
export interface Questions {
  /** Bytes. */
  readonly headerLength: number;
  /** Databases of libmagic; null: its own. */
  readonly databases: readonly (string | null)[];
}

export interface Looked {
  /** undefined: the file may not be read. */
  readonly begin: string | undefined;
  /** By each database, or why not. */
  readonly described: readonly (string | Error)[];
}

/** Neither a path nor what is said of a file holds one. */
const END = "\0";
const NONE = "-";
const TEXT = "=";
const PROBLEM = "!";

export function encodePaths(paths: readonly string[]): string {
  return paths.join(END);
}

/** Looks at files whose paths encodePaths joined; answers in one text as well, which is cheaper between threads than objects. */
export function lookAtAll(joined: string, { headerLength }: Questions, describers: readonly DescribeOpen[]): string {
  const header = Buffer.allocUnsafe(Math.max(1, headerLength));
  const said: string[] = [];
  for (const path of joined.split(END)) {
    let fd: number | undefined;
    const begin = answer(() => {
      fd = openForLook(path);
      return fd === undefined ? undefined : beginningOf(fd, header);
    });
    said.push(begin);
    // One opening for all who look, where they say the same without the name.
    const open = fd !== undefined && isPlain(fd) ? fd : undefined;
    for (const describe of describers) said.push(answer(() => describe(path, open)));
    if (fd !== undefined) closeSync(fd);
  }
  return said.join(END);
}

function answer(ask: () => string | undefined): string {
  try {
    const text = ask();
    return text === undefined ? NONE : TEXT + text;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    return `${PROBLEM}${code} ${error instanceof Error ? error.message : error}`;
  }
}

/** What lookAtAll said, file by file: an error where the machine could not look. */
export function decodeLooked(joined: string, { databases }: Questions): readonly (Looked | Error)[] {
  const said = joined.split(END);
  const looked: (Looked | Error)[] = [];
  for (let at = 0; at < said.length; at += 1 + databases.length) {
    const begin = said[at] ?? NONE;
    if (begin.startsWith(PROBLEM)) looked.push(problem(begin));
    else {
      const described = databases.map((_, index) => {
        const text = said[at + 1 + index] ?? PROBLEM;
        return text.startsWith(PROBLEM) ? problem(text) : text.slice(TEXT.length);
      });
      looked.push({ begin: begin === NONE ? undefined : begin.slice(TEXT.length), described });
    }
  }
  return looked;
}

function problem(text: string): Error {
  const space = text.indexOf(" ");
  const error = new Error(text.slice(space + 1));
  return space > PROBLEM.length ? Object.assign(error, { code: text.slice(PROBLEM.length, space) }) : error;
}
