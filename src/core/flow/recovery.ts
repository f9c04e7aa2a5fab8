import { claimId } from "./claim-name.ts";
import { HIDDEN_PREFIX } from "./names.ts";
import type { StepName } from "./types.ts";

/** What is to be done with one file that a dead daemon left in a step's claim directory. */
export type Recovery =
  /** It goes back to its own step, to be processed again. */
  | { readonly do: "requeue"; readonly name: string }
  /** The switch had decided where it goes: it is delivered, not decided again. */
  | { readonly do: "deliver"; readonly name: string; readonly to: StepName }
  /** A copy that was being made of a file still there. */
  | { readonly do: "discard"; readonly name: string };

const SPLIT = /^(?<origin>[^.~]+)\.(?<role>part|last)\d*\.(?<plugin>[^.]+)\.(?<step>[^.]+)$/;

/**
 * Names of a file that goes to several steps. Copies are made as `part`s; renaming the original to `last` decides the
 * delivery, once for all; then each is renamed to its step, `last` after all the others. A death before the decision
 * leaves the original (parts are thrown away), one after it leaves names that say where each copy goes: never twice.
 */
export function splitName(origin: string, role: "part" | "last", index: number, to: StepName): string {
  return `${claimId(origin)}.${role}${index}.${to.plugin}.${to.step}`;
}

/** Decides what becomes of the entries of a step's claim directory when nobody works on them any more. */
export function recover(names: readonly string[]): readonly Recovery[] {
  const present = new Set(names.map(claimId));
  return names.filter((name) => !name.startsWith(HIDDEN_PREFIX)).map((name) => recoverOne(name, present));
}

function recoverOne(name: string, present: ReadonlySet<string>): Recovery {
  const groups = SPLIT.exec(name)?.groups;
  const { origin, plugin, step } = groups ?? {};
  if (origin === undefined || plugin === undefined || step === undefined) return { do: "requeue", name };
  if (present.has(origin)) return { do: "discard", name };
  return { do: "deliver", name, to: { plugin, step } };
}
