import { variantScore } from "../../core/config/merge.ts";
import type { ConfigValue, Origin, Sourced } from "../../core/config/types.ts";

/** One line that says something about an option, as `--json` shows it. */
export interface Claim {
  readonly origin: Origin;
  /** As written. */
  readonly text: string;
  readonly variant?: string;
  /** Whether it counts in this configuration at all. */
  readonly applies: boolean;
  /** `file:line`; absent: the built-in default. */
  readonly at?: string;
}

/** All that was said about an option, the winner first. */
export function claimsOf(value: Sourced<ConfigValue>, configurationName: string): readonly [Claim, ...Claim[]] {
  const claim = ({ raw, variant, origin, at }: Sourced<unknown>): Claim => ({
    origin,
    text: raw,
    ...(variant === undefined ? {} : { variant }),
    applies: variantScore(variant, configurationName) > 0,
    ...(at === undefined ? {} : { at: `${at.file}:${at.line}` }),
  });
  return [claim(value), ...value.shadows.map(claim)];
}

/** Lines of columns, each as wide as its widest cell; the last one is free. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
