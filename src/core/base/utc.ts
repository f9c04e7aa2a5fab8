let known = -1;
let text = "";

/** `2019-01-28T07:52:42`, UTC, of milliseconds since the epoch. Most are of the second that was asked for last. */
export function utcSecond(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== known) {
    known = second;
    text = new Date(second * 1000).toISOString().slice(0, 19);
  }
  return text;
}

/** The milliseconds within the second, three digits. */
export function millisecond(ms: number): string {
  const rest = Math.floor(ms) % 1000;
  return rest < 10 ? `00${rest}` : rest < 100 ? `0${rest}` : `${rest}`;
}

/** Milliseconds, or whatever is not negative, with one digit behind the point. */
export function tenths(value: number): string {
  const all = Math.round(value * 10);
  return `${Math.floor(all / 10)}.${all % 10}`;
}
