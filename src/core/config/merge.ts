import type { Diagnostic, Span } from "../base/diagnostic.ts";
import type { IniEntry, IniFile } from "../ini/types.ts";
import type { Origin, Sourced } from "./types.ts";

/** One file of a chain. */
export interface ConfigLayer {
  readonly origin: Exclude<Origin, "default">;
  readonly ini: IniFile;
}

/** A key's winning text, `at` pointing at the value. */
export interface MergedValue extends Sourced<string> {
  readonly at: Span;
  readonly keyAt: Span;
}

export interface MergedSection {
  readonly name: string;
  /** Its header in the weakest file that has it. */
  readonly at: Span;
  /** Only keys that have a value in this configuration: a key with nothing but foreign variants is not here. */
  readonly keys: ReadonlyMap<string, MergedValue>;
}

export interface Merged {
  /** In the order of their first appearance. Empty ones are kept, those that begin with `_` are left out. */
  readonly sections: ReadonlyMap<string, MergedSection>;
  /** What the files' readers noted, and what is legal but surprising in the result. */
  readonly notes: readonly Diagnostic[];
}

interface Candidate {
  readonly entry: IniEntry;
  readonly origin: ConfigLayer["origin"];
  /** Of its file in the chain: higher is stronger. */
  readonly rank: number;
  readonly score: number;
}

/**
 * Merges a chain of files, weakest first, the documented way: per written key (variant included) the strongest file wins,
 * then the most specific variant that applies to the configuration, so a variant beats a plain key of a stronger file.
 */
export function mergeIni(layers: readonly ConfigLayer[], configurationName: string): Merged {
  const found = new Map<string, { at: Span; keys: Map<string, Candidate[]> }>();
  layers.forEach(({ origin, ini }, rank) => {
    for (const [name, at] of ini.sections) {
      if (!name.startsWith("_") && !found.has(name)) found.set(name, { at, keys: new Map() });
    }
    for (const entry of ini.entries) {
      const keys = found.get(entry.section)?.keys;
      const candidate = { entry, origin, rank, score: variantScore(entry.variant, configurationName) };
      const others = keys?.get(entry.key);
      if (others === undefined) keys?.set(entry.key, [candidate]);
      else others.push(candidate);
    }
  });
  const notes = layers.flatMap(({ ini }) => ini.notes);
  const sections = new Map<string, MergedSection>();
  for (const [name, { at, keys }] of found) {
    const values = new Map<string, MergedValue>();
    for (const [key, candidates] of keys) {
      const [winner, ...losers] = candidates.sort((a, b) => b.score - a.score || b.rank - a.rank);
      if (winner === undefined || winner.score === 0) continue;
      values.set(key, merged(winner, losers));
      const surprised = losers.find((loser) => loser.score > 0 && loser.rank > winner.rank);
      if (surprised !== undefined) notes.push(overruled(winner, surprised));
    }
    sections.set(name, { name, at, keys: values });
  }
  return { sections, notes };
}

/** How well a variant fits: exactly (Infinity), an ancestor (`DEV` of `DEV_JOHN`: its number of parts), plain (0.5), not (0). */
export function variantScore(variant: string | undefined, configurationName: string): number {
  if (variant === undefined) return 0.5;
  const asked = configurationName.toUpperCase();
  const offered = variant.toUpperCase();
  if (asked === offered) return Number.POSITIVE_INFINITY;
  return asked.startsWith(`${offered}_`) ? offered.split("_").length : 0;
}

function merged(winner: Candidate, losers: readonly Candidate[]): MergedValue {
  const shadows = losers.length === 0 ? [] : losers.map((loser) => sourced(loser, []));
  return { ...sourced(winner, shadows), keyAt: winner.entry.keyAt };
}

function sourced({ entry, origin }: Candidate, shadows: readonly Sourced<unknown>[]) {
  const { value, variant, valueAt } = entry;
  return { value, raw: value, ...(variant === undefined ? {} : { variant }), origin, at: valueAt, shadows };
}

function overruled(winner: Candidate, loser: Candidate): Diagnostic {
  const name = ({ entry }: Candidate): string => entry.key + (entry.variant === undefined ? "" : `[${entry.variant}]`);
  return {
    code: "MF2001",
    severity: "warning",
    message: `\`${name(loser)}\` has no effect: \`${name(winner)}\` of the ${winner.origin} file is more specific`,
    at: loser.entry.keyAt,
    fix: `write \`${name(winner)} = ...\` here as well`,
    related: [{ at: winner.entry.keyAt, message: "this one wins" }],
  };
}
