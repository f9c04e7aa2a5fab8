import type { ModulePaths } from "../../core/module/paths.ts";
import { findInstalled } from "../../system/plugins/installed.ts";
import { notInstalled } from "../../system/plugins/uninstall.ts";
import { connectSupervisor, SupervisorError } from "../../system/supervise/client.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { printDiagnostics } from "../print/diagnostics.ts";
import { reportTask } from "../print/task.ts";
import { putInForce } from "./in-force.ts";

/** `plugins.stop`: each plugin's processes end as they would when it is uninstalled. */
export async function stop(context: Context, given: Given): Promise<ExitCode> {
  const paths = context.paths();
  const [name] = given.args;
  if (isUnknown(context, paths, name)) return 1;
  try {
    const supervisor = await connectSupervisor(paths, { start: false });
    const services = (await supervisor.list()).filter(
      ({ plugin }) => plugin !== undefined && (name === undefined || plugin === name),
    );
    const stopped = await Promise.all(services.map(({ id }) => supervisor.stop(id)));
    supervisor.close();
    const notes = stopped.flatMap((one) => (one.ok ? [] : one.notes));
    printDiagnostics(context, notes);
    reportTask(context, `Stopping ${services.length} services of plugins`, notes.length === 0 ? "OK" : "ERROR");
    if (context.json) context.out(JSON.stringify({ stopped: services.map(({ id }) => id) }));
    return notes.length === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof SupervisorError)) throw error;
    context.err(`error[MF8013]: ${error.message}`);
    return 1;
  }
}

/** `plugins.start`: an apply, which starts what should run and does not. */
export async function start(context: Context, given: Given): Promise<ExitCode> {
  const paths = context.paths();
  const [name] = given.args;
  if (isUnknown(context, paths, name)) return 1;
  return putInForce(context, paths, name ?? "all", "plugins.start", true);
}

function isUnknown(context: Context, paths: ModulePaths, name: string | undefined): boolean {
  const unknown = name !== undefined && findInstalled(paths, name) === undefined;
  if (unknown) printDiagnostics(context, [notInstalled(name)]);
  return unknown;
}
