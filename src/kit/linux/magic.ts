import koffi, { type LibraryHandle } from "koffi";
import { Reopened } from "../edited.ts";
import { libc } from "./libc.ts";

/** Describes a file's content as `file -b` does; throws what libmagic says when it cannot. */
export type Describe = (path: string) => Promise<string>;

const LC_CTYPE = 0;

type CFunction = ReturnType<LibraryHandle["func"]>;

interface Library {
  readonly open: CFunction;
  readonly load: CFunction;
  readonly file: CFunction;
  readonly descriptor: CFunction;
  readonly error: CFunction;
  readonly close: CFunction;
}

let library: Library | undefined;
/** By database: it stays open, so that opening again what is open costs nothing. */
const describers = new Map<string | undefined, Describe>();

function magicLibrary(): Library {
  if (library !== undefined) return library;
  // libmagic escapes what the locale cannot print; the C locale would turn every accent into octal.
  libc.func("const char *setlocale(int category, const char *locale)")(LC_CTYPE, "C.UTF-8");
  const lib = koffi.load("libmagic.so.1");
  library = {
    open: lib.func("void *magic_open(int flags)"),
    load: lib.func("int magic_load(void *cookie, const char *databases)"),
    file: lib.func("const char *magic_file(void *cookie, const char *path)"),
    descriptor: lib.func("const char *magic_descriptor(void *cookie, int fd)"),
    error: lib.func("const char *magic_error(void *cookie)"),
    close: lib.func("void magic_close(void *cookie)"),
  };
  return library;
}

/** Whether libmagic is installed. */
export function hasMagic(): boolean {
  try {
    magicLibrary();
    return true;
  } catch {
    return false;
  }
}

/**
 * Opens libmagic with its own database, or with the one given. Up to `parallel` files are looked at together, each on a
 * thread with a cookie of its own (a cookie is not thread-safe), the others wait. Throws when libmagic's own database cannot
 * be read. The one given is read again once it is edited; while it cannot be read, no file is described.
 */
export function openMagic(parallel: number, database?: string): Describe {
  const known = describers.get(database);
  if (known !== undefined) return known;
  const describe = database === undefined ? openPool(parallel).describe : describeBy(parallel, database);
  describers.set(database, describe);
  return describe;
}

/** Describes a file, open as `fd` where it `isPlain` (see kit/linux/plain). */
export type DescribeOpen = (path: string, fd: number | undefined) => string;

/** The same for a thread that does nothing else: it waits for each answer. A thread that ends closes what it opened. */
export interface DescribeNow {
  readonly describe: DescribeOpen;
  /** Gives back some 9 MB, which a thread's end does not. */
  readonly close: () => void;
}

/** As openMagic. */
export function openMagicSync(database?: string): DescribeNow {
  const { file, descriptor, error, close } = magicLibrary();
  const given =
    database === undefined
      ? undefined
      : new Reopened(
          filesOf(database),
          () => openCookie(database),
          (old) => void close(old),
        );
  const own = given === undefined ? openCookie() : undefined;
  return {
    describe: (path, fd) => {
      const cookie = given === undefined ? own : given.current();
      const text: string | null = fd === undefined ? file(cookie, path) : descriptor(cookie, fd);
      if (text === null) throw new Error(`libmagic: ${error(cookie)}`);
      return text;
    },
    close: () => (given === undefined ? void close(own) : given.close()),
  };
}

/** Cookies of one database, each used by one thread at a time. */
interface Pool {
  readonly describe: Describe;
  /** Closes each once nobody uses it. */
  readonly retire: () => void;
}

function describeBy(parallel: number, database: string): Describe {
  const pool = new Reopened(
    filesOf(database),
    () => openPool(parallel, database),
    ({ retire }) => retire(),
  );
  return async (path) => pool.current().describe(path);
}

/** libmagic reads the compiled form where there is one. */
function filesOf(database: string): readonly string[] {
  return [database, `${database}.mgc`];
}

function openPool(parallel: number, database?: string): Pool {
  const { file, error, close } = magicLibrary();
  const idle: unknown[] = [openCookie(database)];
  const waiting: ((cookie: unknown) => void)[] = [];
  let opened = 1;
  let retired = false;
  const acquire = (use: (cookie: unknown) => void): void => {
    if (idle.length === 0 && opened < parallel) {
      idle.push(openCookie(database));
      opened += 1;
    }
    if (idle.length === 0) waiting.push(use);
    else use(idle.pop());
  };
  const release = (cookie: unknown): void => {
    const next = waiting.shift();
    if (next !== undefined) next(cookie);
    else if (retired) close(cookie);
    else idle.push(cookie);
  };
  const describe: Describe = (path) =>
    new Promise((resolve, reject) => {
      acquire((cookie) => {
        file.async(cookie, path, (failed: unknown, text: string | null) => {
          const reason = failed ?? (text === null ? new Error(`libmagic: ${error(cookie)}`) : undefined);
          release(cookie);
          if (reason === undefined) resolve(text ?? "");
          else reject(reason);
        });
      });
    });
  const retire = (): void => {
    retired = true;
    for (const cookie of idle.splice(0)) close(cookie);
  };
  return { describe, retire };
}

function openCookie(database?: string): unknown {
  const { open, load, error, close } = magicLibrary();
  const cookie: unknown = open(0);
  if (cookie === null) throw new Error("libmagic cannot be opened");
  if (load(cookie, database ?? null) === 0) return cookie;
  const reason: string = error(cookie) ?? "no database";
  close(cookie);
  throw new Error(`libmagic: ${reason}`);
}
