import { setStepTag } from "../../core/flow/tags.ts";
import type { StepWork } from "../../core/flow/types.ts";
import { readBeginning } from "../../kit/beginning.ts";
import { type Describe, openMagic } from "../../kit/linux/magic.ts";
import { messageOf } from "../errors.ts";
import type { Outcome, StepWorker } from "../types.ts";

type Work = Extract<StepWork, { readonly do: "guess_file_type" }>;

/** What the predecessor's tag says when libmagic cannot tell. */
const EXCEPTION = "magic_exception";

/** Tags a file with its type, size and beginning, and sends it on. `parallel` files are looked at together. */
export function guessFileType(work: Work, parallel: number): StepWorker {
  const describe = work.customOnly ? undefined : openMagic(parallel);
  const describeCustom = work.customMagic === undefined ? undefined : openCustom(parallel, work.customMagic);
  const header = Buffer.allocUnsafe(Math.max(1, work.headerLength));
  return async (file, { step, counter, log }): Promise<Outcome> => {
    const { path, tags, size } = file;
    if (path === undefined) return { do: "failed", reason: "it is gone" };
    const tag = (name: string, value: string): void => setStepTag(tags, counter, step, name, value);
    const ask = async (name: string, question: Describe): Promise<void> => {
      try {
        tag(name, await question(path));
      } catch (error) {
        log.warning(`${path}: ${messageOf(error)}`);
        tag(name, EXCEPTION);
      }
    };
    const begin = readBeginning(path, header);
    if (begin !== undefined) tag("ascii_header", begin);
    if (describe !== undefined) await ask("system_magic", describe);
    if (describeCustom !== undefined) await ask("custom_magic", describeCustom);
    if (work.sizeTag) tag("size", String(size));
    return { do: "send", to: work.to };
  };
}

/** A bad custom database makes its tag say so; it must not stop the step. */
function openCustom(parallel: number, database: string): Describe {
  try {
    return openMagic(parallel, database);
  } catch (error) {
    return () => Promise.reject(error);
  }
}
