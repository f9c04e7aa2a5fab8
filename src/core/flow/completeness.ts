/** How a sender shows that a file in a watched directory is complete. */
export type Completeness =
  /** It closes the file, moves or links it in. The kernel says so. */
  | { readonly by: "close" }
  /** It renames the file into the directory or within it; closing it says nothing. */
  | { readonly by: "rename" }
  /** It makes, after the file, an empty one of that name and a suffix, which is removed with the file. */
  | { readonly by: "companion"; readonly suffix: string }
  /** It takes a suffix off the name. */
  | { readonly by: "temporary"; readonly suffix: string }
  /** It has not touched the file for so long, seconds. */
  | { readonly by: "stable"; readonly seconds: number };

export interface WatchMode {
  readonly complete: Completeness;
  /** Directories below count too. */
  readonly recursive: boolean;
}

export const DEFAULT_MODE: WatchMode = { complete: { by: "close" }, recursive: false };
const WORDS = /^(?<by>close|rename|companion|temporary|stable)(?::(?<value>\S+))?(?<recursive>\s+recursive)?$/;
const SUFFIX = /^[A-Za-z0-9._~-]{1,32}$/;
const LONGEST_S = 86_400;

/** Reads `close`, `rename`, `companion:.done`, `temporary:.part` or `stable:30`, each perhaps with `recursive`; undefined: none of them. */
export function readMode(text: string): WatchMode | undefined {
  const { by, value, recursive } = WORDS.exec(text.trim())?.groups ?? {};
  const complete = completeness(by, value);
  return complete === undefined ? undefined : { complete, recursive: recursive !== undefined };
}

/** What `readMode` reads to these modes, separated by `,`. */
export function modesText(modes: readonly WatchMode[]): string {
  return modes
    .map(({ complete, recursive }) => `${completenessText(complete)}${recursive ? " recursive" : ""}`)
    .join(",");
}

/** The mode of the directory at a place in its list, from the list of modes: one for all, or one for each. */
export function modeAt(modes: readonly WatchMode[], index: number): WatchMode {
  return (modes.length === 1 ? modes[0] : modes[index]) ?? DEFAULT_MODE;
}

function completenessText(complete: Completeness): string {
  if (complete.by === "close" || complete.by === "rename") return complete.by;
  return `${complete.by}:${complete.by === "stable" ? complete.seconds : complete.suffix}`;
}

function completeness(by: string | undefined, value: string | undefined): Completeness | undefined {
  if (by === "close" || by === "rename") return value === undefined ? { by } : undefined;
  if (by === "companion" || by === "temporary") {
    return value !== undefined && SUFFIX.test(value) ? { by, suffix: value } : undefined;
  }
  const seconds = by === "stable" && /^\d{1,5}$/.test(value ?? "") ? Number(value) : 0;
  return seconds > 0 && seconds <= LONGEST_S ? { by: "stable", seconds } : undefined;
}
