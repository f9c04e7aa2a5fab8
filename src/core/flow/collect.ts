import { HIDDEN_PREFIX, sidecarOwner } from "./names.ts";

/** Seconds until what nobody works on is deleted; 0: never. */
export interface Lifetimes {
  readonly trashS: number;
  readonly tmpS: number;
  /** Of what senders did not finish, in watched directories. */
  readonly unfinishedS: number;
  /** Of an empty directory of trash, or of a step that is no more. */
  readonly emptyS: number;
  /** Between two looks. */
  readonly everyS: number;
}

/** The kinds of directory the garbage collector goes through. */
export type Area =
  /** `trash` and all below: files that failed or that no rule wanted. */
  | "trash"
  /** `tmp/<plugin>.<step>`: claimed files, and scratch files of their workers. */
  | "claims"
  /** Anything else below `tmp`: uploads while they arrive, scratch files of decorators. */
  | "scratch"
  /** A watched directory: files that wait, and those their senders have not finished. */
  | "watched";

export interface Candidate {
  readonly name: string;
  /** Seen here for so long, and so long without having been written; seconds. */
  readonly ageS: number;
  readonly unwrittenS: number;
  /** Its name is one the pipeline gives to files it has claimed or delivers. */
  readonly claimed: boolean;
  /** Its name is one of those the pipeline leaves to their senders. */
  readonly ignored: boolean;
}

/**
 * Whether an entry may be deleted by age. `sinceOldestClaimS`: for `claims`, how long the oldest file in work has been
 * there; what is younger may be its worker's. Never: a claimed file, a file that waits, the side-car of a file (`hasOwner`).
 */
export function isGarbage(
  area: Area,
  file: Candidate,
  lifetimes: Lifetimes,
  facts: { readonly sinceOldestClaimS?: number | undefined; readonly hasOwner: (owner: string) => boolean },
): boolean {
  const limit = {
    trash: lifetimes.trashS,
    claims: lifetimes.tmpS,
    scratch: lifetimes.tmpS,
    watched: lifetimes.unfinishedS,
  };
  const age = area === "trash" ? file.ageS : Math.min(file.ageS, file.unwrittenS);
  if (limit[area] <= 0 || age <= limit[area]) return false;
  if (area === "trash") return true;
  const owner = sidecarOwner(file.name);
  if (owner !== undefined) return !facts.hasOwner(owner);
  if (file.claimed) return false;
  // An upload that can be resumed has its description beside it.
  if (area === "scratch" && file.name.endsWith(".json") && facts.hasOwner(file.name.slice(0, -".json".length)))
    return false;
  if (area === "claims") return facts.sinceOldestClaimS === undefined || age > facts.sinceOldestClaimS;
  // A side-car named by a digest does not tell whose it is.
  if (file.name.startsWith(HIDDEN_PREFIX)) return area === "scratch";
  return area === "scratch" || file.ignored;
}
