import { parseIni } from "../../core/ini/parse.ts";
import type { Dialect, IniFile } from "../../core/ini/types.ts";
import { unreadableIni } from "../../core/ini/unreadable.ts";
import { readTextFile } from "../../kit/fs.ts";

/** Reads one ini file; undefined when there is none. One that cannot be read sets nothing and says why in its notes. */
export function readIni(path: string, dialect: Dialect): IniFile | undefined {
  const read = readTextFile(path);
  if (read.ok) return parseIni(read.text, path, dialect);
  return read.reason === "missing" ? undefined : unreadableIni(path, read);
}
