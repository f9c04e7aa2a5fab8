import { basename } from "node:path";
import { MODULE_OPTIONS } from "../../core/module/options/index.ts";
import { MODULE_NAMES, type ModuleName, runtimeLayout } from "../../core/module/paths.ts";
import { listDirectory } from "../../kit/fs.ts";
import type { Command, Context, ExitCode, Given } from "../command.ts";
import { candidates, type WordSources } from "./candidates.ts";

/** `metwork _complete -- WORDS... LAST`: the words that fit, one a line. */
export function complete(commands: readonly Command[]): (context: Context, given: Given) => Promise<ExitCode> {
  return async (context, given) => {
    const [program = "", ...words] = given.args.slice(0, -1);
    const last = given.args.at(-1) ?? "";
    const found = candidates(commands, [basename(program), ...words], last, sourcesFor(context, given.args));
    if (found.length > 0) context.out(found.join("\n"));
    return 0;
  };
}

/** What there is in the modules that the line names, in all of them when it names none. */
function sourcesFor(context: Context, words: readonly string[]): WordSources {
  const named = MODULE_NAMES.filter((name) => words.includes(name) || name.toUpperCase() === context.env["MFMODULE"]);
  const modules: readonly ModuleName[] = named.length > 0 ? named : MODULE_NAMES;
  const inside = (which: "plugins" | "generations") => (): readonly string[] =>
    modules.flatMap((module) => {
      const listed = listDirectory(runtimeLayout(context.paths(module).runtime)[which]);
      return listed.ok ? listed.entries.map(({ name }) => name).filter((name) => !name.startsWith(".")) : [];
    });
  return {
    modules: MODULE_NAMES,
    plugins: inside("plugins"),
    generations: inside("generations"),
    options: () =>
      modules.flatMap((module) =>
        MODULE_OPTIONS[module].flatMap(({ options }) => options.map(({ section, key }) => `${section}.${key}`)),
      ),
  };
}
