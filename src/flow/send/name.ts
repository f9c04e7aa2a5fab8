import { flatName, nameTemplate } from "../../core/flow/basename.ts";
import { nameToBytes } from "../../core/flow/names.ts";
import { TAG, type Tags } from "../../core/flow/tags.ts";
import { randomUid } from "../file/ids.ts";

const NAMED = [TAG.basename, TAG.dirname, TAG.uid];

/** Makes names for another machine: no control character of a file's name reaches its protocol. */
export function remoteNames(template: string): (tags: Tags) => string {
  const make = nameTemplate(template);
  return (tags) => make(tags, new Date(), randomUid).replace(/\p{Cc}/gu, "_");
}

/** Makes URLs: what comes from a file's name is escaped, byte by byte. */
export function urls(template: string): (tags: Tags) => string {
  const make = nameTemplate(template);
  return (tags) => {
    const escaped = new Map(tags);
    for (const name of NAMED) escaped.set(name, escapeBytes(flatName(tags.get(name) ?? "unknown")));
    return make(escaped, new Date(), randomUid);
  };
}

/** Percent-encodes all but the unreserved characters of RFC 3986. */
function escapeBytes(text: string): string {
  return [...nameToBytes(text)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9._~-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");
}
