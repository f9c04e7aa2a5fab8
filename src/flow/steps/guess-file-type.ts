import { setStepTag } from "../../core/flow/tags.ts";
import type { StepWork } from "../../core/flow/types.ts";
import { Looker } from "../../kit/looker.ts";
import { printable } from "../tell/log.ts";
import type { Outcome, StepWorker } from "../types.ts";

type Work = Extract<StepWork, { readonly do: "guess_file_type" }>;

/** What the predecessor's tag says when libmagic cannot tell. */
const EXCEPTION = "magic_exception";

/** Tags a file with its type, size and beginning, and sends it on. `parallel` files are looked at together. */
export function guessFileType(work: Work, parallel: number): StepWorker {
  const questions = [
    ...(work.customOnly ? [] : [{ tag: "system_magic", database: null }]),
    ...(work.customMagic === undefined ? [] : [{ tag: "custom_magic", database: work.customMagic }]),
  ];
  const looker = new Looker(
    { headerLength: work.headerLength, databases: questions.map(({ database }) => database) },
    parallel,
  );
  const send: Outcome = { do: "send", to: work.to };
  return async ({ path, tags, size }, { step, counter, log }): Promise<Outcome> => {
    if (path === undefined) return { do: "failed", reason: "it is gone" };
    const tag = (name: string, value: string): void => {
      setStepTag(tags, counter, step, name, value);
      if (log.debugs) log.debug(`Setting tag ${counter}.${step.plugin}.${step.step}.${name} = ${printable(value)}`);
    };
    const { begin, described } = await looker.look(path);
    if (begin !== undefined) tag("ascii_header", begin);
    for (const [index, question] of questions.entries()) {
      const said = described[index];
      if (said instanceof Error) log.warning(`${path}: ${said.message}`);
      tag(question.tag, typeof said === "string" ? said : EXCEPTION);
    }
    if (work.sizeTag) tag("size", String(size));
    return send;
  };
}
