import type { Command, OptionDecl } from "../command.ts";

/** Where the words of a place in a command line come from; each is asked only when it is wanted. */
export interface WordSources {
  readonly modules: readonly string[];
  plugins(): readonly string[];
  generations(): readonly string[];
  /** `section.key` of a module's options. */
  options(): readonly string[];
}

const GLOBAL: Readonly<Record<string, OptionDecl>> = {
  help: { type: "boolean", short: "h", summary: "" },
  json: { type: "boolean", summary: "" },
  module: { type: "string", value: "MODULE", summary: "" },
};

/** What stands for a file, for which the shell has completion of its own. */
const FILES = new Set(["PATH", "FILE", "DIR", "DIRECTORY", "ARCHIVE"]);

/** The words that may come last: `words` are those before it (the program's name first), `last` its beginning. */
export function candidates(
  commands: readonly Command[],
  words: readonly string[],
  last: string,
  sources: WordSources,
): readonly string[] {
  const found = commandOf(commands, words);
  if (found === undefined) return fitting(nextWords(commands, words.slice(1)), last);
  const { command, rest, linked } = found;
  const options = { ...GLOBAL, ...command.options };
  const { awaits, given } = parse(rest, options);
  if (awaits !== undefined) return fitting(valuesFor(awaits, sources), last);
  if (command.passThrough === true && given > 0) return [];
  if (last.startsWith("-"))
    return fitting(
      Object.keys(options).map((name) => `--${name}`),
      last,
    );
  const place = command.args[given] ?? command.args.findLast(({ variadic }) => variadic === true);
  const more = linked ? [] : nextWords(commands, words.slice(1));
  // A module is the first word of its command, and may be left out: then the next place's words fit here too.
  const next = place?.name === "MODULE" && place.variadic !== true ? command.args[given + 1] : undefined;
  return fitting([...more, ...[place, next].flatMap((one) => valuesFor(one?.name ?? "", sources))], last);
}

/** `linked`: the program's own name means the command. */
function commandOf(commands: readonly Command[], [program = "", ...words]: readonly string[]) {
  const linked = commands.find(({ aliases }) => aliases.includes(program));
  if (linked !== undefined) return { command: linked, rest: words, linked: true };
  const named = commands
    .map((command) => ({ command, name: command.name.split(" ") }))
    .filter(({ name }) => name.every((word, index) => words[index] === word))
    .sort((a, b) => b.name.length - a.name.length)[0];
  return named === undefined
    ? undefined
    : { command: named.command, rest: words.slice(named.name.length), linked: false };
}

/** The words that lead on to a command, after those that are there. */
function nextWords(commands: readonly Command[], before: readonly string[]): readonly string[] {
  const names = commands.map(({ name }) => name.split(" ")).filter(([first = ""]) => !first.startsWith("_"));
  const fit = names.filter(
    (name) => name.length > before.length && before.every((word, index) => name[index] === word),
  );
  return fit.flatMap((name) => name[before.length] ?? []);
}

/** What an option before the last word waits for, else how many arguments there are. */
function parse(words: readonly string[], options: Readonly<Record<string, OptionDecl>>) {
  let given = 0;
  let awaits: string | undefined;
  for (const word of words) {
    if (awaits !== undefined) awaits = undefined;
    else if (!word.startsWith("-") || word === "-") given++;
    else {
      const name = word.replace(/^--?/, "");
      const option = options[name] ?? Object.values(options).find(({ short }) => short === name);
      if (option?.type === "string" && !word.includes("=")) awaits = option.value ?? "VALUE";
    }
  }
  return { given, awaits };
}

function valuesFor(name: string, sources: WordSources): readonly string[] {
  if (name === "MODULE") return sources.modules;
  if (name === "GENERATION") return sources.generations();
  if (name === "KEY") return sources.options();
  if (name === "ACTION") return ["create", "list"];
  if (FILES.has(name)) return [];
  return /^(NAME|PLUGIN)\b/.test(name) ? sources.plugins() : [];
}

function fitting(words: readonly string[], last: string): readonly string[] {
  return [...new Set(words)].filter((word) => word.startsWith(last)).sort();
}
