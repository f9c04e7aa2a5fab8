import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { hasErrors } from "../../core/base/result.ts";
import type { BrokenPlugin } from "../load/plugins.ts";
import type { LastApply } from "./outcome.ts";

/** A plugin whose version on disk does not serve. */
export interface Quarantined {
  readonly name: string;
  /** `kept`: its last good version serves instead. */
  readonly state: "left out" | "kept";
  /** Errors first. */
  readonly reasons: readonly Diagnostic[];
}

/** The plugins in quarantine, by what the last apply did and by what is wrong on disk now, sorted by name. */
export function quarantined(last: LastApply | undefined, broken: readonly BrokenPlugin[]): readonly Quarantined[] {
  const kept = new Set(last?.kept ?? []);
  const now = new Map(broken.map(({ name, notes }) => [name, notes]));
  const names = [...new Set([...now.keys(), ...(last?.leftOut ?? []), ...kept])].sort();
  return names.map((name) => {
    const reasons = now.get(name) ?? last?.notes.filter(({ plugin }) => plugin === name) ?? [];
    const errors = reasons.filter((note) => hasErrors([note]));
    const others = reasons.filter((note) => !errors.includes(note));
    return { name, state: kept.has(name) ? "kept" : "left out", reasons: [...errors, ...others] };
  });
}
