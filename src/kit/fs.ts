import { isUtf8 } from "node:buffer";
import { randomBytes } from "node:crypto";
import { accessSync, type Dirent, readdirSync, readFileSync } from "node:fs";
import { chmod, type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** Why something could not be read: it is not there, may not be read, is of the wrong kind, or is not UTF-8 text. */
export interface Unreadable {
  readonly ok: false;
  readonly reason: "missing" | "denied" | "kind" | "encoding" | "failed";
  /** For a person: `permission denied`. */
  readonly message: string;
  /** Of the first byte that is no UTF-8, from 1, columns in characters. */
  readonly line?: number;
  readonly col?: number;
}

export type TextRead = { readonly ok: true; readonly text: string } | Unreadable;

/**
 * Reads a whole UTF-8 text file; never throws. A byte-order mark stays in the text.
 * Synchronous because configuration is many small files, which the thread pool would read several times slower.
 */
export function readTextFile(path: string): TextRead {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    return unreadable(error);
  }
  return isUtf8(bytes) ? { ok: true, text: bytes.toString("utf8") } : notUtf8(bytes);
}

export interface DirectoryEntry {
  readonly name: string;
  readonly kind: "file" | "directory" | "link" | "other";
}

export type DirectoryRead = { readonly ok: true; readonly entries: readonly DirectoryEntry[] } | Unreadable;

/** The entries of a directory, sorted by name (by code unit, so the same on every machine); never throws. */
export function listDirectory(path: string): DirectoryRead {
  try {
    const entries = readdirSync(path, { withFileTypes: true }).map((entry) => ({
      name: entry.name,
      kind: kindOf(entry),
    }));
    return { ok: true, entries: entries.sort((a, b) => (a.name < b.name ? -1 : 1)) };
  } catch (error) {
    return unreadable(error);
  }
}

/** Whether the path leads to something; a dangling link does not. */
export function exists(path: string): boolean {
  try {
    accessSync(path);
    return true;
  } catch {
    return false;
  }
}

/**
 * Replaces a file so that a reader, or a crash at any instant, finds the old content or the new one, never a mix.
 * `mode` is applied whatever the umask. Throws Node's system errors.
 */
export async function writeFileAtomically(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  const directory = dirname(path);
  const temporary = join(directory, `.${basename(path).slice(0, 200)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    await withFile(await open(temporary, "wx", mode), async (file) => {
      await file.writeFile(content);
      await file.chmod(mode);
      await file.sync();
    });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await withFile(await open(directory, "r"), (file) => file.sync());
}

/** Makes a directory and its parents; one that exists keeps its mode. The umask does not weaken `mode` of the last one. */
export async function ensureDirectory(path: string, mode: number): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode });
  if (first !== undefined) await chmod(path, mode);
}

async function withFile(file: FileHandle, use: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await use(file);
  } finally {
    await file.close();
  }
}

function kindOf(entry: Dirent): DirectoryEntry["kind"] {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "directory";
  return entry.isSymbolicLink() ? "link" : "other";
}

function unreadable(error: unknown): Unreadable {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOENT") return { ok: false, reason: "missing", message: "no such file or directory" };
  if (code === "EACCES" || code === "EPERM") return { ok: false, reason: "denied", message: "permission denied" };
  if (code === "EISDIR") return { ok: false, reason: "kind", message: "it is a directory" };
  if (code === "ENOTDIR") return { ok: false, reason: "kind", message: "a part of its path is not a directory" };
  return { ok: false, reason: "failed", message: code === "" ? String(error) : code };
}

function notUtf8(bytes: Buffer): Unreadable {
  let start = 0;
  let line = 1;
  for (let end = bytes.indexOf(10); end !== -1 && isUtf8(bytes.subarray(start, end)); end = bytes.indexOf(10, start)) {
    start = end + 1;
    line++;
  }
  // Decoding puts U+FFFD where the first bad byte stood.
  const col = bytes.subarray(start).toString("utf8").indexOf("\ufffd") + 1;
  return { ok: false, reason: "encoding", message: "not valid UTF-8", line, col };
}
