import { unlinkSync } from "node:fs";
import { systemPath } from "../../core/flow/names.ts";
import { dropSidecar } from "../../kit/tags.ts";
import { codeOf } from "../errors.ts";

/** Removes a file that nobody will miss, its side-car too; one that is gone is fine. */
export function discard(path: string): void {
  try {
    unlinkSync(systemPath(path));
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
  dropSidecar(path);
}
