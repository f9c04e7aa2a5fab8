import { HIDDEN_PREFIX } from "./names.ts";

/** Always ignored, whatever the configuration says. */
const ALWAYS = "^.*\\.working$";

/** Tells which basenames are not (yet) files of the pipeline. Masks match at the start; one that is no regex matches nothing. */
export function ignoreMask(masks: readonly string[]): (name: string) => boolean {
  const sources = [...masks, ALWAYS].filter(isRegex);
  const mask = new RegExp(sources.map((source) => `^(?:${source})`).join("|"), "s");
  return (name) => name.startsWith(HIDDEN_PREFIX) || mask.test(name);
}

function isRegex(source: string): boolean {
  try {
    return source !== "" && new RegExp(source) instanceof RegExp;
  } catch {
    return false;
  }
}
