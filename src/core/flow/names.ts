import { posix } from "node:path";

const REPLACEMENT = "\ufffd";
const ESCAPE_BASE = 0xdc00;
/** NAME_MAX of Linux file systems, in bytes. */
export const NAME_MAX = 255;
/** Files of ours that are never a user's: side-cars and unfinished copies. */
export const HIDDEN_PREFIX = ".metwork.";
const SIDECAR_PREFIX = `${HIDDEN_PREFIX}tags.`;

/**
 * A file name as text, reversibly: each byte that is no UTF-8 becomes U+DC00 + byte, as Python's `surrogateescape` does,
 * so that the JSON of such a name means the same file to a Python program.
 */
export function nameFromBytes(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  return text.includes(REPLACEMENT) ? decodeEscaping(bytes) : text;
}

/** The same for what a directory is listed as in Latin-1, one character a byte. A buffer for each of a million names is dear. */
export function nameFromLatin1(text: string): string {
  return /[\x80-\xff]/.test(text) ? nameFromBytes(Buffer.from(text, "latin1")) : text;
}

/** What system calls take for a name or path made by nameFromBytes: the text itself, or its bytes where it has escapes. */
export function systemPath(text: string): string | Buffer {
  return text.isWellFormed() ? text : nameToBytes(text);
}

/** The bytes of a name or path made by nameFromBytes. */
export function nameToBytes(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text, "utf8");
  const parts: Buffer[] = [];
  let plain = "";
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    if (code >= ESCAPE_BASE + 0x80 && code <= ESCAPE_BASE + 0xff) {
      parts.push(Buffer.from(plain, "utf8"), Buffer.from([code - ESCAPE_BASE]));
      plain = "";
    } else {
      plain += char;
    }
  }
  parts.push(Buffer.from(plain, "utf8"));
  return Buffer.concat(parts);
}

/** Whether a name has at most that many bytes. A character takes three at most, and hardly any name has to be counted. */
export function fits(name: string, limit: number): boolean {
  return name.length * 3 <= limit || byteLength(name) <= limit;
}

export function byteLength(name: string): number {
  return name.isWellFormed() ? Buffer.byteLength(name) : nameToBytes(name).length;
}

/** The longest beginning of a name that takes at most `limit` bytes and splits no character. */
export function truncate(name: string, limit: number): string {
  let bytes = 0;
  let end = 0;
  for (const char of name) {
    bytes += byteLength(char);
    if (bytes > limit) break;
    end += char.length;
  }
  return name.slice(0, end);
}

/** Directories whose paths need no tidying, as they are met again with every file. */
const tidy = new Set<string>();
const TIDY_MAX = 1000;

/** The path of something in a directory, as posix.join makes it, which costs as much as a system call. */
export function pathIn(directory: string, name: string): string {
  const isPlain = isBasename(name) && (tidy.has(directory) || isTidy(directory));
  return isPlain ? `${directory}/${name}` : posix.join(directory, name);
}

function isTidy(directory: string): boolean {
  const is = posix.normalize(directory) === directory && !directory.endsWith("/");
  if (is && tidy.size < TIDY_MAX) tidy.add(directory);
  return is;
}

/** The directory of an absolute path, without its last slash, and the name in it. */
export function splitPath(path: string): readonly [directory: string, name: string] {
  const at = path.lastIndexOf("/");
  return [at <= 0 ? "/" : path.slice(0, at), path.slice(at + 1)];
}

/** True for one name of a directory's entry: no path, not `.` or `..`. */
export function isBasename(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !name.includes("/") && !name.includes("\0");
}

/** Where the tags of a file are kept when they cannot be on the file itself: a hidden neighbour. */
export function sidecarName(name: string, digest: (text: string) => string): string {
  const plain = SIDECAR_PREFIX + name;
  return fits(plain, NAME_MAX) ? plain : SIDECAR_PREFIX + digest(name);
}

/** The name of the file a side-car belongs to; undefined: it is none, or its name does not tell. */
export function sidecarOwner(name: string): string | undefined {
  const owner = name.startsWith(SIDECAR_PREFIX) ? name.slice(SIDECAR_PREFIX.length) : "";
  return owner === "" || /^[0-9a-f]{64}$/.test(owner) ? undefined : owner;
}

function decodeEscaping(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      text += String.fromCharCode(ESCAPE_BASE + (bytes[at] ?? 0));
      at += 1;
    } else {
      text += Buffer.from(bytes.subarray(at, at + length)).toString("utf8");
      at += length;
    }
  }
  return text;
}

/** Bytes of the UTF-8 character that begins at `at`; 0 when there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  const text = Buffer.from(bytes.subarray(at, at + length)).toString("utf8");
  const known = text === REPLACEMENT && length === 3 && bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd;
  return !text.includes(REPLACEMENT) || known ? length : 0;
}
