import { moduleStatus } from "../../system/lifecycle/status.ts";
import { findInstalled } from "../../system/plugins/installed.ts";
import { notInstalled } from "../../system/plugins/uninstall.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { checkLine } from "../print/check.ts";
import { printDiagnostics } from "../print/diagnostics.ts";

/** `plugins.status`: what of `metwork status` is about plugins, or about one of them. 0 when all are well. */
export async function status(context: Context, given: Given): Promise<ExitCode> {
  const paths = context.paths();
  const [name] = given.args;
  if (name !== undefined && findInstalled(paths, name) === undefined) {
    printDiagnostics(context, [notInstalled(name)]);
    return 1;
  }
  const seen = await moduleStatus(paths);
  // Nothing is known of plugins without the supervisor.
  const unknown = seen.services.length === 0 ? seen.checks.filter((check) => check.state === "ERROR") : [];
  const about = seen.checks.filter(({ plugin }) => plugin !== undefined && (name === undefined || plugin === name));
  const checks = [...unknown, ...about.filter((check) => !unknown.includes(check))];
  if (context.json) context.out(JSON.stringify(checks));
  else for (const check of checks) context.out(checkLine(context, check));
  return checks.some((check) => check.state === "ERROR") ? 1 : 0;
}
