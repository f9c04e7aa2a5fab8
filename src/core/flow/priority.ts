import { TAG, type Tags } from "./tags.ts";

/** The priority a file's tags give it: 1 to 9, the higher overtakes; 0: it waits its turn. */
export function priorityIn(tags: ReadonlyMap<string, string>): number {
  const text = tags.get(TAG.priority);
  return text !== undefined && /^[1-9]$/.test(text) ? Number(text) : 0;
}

/** Gives a file at least this priority; undefined and 0 change nothing. */
export function raisePriority(tags: Tags, priority: number | undefined): void {
  if (priority !== undefined && priority > priorityIn(tags)) tags.set(TAG.priority, String(priority));
}
