const UNITS: Readonly<Record<string, number>> = {
  s: 1000,
  min: 60_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const DATE = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/;

/**
 * A moment as a person writes it, in milliseconds since the epoch: `2026-11-25`, `2026-11-25T10:00` (UTC where no zone is
 * given), `now`, or how long ago: `90s`, `30min`, `24h`, `7d`, `2w`. undefined: it is none.
 */
export function parseMoment(text: string, nowMs: number): number | undefined {
  if (text === "now") return nowMs;
  const [, count, unit = ""] = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/.exec(text) ?? [];
  if (count !== undefined) {
    const ms = UNITS[unit];
    return ms === undefined ? undefined : nowMs - Number(count) * ms;
  }
  if (!DATE.test(text)) return undefined;
  const zoned = /(?:Z|[+-]\d\d:?\d\d)$/.test(text) && text.length > 10;
  const ms = Date.parse(`${text.replace(" ", "T")}${zoned ? "" : text.length > 10 ? "Z" : "T00:00Z"}`);
  return Number.isNaN(ms) ? undefined : ms;
}

const FIELDS: Readonly<Record<string, (date: Date) => string>> = {
  Y: (date) => String(date.getUTCFullYear()),
  m: (date) => pad(date.getUTCMonth() + 1),
  d: (date) => pad(date.getUTCDate()),
  H: (date) => pad(date.getUTCHours()),
  M: (date) => pad(date.getUTCMinutes()),
  j: (date) => pad(Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1, 3),
  y: (date) => pad(date.getUTCFullYear() % 100),
};
const STEP_MS = { M: 60_000, H: 3_600_000, d: 86_400_000 } as const;
/** More names than a person would want to read. */
const NAMES_MAX = 100_000;

/** `%Y`, `%m`, `%d`, `%H`, `%M`, `%j` and `%y` of a pattern, replaced by a moment's, UTC; `%%` is a `%`. */
export function patternAt(pattern: string, ms: number): string {
  const date = new Date(ms);
  return pattern.replace(/%([YmdHMjy%])/g, (whole, field: string) =>
    field === "%" ? "%" : (FIELDS[field]?.(date) ?? whole),
  );
}

/** The names a pattern stands for between two moments: one a minute, an hour or a day, by its finest field. */
export function expectedNames(pattern: string, fromMs: number, toMs: number): readonly string[] {
  const finest = (["M", "H"] as const).find((field) => pattern.includes(`%${field}`)) ?? "d";
  const step = STEP_MS[finest];
  const names = new Set<string>();
  for (let ms = Math.ceil(fromMs / step) * step; ms < toMs && names.size < NAMES_MAX; ms += step) {
    names.add(patternAt(pattern, ms));
  }
  return [...names];
}

/** Whether a pattern names a time. */
export function hasTime(pattern: string): boolean {
  return /%[YmdHMjy]/.test(pattern);
}

function pad(value: number, width = 2): string {
  return String(value).padStart(width, "0");
}
