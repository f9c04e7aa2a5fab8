import { basename, resolve } from "node:path";
import { type Stranded, strandedText } from "../../core/flow/stranded.ts";
import { findStranded, flowInForce } from "../../system/lifecycle/stranded.ts";
import type { Refusal } from "../../system/plugins/failure.ts";
import { installPlugin } from "../../system/plugins/install.ts";
import { uninstallPlugin } from "../../system/plugins/uninstall.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { printDiagnostics } from "../print/diagnostics.ts";
import { reportTask } from "../print/task.ts";
import { putInForce } from "./in-force.ts";
import { insidePlugin, moduleAtHand, pathsAtHand } from "./module.ts";

const CODES: Readonly<Record<Refusal, ExitCode>> = { refused: 1, failed: 2, busy: 2, name: 3 };

/** `plugins.install`. */
export async function install(context: Context, given: Given): Promise<ExitCode> {
  if (insidePlugin(context)) return 1;
  const module = await moduleAtHand(context, given);
  if (module === undefined) return 1;
  const newName = given.value("new-name");
  const outcome = await installPlugin(module.paths, module.env, resolve(context.cwd, given.args[0] ?? ""), {
    force: given.flag("force"),
    ...(newName === undefined ? {} : { newName }),
  });
  const checked = outcome.ok || outcome.why === "failed";
  reportTask(context, "Checking plugin file", checked ? "OK" : "ERROR");
  if (outcome.ok) reportTask(context, `Installing plugin ${outcome.value.name}`, "OK");
  else if (checked) reportTask(context, "Installing plugin", "ERROR");
  printDiagnostics(context, outcome.notes);
  if (context.json)
    context.out(JSON.stringify(outcome.ok ? { installed: outcome.value.name } : { failed: outcome.notes }));
  if (!outcome.ok) return CODES[outcome.why];
  if (module.paths.otherPlugins !== undefined) return 0;
  return putInForce(context, module.paths, outcome.value.name, "plugins.install");
}

/** `plugins.uninstall`. */
export async function uninstall(context: Context, given: Given): Promise<ExitCode> {
  if (insidePlugin(context)) return 1;
  const [asked = ""] = given.args;
  const paths = pathsAtHand(context, given);
  const outcome = await uninstallPlugin(paths, asked, { clean: given.flag("clean") });
  reportTask(
    context,
    `Uninstalling plugin ${JSON.stringify(basename(asked)).slice(1, -1)}`,
    outcome.ok ? "OK" : "ERROR",
  );
  printDiagnostics(context, outcome.notes);
  if (!outcome.ok) {
    if (context.json) context.out(JSON.stringify({ failed: outcome.notes }));
    return CODES[outcome.why];
  }
  const { name } = outcome.value;
  const elsewhere = paths.otherPlugins !== undefined;
  const code = elsewhere ? 0 : await putInForce(context, paths, name, "plugins.uninstall");
  const left = elsewhere ? [] : leftBehind(context, name);
  if (context.json) context.out(JSON.stringify({ uninstalled: name, stranded: left }));
  else {
    for (const { message, fix } of left.map(strandedText)) {
      context.err(`warning: ${message}`);
      context.err(`  = help: ${fix}`);
    }
  }
  return code;
}

/** Files that wait for steps of a plugin which is no longer there. */
function leftBehind(context: Context, plugin: string): readonly Stranded[] {
  const flow = flowInForce(context.paths());
  if (flow === undefined) return [];
  // Of a module that is stopped, what was in force still has the plugin's steps.
  const steps = flow.steps.filter((step) => step.plugin !== plugin);
  return findStranded(context.paths(), { ...flow, steps }).filter((stranded) => stranded.plugin === plugin);
}
