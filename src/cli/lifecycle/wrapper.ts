import { become, findProgram } from "../../kit/become.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { moduleEnvironment } from "./environment.ts";

/** What a command started by hand keeps of its caller's environment. */
const KEPT = ["HOME", "TERM", "DISPLAY", "COLORTERM", "HOSTNAME", "LANG", "LOGNAME", "USER", "USERNAME", "XAUTHORITY"];
/** What tells our own commands, started inside, where everything is. */
const OWN = [
  "METWORK_RUNTIME_ROOT",
  "METWORK_ETC",
  "METWORK_ALLOW_USAGE_BY_ROOT",
  "NO_COLOR",
  "NOINTERACTIVE",
  "CI",
  "METWORK_TEST_RUN",
];

/** Becomes COMMAND in the module's environment: same process, same terminal, arguments as given. */
export async function wrapper(context: Context, given: Given): Promise<ExitCode> {
  const own = await moduleEnvironment(context);
  if (own === undefined) return 1;
  const kept = [...KEPT, ...OWN].flatMap((name) =>
    context.env[name] === undefined ? [] : [[name, context.env[name]]],
  );
  const env: Record<string, string> = { ...Object.fromEntries(kept), ...own, PWD: context.cwd };
  const [command = "", ...args] = given.args;
  const program = findProgram(command, env["PATH"] ?? "");
  if (program === undefined) {
    context.err(`error[MF8054]: ${command}: no such command in the environment of ${context.module()}`);
    return 127;
  }
  return become(program, [command, ...args], env);
}
