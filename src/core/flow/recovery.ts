import { posix } from "node:path";
import { claimId } from "./claim-name.ts";
import { HIDDEN_PREFIX } from "./names.ts";
import type { StepName } from "./types.ts";

/** A file that a dead daemon left in a step's claim directory. */
export interface LeftClaim {
  readonly name: string;
  /** The move record found with its tags, if any. */
  readonly move: string | undefined;
}

/** What is to be done with it. */
export type Recovery =
  /** It goes back to its own step, to be processed again. */
  | { readonly do: "requeue"; readonly name: string }
  /**
   * It was decided where it goes, and the tags for there are on it: it goes there now. `to` is absolute or below `$IN`, and
   * the same each time, so that a death on the way parts no file from its side-car.
   */
  | { readonly do: "move"; readonly name: string; readonly to: string }
  /** A copy that was being made of a file still there. */
  | { readonly do: "discard"; readonly name: string };

const SPLIT = /^(?<origin>[^.~]+)\.(?<part>(?:part|last)\d*)\.(?<step>[^.]+\.[^.]+)$/;
const WAITING = /^step\.[^/]+\/[^/.][^/]*$/;

/**
 * Names of a file that goes to several steps. Copies are made as `part`s; renaming the original to `last` decides the
 * delivery, once for all; then each is renamed to its step, `last` after all the others. A death before the decision
 * leaves the original (parts are thrown away), one after it leaves names that say where each copy goes: never twice.
 */
export function splitName(origin: string, role: "part" | "last", index: number, to: StepName): string {
  return `${claimId(origin)}.${role}${index}.${to.plugin}.${to.step}`;
}

/**
 * What is written with the tags of a claimed file that is about to be renamed from `from` to `to`, so that a death
 * between the two is completed instead of repeated with tags of the future. It names the claim: it means nothing later.
 * `leaves`: `to` is outside the pipeline.
 */
export function moveRecord(from: string, to: string, leaves = false): string {
  const parent = leaves ? -1 : to.lastIndexOf("/", to.lastIndexOf("/") - 1);
  return `${claimId(from.slice(from.lastIndexOf("/") + 1))} ${to.slice(parent + 1)}`;
}

/**
 * Decides what becomes of the entries of the claim directory of that name when nobody works on them any more. In this
 * order: what is to be thrown away is known by what is still there. `places`: directories outside the pipeline to which steps
 * may move files; whoever owns a file can write a record on it.
 */
export function recover(
  directory: string,
  claims: readonly LeftClaim[],
  places: readonly string[] = [],
): readonly Recovery[] {
  const left = claims
    .filter(({ name }) => !name.startsWith(HIDDEN_PREFIX))
    .map(({ name, move }) => ({ name, to: move === undefined ? undefined : readMove(name, move) }))
    .map(({ name, to }) => ({ name, to, as: isSplit(directory, to) ? to.slice(directory.length + 1) : name }));
  const present = new Set(left.map(({ as }) => claimId(as)));
  const actions = left.map(({ name, to, as }): Recovery => {
    const { origin, part, step } = SPLIT.exec(as)?.groups ?? {};
    if (origin !== undefined && part !== undefined && step !== undefined) {
      return present.has(origin) ? { do: "discard", name } : { do: "move", name, to: `step.${step}/${origin}.${part}` };
    }
    const known = to !== undefined && (WAITING.test(to) || isPlace(to, places));
    return known ? { do: "move", name, to } : { do: "requeue", name };
  });
  return actions.toSorted((a, b) => Number(b.do === "discard") - Number(a.do === "discard"));
}

function readMove(name: string, move: string): string | undefined {
  const [claim, to] = [move.slice(0, move.indexOf(" ")), move.slice(move.indexOf(" ") + 1)];
  return claim === claimId(name) ? to : undefined;
}

function isPlace(path: string, places: readonly string[]): boolean {
  return posix.normalize(path) === path && places.some((place) => path.startsWith(`${place}/`));
}

/** The rename that decides a delivery. */
function isSplit(directory: string, to: string | undefined): to is string {
  return to?.startsWith(`${directory}/`) === true && SPLIT.test(to.slice(directory.length + 1));
}
