import { MODULE_NAMES, type ModuleName } from "../../core/module/paths.ts";
import { type Context, type Given, UsageError } from "../command.ts";

/** The predecessor's words for options of `.start`, `.stop` and `.status`, accepted beside module names. */
const LEGACY_WORDS = ["NOINIT", "KEEPCRON", "QUIET"];

/** The modules a command is about: those named, else the one it was called for, else all in start order. */
export function chosenModules(context: Context, given: Given): readonly ModuleName[] {
  const named = given.args.filter((word) => !LEGACY_WORDS.includes(word)).map(moduleNamed);
  if (named.length > 0) return named;
  try {
    return [context.module()];
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return MODULE_NAMES;
  }
}

/** The one module a command is about, named by any of its words, and the other words. Throws UsageError. */
export function moduleAmong(context: Context, given: Given): { module: ModuleName; words: readonly string[] } {
  const named = MODULE_NAMES.find((name) => given.args.includes(name));
  return { module: named ?? context.module(), words: given.args.filter((word) => word !== named) };
}

/** The one module a command is about. Throws UsageError. */
export function chosenModule(context: Context, given: Given): ModuleName {
  const [name] = given.args;
  return name === undefined ? context.module() : moduleNamed(name);
}

function moduleNamed(word: string): ModuleName {
  const module = MODULE_NAMES.find((name) => name === word);
  if (module === undefined) throw new UsageError(`there is no module \`${word}\`; modules: ${MODULE_NAMES.join(", ")}`);
  return module;
}
