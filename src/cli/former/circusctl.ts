import { runtimeLayout } from "../../core/module/paths.ts";
import { sendSignal } from "../../kit/linux/process.ts";
import { currentManifest } from "../../system/apply/generations.ts";
import { connectSupervisor, type LocalSupervisor, SupervisorError } from "../../system/supervise/client.ts";
import { supervisorFiles } from "../../system/supervise/protocol.ts";
import { readDesired } from "../../system/supervise/state.ts";
import type { InstanceStatus, Performed, ServiceStatus } from "../../system/supervisor.ts";
import { type Context, type ExitCode, type Given, UsageError } from "../command.ts";
import { putInForce } from "../plugins/in-force.ts";
import { printDiagnostics } from "../print/diagnostics.ts";

interface Asked {
  readonly context: Context;
  readonly supervisor: LocalSupervisor;
  readonly services: readonly ServiceStatus[];
  /** The words after the action. */
  readonly words: readonly string[];
}

type Action = (asked: Asked) => Promise<ExitCode> | ExitCode;

const ACTIONS: Readonly<Record<string, Action>> = {
  list,
  listpids: pids,
  numwatchers: ({ context, services }) => say(context, String(services.length)),
  numprocesses: (asked) => say(asked.context, String(chosen(asked).flatMap(running).length)),
  status,
  stats,
  options,
  stop: (asked) => eachNamed(asked, ({ supervisor }, { id }) => supervisor.stop(id)),
  restart: (asked) => eachNamed(asked, replaced),
  reload: (asked) => eachNamed(asked, replaced),
  start,
  kill: (asked) => signal(asked, "SIGTERM"),
  signal: (asked) => signal(asked, asked.words[1]),
};

/** What of circus has another place here. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  incr: "write numprocesses into the plugin's override file (config/plugins/NAME.ini)",
  decr: "write numprocesses into the plugin's override file (config/plugins/NAME.ini)",
  set: "write the option into the plugin's override file (config/plugins/NAME.ini)",
  add: "plugins.install",
  rm: "plugins.uninstall",
  quit: "mfserv.stop or mfdata.stop",
  reloadconfig: "metwork apply",
  globaloptions: "metwork config list",
  dstats: "metwork status",
};

/** `circusctl ACTION [WATCHER]`: the actions operators' scripts use, on services by the names that watchers had. */
export async function circusctl(context: Context, given: Given): Promise<ExitCode> {
  const [name = "list", ...words] = given.args;
  const action = ACTIONS[name];
  if (action === undefined) {
    const instead = ELSEWHERE[name] ?? `one of ${Object.keys(ACTIONS).join(", ")}`;
    context.err(`error[MF8063]: circus is gone, and \`circusctl ${name}\` with it`);
    context.err(`  = help: instead: ${instead}`);
    return 2;
  }
  try {
    const supervisor = await connectSupervisor(context.paths(), { start: false });
    try {
      return await action({ context, supervisor, services: await known(context, supervisor), words });
    } finally {
      supervisor.close();
    }
  } catch (error) {
    if (!(error instanceof SupervisorError) && !(error instanceof NoWatcherError)) throw error;
    context.err(`error: ${error.message}`);
    return 1;
  }
}

/** The services that run, and those that should. */
async function known(context: Context, supervisor: LocalSupervisor): Promise<readonly ServiceStatus[]> {
  const listed = await supervisor.list();
  const wanted = (await currentManifest(runtimeLayout(context.paths().runtime)))?.services ?? {};
  const stopped = Object.keys(wanted).filter((id) => !listed.some((service) => service.id === id));
  return [...listed, ...stopped.map((id) => ({ id, digest: "", instances: [] }))];
}

class NoWatcherError extends Error {}

/** The services of the first word, a watcher's name; all without one. */
function chosen({ services, words: [name] }: Asked): readonly ServiceStatus[] {
  if (name === undefined) return services;
  const found = services.filter(({ id }) => id === name);
  if (found.length === 0) throw new NoWatcherError(`program ${name} not found`);
  return found;
}

function running({ instances }: ServiceStatus): readonly (InstanceStatus & { readonly pid: number })[] {
  return instances.flatMap((one) => (one.pid === undefined ? [] : [{ ...one, pid: one.pid }]));
}

function word(service: ServiceStatus): string {
  return running(service).length > 0 ? "active" : "stopped";
}

function say(context: Context, text: string): ExitCode {
  context.out(text);
  return 0;
}

function list(asked: Asked): ExitCode {
  if (asked.words.length > 0) return pids(asked);
  return say(asked.context, asked.services.map(({ id }) => id).join(","));
}

function pids(asked: Asked): ExitCode {
  return say(
    asked.context,
    chosen(asked)
      .flatMap(running)
      .map(({ pid }) => pid)
      .join(","),
  );
}

function status(asked: Asked): ExitCode {
  const found = chosen(asked);
  const named = asked.words.length > 0;
  for (const service of found) asked.context.out(named ? word(service) : `${service.id}: ${word(service)}`);
  return 0;
}

function stats(asked: Asked): ExitCode {
  for (const service of chosen(asked)) {
    asked.context.out(`${service.id}:`);
    for (const { instance, pid, startedAt = Date.now(), restarts } of running(service)) {
      const ageS = Math.round((Date.now() - startedAt) / 1000);
      asked.context.out(`${instance}: pid ${pid}, age ${ageS} s, ${restarts} restarts`);
    }
  }
  return 0;
}

function options(asked: Asked): ExitCode {
  const desired = specs(asked.context);
  for (const { id } of chosen(asked)) {
    const spec = desired.find((one) => one.id === id);
    if (spec === undefined) continue;
    asked.context.out(`name: ${id}\nnumprocesses: ${spec.instances}\nworking_dir: ${spec.cwd}`);
    asked.context.out(`cmd: ${spec.argv[0]}\nargs: ${JSON.stringify(spec.argv.slice(1))}`);
    asked.context.out(`max_age: ${spec.maxAgeS}\ngraceful_timeout: ${spec.stop.graceMs / 1000}`);
  }
  return 0;
}

function specs(context: Context) {
  return readDesired(supervisorFiles(context.paths().runtime).desired)?.services ?? [];
}

/** Where a swap is possible no request is lost; the others are stopped and started. */
function replaced({ context, supervisor }: Asked, { id }: ServiceStatus): Promise<Performed> {
  const spec = specs(context).find((one) => one.id === id);
  if (spec === undefined) throw new NoWatcherError(`program ${id} is about to change; try again`);
  return spec.onChange === "swap" ? supervisor.swap(spec) : supervisor.restart(spec);
}

async function eachNamed(
  asked: Asked,
  act: (asked: Asked, service: ServiceStatus) => Promise<Performed>,
): Promise<ExitCode> {
  if (asked.words.length === 0) throw new UsageError("say which watcher; the whole module: mfserv.stop, mfserv.start");
  const done = await Promise.all(chosen(asked).map((service) => act(asked, service)));
  const notes = done.flatMap((one) => (one.ok ? [] : one.notes));
  printDiagnostics(asked.context, notes);
  return notes.length === 0 ? say(asked.context, "ok") : 1;
}

/** An apply starts what should run and does not, whoever stopped it. */
async function start({ context, words: [name] }: Asked): Promise<ExitCode> {
  return putInForce(context, context.paths(), name ?? "all", "circusctl start", true);
}

function signal(asked: Asked, name: string | undefined): ExitCode {
  if (asked.words.length === 0) throw new UsageError("say which watcher");
  const wanted = name?.toUpperCase().replace(/^(?!SIG)/, "SIG");
  const known = (["SIGHUP", "SIGINT", "SIGQUIT", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGTERM"] as const).find(
    (one) => one === wanted,
  );
  if (known === undefined) throw new UsageError(`\`${name ?? ""}\` is no signal`);
  for (const { pid } of chosen(asked).flatMap(running)) sendSignal(pid, known);
  return say(asked.context, "ok");
}
