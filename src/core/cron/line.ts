/** Source: crontab(5) of Vixie cron and of cronie, whose `~` (a random value of a range) is accepted too. */
interface Field {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly names?: readonly string[];
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

const FIELDS: readonly Field[] = [
  { name: "minute", least: 0, most: 59 },
  { name: "hour", least: 0, most: 23 },
  { name: "day of month", least: 1, most: 31 },
  { name: "month", least: 1, most: 12, names: ["", ...MONTHS] },
  { name: "day of week", least: 0, most: 7, names: DAYS },
];
const NICKNAME = /^@(?:reboot|yearly|annually|monthly|weekly|daily|midnight|hourly)\s+\S/;
const SETTING = /^(?:"(?<double>[^"]*)"|'(?<single>[^']*)'|(?<bare>[A-Za-z_]\w*))\s*=/;

/** The variable that a line of a crontab sets for every line after it; undefined: the line is no setting. */
export function settingOf(line: string): string | undefined {
  const { double, single, bare } = SETTING.exec(line)?.groups ?? {};
  return double ?? single ?? bare;
}

/** What keeps cron from understanding a line that is neither blank nor a comment; undefined: it is well formed. */
export function wrongLine(line: string): string | undefined {
  if (settingOf(line) !== undefined) return undefined;
  if (line.startsWith("@")) {
    return NICKNAME.test(line)
      ? undefined
      : "`@` is followed by reboot, hourly, daily, weekly, monthly or yearly, then a command";
  }
  const words = line.split(/\s+/);
  for (const [index, field] of FIELDS.entries()) {
    const word = words[index];
    if (word === undefined) return `it has ${words.length} of the 5 fields that say when`;
    const problem = wrongField(word, field);
    if (problem !== undefined) return `${field.name} \`${word}\`: ${problem}`;
  }
  return (words[FIELDS.length] ?? "") === "" ? "it has no command" : undefined;
}

function wrongField(word: string, field: Field): string | undefined {
  for (const part of word.split(",")) {
    const [range = "", step, ...more] = part.split("/");
    if (more.length > 0 || (step !== undefined && !/^[1-9]\d*$/.test(step)))
      return "a step is `/` and a number above 0";
    if (range === "*") continue;
    const ends = range.split(/[-~]/);
    if (ends.length > 2) return "a range has two ends";
    const values = ends.map((end) => cronValue(end, field));
    if (values.some((value) => value === undefined)) return `expected ${field.least} to ${field.most} or \`*\``;
    const [from = 0, to = from] = values as number[];
    if (from > to) return "the range ends before it begins";
  }
  return undefined;
}

function cronValue(text: string, { least, most, names }: Field): number | undefined {
  const named = text === "" ? -1 : (names ?? []).indexOf(text.toLowerCase());
  if (named >= 0) return named;
  const value = /^\d{1,2}$/.test(text) ? Number(text) : -1;
  return value >= least && value <= most ? value : undefined;
}
