import { parseArgs } from "node:util";
import { suggest } from "../core/base/suggest.ts";
import { MODULE_NAMES, type ModuleName } from "../core/module/paths.ts";
import { type Command, type Context, type Given, UsageError } from "./command.ts";
import { commandUsage, programUsage } from "./usage.ts";

/** What the process was started with. */
export interface Invocation {
  /** Name of the link it was called by: `metwork`, `plugins.install`, `mfserv.start`, ... */
  readonly calledAs: string;
  readonly argv: readonly string[];
  readonly uid: number;
}

const GLOBAL_OPTIONS = {
  help: { type: "boolean", short: "h" },
  json: { type: "boolean" },
  module: { type: "string" },
} as const;

/** Runs one command line and returns its exit code. Throws only on a bug. */
export async function run(
  commands: readonly Command[],
  invocation: Invocation,
  makeContext: (options: { json: boolean; module?: ModuleName }) => Context,
): Promise<number> {
  const plain = makeContext({ json: false });
  const { calledAs, argv } = invocation;
  const found = findCommand(commands, calledAs, argv);
  if (found === undefined) return noCommand(commands, plain, argv);
  const { command, rest } = found;
  try {
    const given = parse(command, rest);
    if (given.flag("help")) {
      plain.out(commandUsage(command));
      return 0;
    }
    if (invocation.uid === 0 && plain.env["METWORK_ALLOW_USAGE_BY_ROOT"] !== "1") {
      plain.err("error[MF8051]: metwork does not run as root");
      plain.err("  = help: use the module's user, or set METWORK_ALLOW_USAGE_BY_ROOT=1 if root is really meant");
      return 1;
    }
    const module = chosenModule(given.value("module"), calledAs);
    const context = makeContext({ json: given.flag("json"), ...(module === undefined ? {} : { module }) });
    const implementation = await command.load();
    return await implementation(context, given);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    plain.err(`error[MF8052]: ${error.message}`);
    plain.err(commandUsage(command));
    return 2;
  }
}

function findCommand(commands: readonly Command[], calledAs: string, argv: readonly string[]) {
  const byLink = commands.find((command) => command.aliases.includes(calledAs));
  if (byLink !== undefined) return { command: byLink, rest: argv };
  const byWords = commands
    .map((command) => ({ command, words: command.name.split(" ") }))
    .filter(({ words }) => words.every((word, index) => argv[index] === word))
    .sort((a, b) => b.words.length - a.words.length)[0];
  if (byWords !== undefined) return { command: byWords.command, rest: argv.slice(byWords.words.length) };
  const byAlias = commands.find((command) => argv[0] !== undefined && command.aliases.includes(argv[0]));
  return byAlias === undefined ? undefined : { command: byAlias, rest: argv.slice(1) };
}

function noCommand(commands: readonly Command[], context: Context, argv: readonly string[]): number {
  const asked = argv[0];
  if (asked === undefined || asked === "help" || asked === "--help" || asked === "-h") {
    context.out(programUsage(commands));
    return 0;
  }
  const names = commands.flatMap((command) => [command.name, ...command.aliases]);
  const near = suggest(argv.slice(0, 2).join(" "), names) ?? suggest(asked, names);
  context.err(
    `error[MF8053]: there is no command \`${asked}\`${near === undefined ? "" : `; did you mean \`${near}\`?`}`,
  );
  context.err("  = help: `metwork help` lists all commands");
  return 2;
}

/** Splits a command line by the command's declaration. Throws UsageError. */
function parse(command: Command, argv: readonly string[]): Given {
  const [own, passed] = splitPassThrough(command, argv);
  const options = { ...GLOBAL_OPTIONS, ...command.options };
  let parsed: { values: Record<string, unknown>; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...own], options, allowPositionals: true, strict: true }) as typeof parsed;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message.replace(/\. To specify.*$/s, "") : String(error));
  }
  const args = [...parsed.positionals, ...passed];
  const asksHelp = parsed.values["help"] === true;
  const required = command.args.filter((arg) => arg.required);
  if (!asksHelp && args.length < required.length) {
    throw new UsageError(`missing argument ${required[args.length]?.name ?? ""}`);
  }
  const variadic = command.args.some((arg) => arg.variadic === true);
  if (!variadic && args.length > command.args.length) {
    throw new UsageError(`unexpected argument \`${args[command.args.length] ?? ""}\``);
  }
  return {
    args,
    flag: (name) => parsed.values[name] === true,
    value: (name) => (typeof parsed.values[name] === "string" ? parsed.values[name] : undefined),
    all: (name) => (Array.isArray(parsed.values[name]) ? (parsed.values[name] as string[]) : []),
  };
}

/** Commands that pass nothing on parse everything. Wrappers parse only what stands before their first positional argument; the rest belongs to the wrapped command. */
function splitPassThrough(command: Command, argv: readonly string[]): [readonly string[], readonly string[]] {
  if (command.passThrough === "all") return [[], argv];
  if (command.passThrough !== true) return [argv, []];
  const takesValue = (word: string): boolean => {
    const name = word.replace(/^--?/, "");
    const declared = { ...GLOBAL_OPTIONS, ...command.options } as Record<string, { type: string; short?: string }>;
    const option = declared[name] ?? Object.values(declared).find((one) => one.short === name);
    return option?.type === "string";
  };
  let index = 0;
  while (index < argv.length) {
    const word = argv[index] ?? "";
    if (word === "--") return [argv.slice(0, index), argv.slice(index + 1)];
    if (!word.startsWith("-")) break;
    index += takesValue(word) ? 2 : 1;
  }
  return [argv.slice(0, index), argv.slice(index)];
}

function chosenModule(asked: string | undefined, calledAs: string): ModuleName | undefined {
  const name = asked ?? /^(\w+?)[._]/.exec(calledAs)?.[1];
  const known = MODULE_NAMES.find((module) => module === name);
  if (asked !== undefined && known === undefined) {
    throw new UsageError(`there is no module \`${asked}\`; modules: ${MODULE_NAMES.join(", ")}`);
  }
  return known;
}
