import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { type IncomingHttpHeaders, request } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type ModuleName, type ModulePaths, runtimeLayout } from "../../src/core/module/paths.ts";
import { manifestOf, servedId } from "../../src/core/plan/manifest.ts";
import { plan } from "../../src/core/plan/plan.ts";
import { findPrograms } from "../../src/system/host/programs.ts";
import { materialise, readInput, temporaryHome } from "./planned.ts";
import { freePort } from "./ports.ts";

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A real nginx serving the plan of a temporary runtime home. */
export interface RunningNginx extends AsyncDisposable {
  readonly paths: ModulePaths;
  readonly port: number;
  /** Of the master. */
  readonly pid: number;
  /** What it says when asked which configuration it serves. */
  readonly served: string;
  ask(path: string, options?: Ask): Promise<Reply>;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** The address to connect to; 127.0.0.1. */
  readonly host?: string;
  /** Of the control server instead of the port. */
  readonly control?: boolean;
}

/** Plans what `prepare` put into a runtime home, and starts nginx on it. */
export async function startNginx(
  module: ModuleName,
  prepare: (paths: ModulePaths) => void,
  found = findPrograms(),
  env: Readonly<Record<string, string>> = {},
): Promise<RunningNginx> {
  const home = temporaryHome(module);
  const { paths } = home;
  const layout = runtimeLayout(paths.runtime);
  const port = await freePort();
  mkdirSync(layout.config);
  writeFileSync(layout.userConfig, `[nginx]\nport = ${port}\nworkers = 1\nupload_max_body_size = 1\n`);
  prepare(paths);
  const { input } = await readInput(paths);
  const planned = plan({ ...input, programs: found, host: { ...input.host, uid: process.getuid?.() ?? 0 } });
  if (!planned.ok) throw new Error(JSON.stringify(planned.notes));
  materialise(planned.value, paths);
  const argv = planned.value.services["nginx"]?.argv ?? [""];
  const stdio = ["ignore", "ignore", "pipe"] as const;
  const child = spawn(argv[0], argv.slice(1), { env: { ...process.env, ...env }, stdio: [...stdio], detached: true });
  const said: string[] = [];
  child.stderr?.on("data", (chunk: Buffer) => said.push(chunk.toString()));
  const nginx: RunningNginx = {
    paths,
    port,
    pid: child.pid ?? 0,
    served: servedId(manifestOf(planned.value)),
    ask: (path, options = {}) => ask(path, options, options.control ? { socketPath: layout.nginxSocket } : { port }),
    async [Symbol.asyncDispose]() {
      await stop(child);
      home[Symbol.dispose]();
    },
  };
  const deadline = Date.now() + 60_000;
  while (!(await answers(nginx))) {
    if (Date.now() > deadline || child.exitCode !== null) {
      await nginx[Symbol.asyncDispose]();
      throw new Error(`nginx does not serve: ${said.join("")}`);
    }
    await delay(10);
  }
  return nginx;
}

async function answers(nginx: RunningNginx): Promise<boolean> {
  const reply = await nginx.ask("/generation", { control: true }).catch(() => undefined);
  return reply?.body.trim() === nginx.served;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  const ended = once(child, "exit");
  process.kill(-child.pid, "SIGKILL");
  await ended;
}

function ask(path: string, options: Ask, where: { port: number } | { socketPath: string }): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { method = "GET", headers = {}, body, host = "127.0.0.1" } = options;
    const asked = request({ host, ...where, path, method, headers, agent: false, timeout: 30_000 }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on("data", (chunk: Buffer) => chunks.push(chunk));
      reply.on("end", () =>
        resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: Buffer.concat(chunks).toString() }),
      );
    });
    asked.on("error", reject);
    asked.on("timeout", () => asked.destroy(new Error(`no answer for ${path}`)));
    asked.end(body);
  });
}

/** The stable socket of an app's worker, below a runtime home. */
export function workerSocket({ runtime }: ModulePaths, plugin: string, app: string, instance: number): string {
  return join(runtimeLayout(runtime).var, `app_${plugin}_${app}_${instance}.socket`);
}
