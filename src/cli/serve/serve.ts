import { once } from "node:events";
import { resolve } from "node:path";
import { hasErrors } from "../../core/base/result.ts";
import { detect } from "../../core/detect/detect.ts";
import type { Detected, Facts } from "../../core/detect/types.ts";
import { gatherHost } from "../../system/host/host.ts";
import { loadConfig } from "../../system/load/config.ts";
import { problem } from "../../system/plugins/failure.ts";
import { gatherFacts, virtualEnvironment } from "../../system/serve/facts.ts";
import { followCode, followLogs } from "../../system/serve/follow.ts";
import { detectedFiles, suggestedName, writeCopied, writeLinked } from "../../system/serve/plugin.ts";
import { choosePort, sweepPrivate } from "../../system/serve/private.ts";
import { isRunning, privateStage, runningStage, type Stage } from "../../system/serve/stage.ts";
import { connectSupervisor } from "../../system/supervise/client.ts";
import { type Context, type ExitCode, type Given, UsageError } from "../command.ts";
import { printDiagnostics } from "../print/diagnostics.ts";

/** What is to be served, and what it was found to be. */
interface Found {
  readonly facts: Facts;
  readonly detected: Detected;
  readonly name: string;
}

/** How many processes a kept plugin runs, unless one serves many requests. */
const AS_MANY_AS_USUAL = "{{MFHARDWARE_NUMBER_OF_CPU_CORES_MULTIPLIED_BY_2}}";

/** `metwork serve`. */
export async function serve(context: Context, given: Given): Promise<ExitCode> {
  const [target = ".", ...words] = given.args;
  const port = portOf(given.value("port"));
  const { root } = context.paths("mfserv");
  const facts = await gatherFacts(target, { cwd: context.cwd, root, arguments: words });
  printDiagnostics(context, facts.notes);
  if (!facts.ok) return 1;
  const detected = detect(facts.value);
  printDiagnostics(context, detected.notes);
  if (!detected.ok) return 1;
  const name = given.value("name") ?? suggestedName(facts.value);
  const found: Found = { facts: facts.value, detected: detected.value, name };
  const keep = given.value("keep");
  if (given.flag("explain")) return explain(context, found);
  for (const reason of found.detected.reasons) context.err(`- ${reason}`);
  if (keep !== undefined) return keepPlugin(context, found, resolve(context.cwd, keep));
  return serveUntilStopped(context, found, port);
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new UsageError(`\`${text}\` is no port number`);
  return port;
}

async function explain(context: Context, { facts, detected, name }: Found): Promise<ExitCode> {
  if (context.json) {
    context.out(JSON.stringify({ name, directory: facts.directory, named: facts.named, ...detected }, null, 2));
    return 0;
  }
  context.out(`${name}: ${detected.kind}`);
  for (const reason of detected.reasons) context.out(`- ${reason}`);
  const files = await filesOf(context, { facts, detected, name }, true);
  if (files === undefined) return 1;
  context.out(`\n${files.get("config.ini")?.text.replace(/^#.*\n|^\n/gm, "") ?? ""}`.trimEnd());
  return 0;
}

async function filesOf(context: Context, { detected, name }: Found, alone: boolean) {
  const paths = context.paths("mfserv");
  const loaded = await loadConfig(paths, gatherHost());
  const env = loaded.ok ? loaded.value.env : {};
  const files = detectedFiles(paths, env, detected, { name, processes: AS_MANY_AS_USUAL, alone });
  printDiagnostics(context, files.notes);
  return files.ok ? files.value : undefined;
}

async function keepPlugin(context: Context, found: Found, target: string): Promise<ExitCode> {
  const files = await filesOf(context, found, false);
  if (files === undefined) return 1;
  const written = await writeCopied(target, files, found.facts, found.detected);
  printDiagnostics(context, written.notes);
  if (!written.ok) return 1;
  context.err(`to serve it where it is: cd ${target} && mfserv_wrapper make develop`);
  context.err(`to ship it:              cd ${target} && mfserv_wrapper make release`);
  context.out(context.json ? JSON.stringify({ name: found.name, directory: target }) : target);
  return 0;
}

async function serveUntilStopped(context: Context, found: Found, port: number | undefined): Promise<ExitCode> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort());
  const stage = await chooseStage(context, found.name, port);
  if (stage === undefined) return 1;
  try {
    return await onStage(context, found, stage, stop.signal);
  } finally {
    await stage.close();
  }
}

/** The module that runs, which has the site's port, certificate and logs; else one of its own, which is gone afterwards. */
async function chooseStage(context: Context, name: string, port: number | undefined): Promise<Stage | undefined> {
  const paths = context.paths("mfserv");
  if (port === undefined && (await isRunning(paths))) return staged(context, await runningStage(paths, name));
  await sweepPrivate(paths.root);
  const free = await choosePort(port);
  if (free === undefined) {
    printDiagnostics(context, [problem("MF3117", `port ${port} is not free`, "choose another, or leave --port out")]);
    return undefined;
  }
  return staged(context, await privateStage(paths.root, name, free));
}

function staged(context: Context, made: Stage | Parameters<typeof printDiagnostics>[1]): Stage | undefined {
  if ("paths" in made) return made;
  printDiagnostics(context, made);
  return undefined;
}

async function onStage(context: Context, found: Found, stage: Stage, stop: AbortSignal): Promise<ExitCode> {
  const { facts, detected, name } = found;
  const packages = await virtualEnvironment(facts.directory, context.env["VIRTUAL_ENV"]);
  if (packages !== undefined) context.err(`- packages of ${packages.packages} are found`);
  const files = detectedFiles(stage.paths, stage.env, detected, {
    name,
    processes: "1",
    alone: stage.alone,
    ...(packages === undefined ? {} : { virtualEnvironment: packages }),
  });
  printDiagnostics(context, files.notes);
  if (!files.ok) return 1;
  await writeLinked(stage.home, files.value, facts, detected);
  const notes = await stage.open();
  printDiagnostics(context, notes);
  if (hasErrors(notes)) return 1;
  if (stop.aborted) return 0;
  const supervisor = await connectSupervisor(stage.paths, { start: false });
  using _logs = followLogs(stage.paths, name, (text) => context.err(text));
  context.out(
    context.json
      ? JSON.stringify({ name, kind: detected.kind, url: stage.url, runtime: stage.paths.runtime })
      : stage.url,
  );
  const following = followCode({ facts, detected, plugin: name }, stage.paths, supervisor, stop, (renewal) => {
    const what = renewal.changed.map((path) => path.slice(facts.directory.length + 1)).join(", ");
    printDiagnostics(context, renewal.notes);
    if (renewal.notes.length > 0) context.err(`${what} changed; the former version goes on`);
    else context.err(`${what} changed; served anew after ${renewal.milliseconds} ms`);
  });
  // Nothing else that is waited for keeps the process running.
  const holding = setInterval(() => undefined, 60_000);
  const ended = await Promise.race([supervisor.closed.then(() => true), once(stop, "abort").then(() => false)]);
  clearInterval(holding);
  if (!ended) await following;
  supervisor.close();
  if (ended)
    printDiagnostics(context, [problem("MF3118", "the supervisor ended", "look into its log, start it again")]);
  return ended ? 1 : 0;
}
