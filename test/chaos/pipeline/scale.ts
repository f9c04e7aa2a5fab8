/** The first of the seeds: the same one gives the same names, contents and faults. */
export const seed = Number(process.env["CHAOS_SEED"] ?? "1");

/** The volume of a run: `CHAOS=short` or `full`, times `CHAOS_SCALE` (1). */
export function scaled({ full, short }: { readonly full: number; readonly short: number }): number {
  const scale = Number(process.env["CHAOS_SCALE"] ?? "1");
  return Math.max(1, Math.ceil((process.env["CHAOS"] === "full" ? full : short) * scale));
}
