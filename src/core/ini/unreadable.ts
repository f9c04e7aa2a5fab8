import type { Diagnostic } from "../base/diagnostic.ts";
import type { IniFile } from "./types.ts";

/** Why a file that is there could not be read as text. */
export interface ReadFailure {
  readonly reason: string;
  readonly message: string;
  readonly line?: number;
  readonly col?: number;
}

/** Stands for a file that could not be read: it sets nothing and says why. */
export function unreadableIni(file: string, failure: ReadFailure): IniFile {
  const encoding = failure.reason === "encoding";
  const note: Diagnostic = {
    code: encoding ? "MF1010" : "MF1009",
    severity: "error",
    message: encoding ? "this byte is not part of valid UTF-8 text" : `cannot read the file: ${failure.message}`,
    at: { file, line: failure.line ?? 1, col: failure.col ?? 1, length: 1 },
    fix: encoding ? `convert the file: iconv -f ISO-8859-1 -t UTF-8 ${file}` : "make it readable for the module's user",
  };
  return { file, entries: [], sections: new Map(), notes: [note] };
}
