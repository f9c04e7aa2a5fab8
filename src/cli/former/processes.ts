import { readFileSync, readlinkSync, realpathSync } from "node:fs";
import { runtimeLayout } from "../../core/module/paths.ts";
import { servedId } from "../../core/plan/manifest.ts";
import { descendants, ownProcesses, readEnviron, readProcess, sendSignal } from "../../kit/linux/process.ts";
import { currentManifest } from "../../system/apply/generations.ts";
import { proveNginx } from "../../system/apply/prove.ts";
import { connectSupervisor } from "../../system/supervise/client.ts";
import { HOME_MARKER } from "../../system/supervise/command.ts";
import { killLeftovers } from "../../system/supervise/leftovers.ts";
import { type Context, type ExitCode, type Given, UsageError } from "../command.ts";
import { reportTask } from "../print/task.ts";

/** `list_metwork_processes.py`: the module's supervisor and all it has started, however it was started. */
export async function listProcesses(context: Context, given: Given): Promise<ExitCode> {
  const format = given.value("output-format") ?? "text";
  if (format !== "text" && format !== "json") throw new UsageError("--output-format is text or json");
  const supervisor = await supervisorPid(context);
  const mark = `${HOME_MARKER}=${context.paths().runtime}`;
  const marked = ownProcesses().filter((pid) => readEnviron(pid).includes(mark));
  const all = new Set([...marked, ...(supervisor === undefined ? [] : [supervisor, ...descendants(supervisor)])]);
  if (!given.flag("include-current-family")) for (const pid of family()) all.delete(pid);
  const rows = [...all].sort((a, b) => a - b).map((pid) => ({ pid, cmdline: commandLine(pid) }));
  if (given.flag("pids-only")) context.out(rows.map(({ pid }) => pid).join("\n"));
  else if (format === "json" || context.json) context.out(JSON.stringify(rows));
  else for (const { pid, cmdline } of rows) context.out(`${pid} ${cmdline}`);
  return 0;
}

/** `kill_remaining_processes.py`: ends what a killed supervisor left behind; what a living one runs is its business. */
export async function killRemaining(context: Context): Promise<ExitCode> {
  const paths = context.paths();
  if ((await supervisorPid(context)) !== undefined) {
    context.err(`error[MF8061]: ${paths.module} runs, so nothing remains of an earlier run`);
    context.err(`  = help: to end it: ${paths.module}.stop`);
    return 1;
  }
  const killed = await killLeftovers(paths.runtime, []);
  context.err(`${killed} processes killed`);
  return 0;
}

/**
 * `find_zombies_nginx_workers.py`: workers of this module's nginx whose master is gone. Exit 1 when there are any.
 * Whoever adopted them: init, the supervisor, or the manager of a user's session.
 */
export async function orphanedNginx(context: Context): Promise<ExitCode> {
  const runtime = realDirectory(context.paths().runtime);
  const orphans = ownProcesses().filter((pid) => {
    if (!commandLine(pid).startsWith("nginx: worker process") || directoryOf(pid) !== runtime) return false;
    const parent = readProcess(pid)?.parent;
    // Asked last: a master that ends in order does so after its workers, which are gone then.
    return parent !== undefined && !commandLine(parent).startsWith("nginx: master process");
  });
  for (const pid of orphans) context.out(String(pid));
  return orphans.length === 0 ? 0 : 1;
}

/** `nginx.status`: whether the module's nginx serves what is in force. */
export async function nginxStatus(context: Context): Promise<ExitCode> {
  const layout = runtimeLayout(context.paths().runtime);
  const manifest = await currentManifest(layout);
  const wrong = manifest === undefined ? undefined : await proveNginx(layout.nginxSocket, servedId(manifest));
  const fine = wrong?.length === 0;
  reportTask(context, "Checking nginx uuid", fine ? "OK" : "ERROR");
  return fine ? 0 : 1;
}

/** `recursive_kill.py PID`: the process and all it has started, at once. */
export async function killTree(context: Context, given: Given): Promise<ExitCode> {
  const pid = Number(given.args[0]);
  if (!Number.isSafeInteger(pid) || pid < 2) throw new UsageError(`\`${given.args[0]}\` is no process`);
  if (readProcess(pid) === undefined) {
    context.err(`there is no process ${pid}`);
    return 1;
  }
  // Stopped first, so that it starts nothing while its children are counted.
  sendSignal(pid, "SIGSTOP");
  for (const one of [...descendants(pid), pid]) sendSignal(one, "SIGKILL");
  return 0;
}

async function supervisorPid(context: Context): Promise<number | undefined> {
  try {
    const supervisor = await connectSupervisor(context.paths(), { start: false });
    supervisor.close();
    return supervisor.pid;
  } catch {
    return undefined;
  }
}

/** This process and those it descends from. */
function family(): readonly number[] {
  const pids: number[] = [];
  for (let pid = process.pid; pid > 1 && !pids.includes(pid); pid = readProcess(pid)?.parent ?? 0) pids.push(pid);
  return pids;
}

/** Processes know their directory without the links on the way to it. */
function realDirectory(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** Its working directory, which says whose nginx it is: the title has overwritten arguments and environment. */
function directoryOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return "";
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return "";
  }
}
