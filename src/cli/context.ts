import { homedir, userInfo } from "node:os";
import { join } from "node:path";
import { MODULE_NAMES, type ModuleName, modulePaths } from "../core/module/paths.ts";
import { type Context, UsageError } from "./command.ts";

/** The installation this program belongs to. */
export const installRoot = join(import.meta.dirname, "..", "..");

/** Builds a command's view of the process it runs in. */
export function processContext(options: { json: boolean; module?: ModuleName }): Context {
  const { env } = process;
  // Whoever reads may leave early (`metwork ... | head`): that is no error of ours.
  process.stdout.once("error", () => process.exit(0));
  const module = (): ModuleName => {
    const named = options.module ?? MODULE_NAMES.find((name) => name.toUpperCase() === env["MFMODULE"]);
    if (named !== undefined) return named;
    throw new UsageError(
      `which module? say --module ${MODULE_NAMES.join("|")}, or run it through mfserv_wrapper or mfdata_wrapper`,
    );
  };
  return {
    env,
    cwd: process.cwd(),
    json: options.json,
    color: (process.stderr.isTTY ?? false) && !env["NO_COLOR"] && env["TERM"] !== "dumb",
    interactive: (process.stdin.isTTY ?? false) && (process.stdout.isTTY ?? false) && env["NOINTERACTIVE"] !== "1",
    out: (text) => process.stdout.write(`${text}\n`),
    err: (text) => process.stderr.write(`${text}\n`),
    module,
    paths: (name) => modulePaths(name ?? module(), installRoot, { user: userName(), userHome: homedir(), env }),
  };
}

/** The caller's name; a uid without an account (a container's) is a name too. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "");
  }
}
