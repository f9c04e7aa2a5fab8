import { strftime } from "./strftime.ts";
import { stepCounter, TAG } from "./tags.ts";

const PLACEHOLDER = /\{(RANDOM_ID|ORIGINAL_BASENAME|ORIGINAL_DIRNAME|ORIGINAL_UID|STEP_COUNTER)\}/;
const UNKNOWN = "unknown";

/** Writes a file's name, from its tags, the time and a random id. */
export type NameTemplate = (tags: ReadonlyMap<string, string>, date: Date, randomId: () => string) => string;

/**
 * Compiles a `dest_basename`. Only the template's own text is given to strftime, never what a placeholder stands for,
 * so that a `%` in a file's name stays one; and no placeholder's value can add a directory.
 */
export function nameTemplate(template: string): NameTemplate {
  const parts = template.split(PLACEHOLDER);
  let cache: { readonly second: number; readonly texts: readonly string[] } | undefined;
  const literals = (date: Date): readonly string[] => {
    const second = Math.floor(date.getTime() / 1000);
    if (cache?.second !== second || template.includes("%f")) {
      cache = { second, texts: parts.map((part, index) => (index % 2 === 0 ? strftime(part, date) : part)) };
    }
    return cache.texts;
  };
  return (tags, date, randomId) =>
    literals(date)
      .map((text, index) => (index % 2 === 0 ? text : flatName(placeholderValue(text, tags, randomId))))
      .join("");
}

function placeholderValue(placeholder: string, tags: ReadonlyMap<string, string>, randomId: () => string): string {
  if (placeholder === "RANDOM_ID") return randomId();
  if (placeholder === "STEP_COUNTER") return String(stepCounter(tags));
  const tag =
    placeholder === "ORIGINAL_BASENAME" ? TAG.basename : placeholder === "ORIGINAL_DIRNAME" ? TAG.dirname : TAG.uid;
  return tags.get(tag) || UNKNOWN;
}

/** A tag's value as one component of a path, whatever it says. */
export function flatName(value: string): string {
  const flat = value.replace(/[/\0]/g, "_");
  return flat === "" || flat === "." || flat === ".." ? `_${flat}` : flat;
}
