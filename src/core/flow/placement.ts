import { byteLength, fits, NAME_MAX, truncate } from "./names.ts";

/**
 * The name a file gets where `attempt` others of the same name were in the way: `map.png`, `map~1f3a9c04.png` (from its
 * uid), `map~1f3a9c04-2.png`, ... Nothing is ever overwritten, and the extension stays. At most 255 bytes.
 */
export function freeName(name: string, uid: string, attempt: number): string {
  if (attempt === 0) return fits(name, NAME_MAX) ? name : truncate(name, NAME_MAX);
  const mark = `~${uid.slice(0, 8)}${attempt === 1 ? "" : `-${attempt}`}`;
  const dot = name.lastIndexOf(".");
  const extension = dot > 0 && byteLength(name.slice(dot)) <= 32 ? name.slice(dot) : "";
  const stem = name.slice(0, name.length - extension.length);
  return truncate(stem, NAME_MAX - byteLength(mark) - byteLength(extension)) + mark + extension;
}

/** The name of the file with the tags: the file's own and the suffix, shortened by a digest where that is too long. */
export function tagsFileName(name: string, suffix: string, digest: (text: string) => string): string {
  const plain = name + suffix;
  if (fits(plain, NAME_MAX)) return plain;
  const mark = `~${digest(name).slice(0, 8)}`;
  return truncate(name, NAME_MAX - byteLength(suffix) - mark.length) + mark + suffix;
}
