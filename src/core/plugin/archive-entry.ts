import { posix } from "node:path";
import { ARCHIVE_ROOT } from "./archive.ts";

/** An entry of a `.plugin` archive, as its tar header describes it. */
export interface ArchiveEntry {
  readonly path: string;
  /** Name of the tar type: `File`, `Directory`, `SymbolicLink`, `Link`, ... */
  readonly type: string;
  readonly linkpath?: string;
  /** Permission bits. */
  readonly mode: number;
  /** Bytes. */
  readonly size: number;
}

/** What a plugin may at most unpack to. */
export interface ArchiveLimits {
  readonly entries: number;
  readonly bytes: number;
}

export const ARCHIVE_LIMITS: ArchiveLimits = { entries: 100_000, bytes: 2 * 1024 ** 3 };

const KINDS = ["File", "OldFile", "ContiguousFile", "Directory", "SymbolicLink", "Link"];

/**
 * Makes the judge of one archive: given its entries in order, says why one is refused, or undefined.
 * Everything must stay below `metwork_plugin/`, links included; nothing may be written through a link.
 */
export function archiveJudge(limits: ArchiveLimits = ARCHIVE_LIMITS): (entry: ArchiveEntry) => string | undefined {
  const kinds = new Map<string, string>();
  let bytes = 0;
  return (entry) => {
    if (!KINDS.includes(entry.type)) return `it is a ${entry.type}, not a file, a directory or a link`;
    const path = insideRoot(entry.path);
    if (path === undefined) return `its path is not below ${ARCHIVE_ROOT}/`;
    if ((entry.mode & 0o7000) !== 0) return "it is setuid, setgid or sticky";
    if (kinds.size >= limits.entries) return `the archive holds more than ${limits.entries} files`;
    bytes += Math.max(0, entry.size);
    if (bytes > limits.bytes) return `the archive holds more than ${limits.bytes} bytes`;
    for (let parent = posix.dirname(path); parent !== "."; parent = posix.dirname(parent)) {
      if ((kinds.get(parent) ?? "Directory") !== "Directory") return `${JSON.stringify(parent)} is not a directory`;
      kinds.set(parent, "Directory");
    }
    const before = kinds.get(path);
    if (before !== undefined && (before !== "Directory" || entry.type !== "Directory")) return "it comes twice";
    kinds.set(path, entry.type);
    if (entry.type === "SymbolicLink") return symbolicLinkProblem(path, entry.linkpath ?? "");
    if (entry.type !== "Link") return undefined;
    const target = insideRoot(entry.linkpath ?? "");
    return target !== undefined && isFile(kinds.get(target)) ? undefined : "it is a hard link to no file before it";
  };
}

function isFile(kind: string | undefined): boolean {
  return kind !== undefined && kind !== "Directory" && kind !== "SymbolicLink" && kind !== "Link";
}

/** The path if it is plain, relative and below the root directory of the archive. */
function insideRoot(path: string): string | undefined {
  const plain = path.replace(/^\.\//, "").replace(/\/$/, "");
  if (plain !== ARCHIVE_ROOT && !plain.startsWith(`${ARCHIVE_ROOT}/`)) return undefined;
  const parts = plain.split("/");
  const bad = parts.some((part) => part === "" || part === "." || part === ".." || /\p{Cc}/u.test(part));
  return bad || plain.length > 4096 ? undefined : plain;
}

/** All `..` must come first: after a name, which may be a link itself, they could lead anywhere. */
function symbolicLinkProblem(path: string, target: string): string | undefined {
  if (target === "" || target.startsWith("/")) return "it is a link to an absolute path";
  const parts = target.split("/").filter((part) => part !== "." && part !== "");
  const ups = parts.findIndex((part) => part !== "..");
  const climbs = ups === -1 ? parts.length : ups;
  const depth = path.split("/").length - 2;
  if (climbs > depth || parts.slice(climbs).includes("..")) return "it is a link that may lead out of the plugin";
  return undefined;
}
