const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const DAY_MS = 86_400_000;

const pad = (value: number, width = 2): string => String(value).padStart(width, "0");
const short = (name: string | undefined): string => (name ?? "").slice(0, 3);

/** Directives of C's strftime(3) in the C locale, local time. */
const DIRECTIVES: Readonly<Record<string, (date: Date) => string>> = {
  Y: (date) => String(date.getFullYear()),
  m: (date) => pad(date.getMonth() + 1),
  d: (date) => pad(date.getDate()),
  e: (date) => String(date.getDate()).padStart(2),
  H: (date) => pad(date.getHours()),
  I: (date) => pad(date.getHours() % 12 || 12),
  M: (date) => pad(date.getMinutes()),
  S: (date) => pad(date.getSeconds()),
  f: (date) => `${pad(date.getMilliseconds(), 3)}000`,
  y: (date) => pad(date.getFullYear() % 100),
  C: (date) => pad(Math.floor(date.getFullYear() / 100)),
  j: (date) => pad(dayOfYear(date), 3),
  p: (date) => (date.getHours() < 12 ? "AM" : "PM"),
  a: (date) => short(DAYS[date.getDay()]),
  A: (date) => DAYS[date.getDay()] ?? "",
  b: (date) => short(MONTHS[date.getMonth()]),
  h: (date) => short(MONTHS[date.getMonth()]),
  B: (date) => MONTHS[date.getMonth()] ?? "",
  w: (date) => String(date.getDay()),
  u: (date) => String(date.getDay() || 7),
  s: (date) => String(Math.floor(date.getTime() / 1000)),
  z: (date) => zone(-date.getTimezoneOffset()),
  F: (date) => strftime("%Y-%m-%d", date),
  D: (date) => strftime("%m/%d/%y", date),
  T: (date) => strftime("%H:%M:%S", date),
  R: (date) => strftime("%H:%M", date),
  n: () => "\n",
  t: () => "\t",
  "%": () => "%",
};

/** Formats a date as strftime(3) does; a directive it does not know stays as it is written. */
export function strftime(format: string, date: Date): string {
  return format.replace(/%([A-Za-z%])/g, (written, letter: string) => DIRECTIVES[letter]?.(date) ?? written);
}

function dayOfYear(date: Date): number {
  const start = Date.UTC(date.getFullYear(), 0, 1);
  return Math.round((Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - start) / DAY_MS) + 1;
}

function zone(minutesEast: number): string {
  const minutes = Math.abs(minutesEast);
  return `${minutesEast < 0 ? "-" : "+"}${pad(Math.floor(minutes / 60))}${pad(minutes % 60)}`;
}
