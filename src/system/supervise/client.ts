import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { LogPolicy } from "../../core/module/log-policy.ts";
import type { ModulePaths } from "../../core/module/paths.ts";
import type { RunnableService } from "../../core/plan/services.ts";
import { connectMessages, fitsSocketAddress, MAX_SOCKET_PATH_BYTES, type Peer } from "../../kit/sock.ts";
import type { Performed, ServiceStatus, Supervisor } from "../supervisor.ts";
import { connectionLost } from "./diagnostics.ts";
import { ALREADY_RUNNING, type Hello, type Request, type Response, supervisorFiles } from "./protocol.ts";

export interface ConnectOptions {
  /** Whether to start the supervisor when it does not run. */
  readonly start: boolean;
  /** How it rotates logs from now on; without it stays as it was told last, else as its default. */
  readonly logPolicy?: LogPolicy;
  /** A supervisor that has to be started first starts what its killed predecessor was running. */
  readonly restore?: boolean;
}

/** A connection to the supervisor of a runtime home. */
export interface LocalSupervisor extends Supervisor {
  readonly pid: number;
  /** Resolves when the connection ended, whoever ended it. */
  readonly closed: Promise<void>;
  /** Ends the connection; the supervisor goes on. An idle connection does not keep the process running. */
  close(): void;
}

/** There is no supervisor to talk to; the message says why. */
export class SupervisorError extends Error {}

const START_MS = 20_000;
const DAEMON = fileURLToPath(new URL("../../main/supervisor.ts", import.meta.url));

/** Connects to the supervisor of a runtime home. Throws SupervisorError when none runs, or none can be started. */
export async function connectSupervisor(
  { runtime }: Pick<ModulePaths, "runtime">,
  options: ConnectOptions,
): Promise<LocalSupervisor> {
  const { socket } = supervisorFiles(runtime);
  if (!fitsSocketAddress(socket)) {
    throw new SupervisorError(
      `${socket} is too long for a socket (${MAX_SOCKET_PATH_BYTES} bytes): move the runtime home up`,
    );
  }
  const connected = await connect(runtime, options.logPolicy);
  if (connected !== undefined) return connected;
  if (!options.start) throw new SupervisorError(`no supervisor runs in ${runtime}`);
  return startDaemon(runtime, options);
}

async function startDaemon(runtime: string, options: ConnectOptions): Promise<LocalSupervisor> {
  const files = supervisorFiles(runtime);
  mkdirSync(files.logs, { recursive: true });
  const log = openSync(files.log, "a", 0o640);
  const before = statSync(files.log).size;
  // A small young generation: it holds little and lives long.
  const flags = ["--max-semi-space-size=1", "--disable-warning=ExperimentalWarning"];
  const child = spawn(
    process.execPath,
    [...flags, DAEMON, runtime, ...(options.restore === true ? ["--restore"] : [])],
    {
      cwd: runtime,
      detached: true,
      env: daemonEnvironment(),
      stdio: ["ignore", log, log],
    },
  );
  closeSync(log);
  child.unref();
  let ended: number | undefined;
  child.on("error", () => {
    ended ??= 127;
  });
  child.on("exit", (code) => {
    ended ??= code ?? 128;
  });
  const deadline = Date.now() + START_MS;
  for (let pause = 5; Date.now() < deadline; pause = Math.min(pause * 1.5, 50)) {
    await sleep(pause);
    const connected = await connect(runtime, options.logPolicy);
    if (connected !== undefined) return connected;
    // When two start at once the loser ends and both talk to the winner.
    if (ended !== undefined && ended !== ALREADY_RUNNING) break;
  }
  const said = readFileSync(files.log).subarray(before).toString("utf8").trim();
  throw new SupervisorError(
    `the supervisor of ${runtime} did not start${said === "" ? "" : `: ${said}`} (see ${files.log})`,
  );
}

/** Nothing of the caller's but what the daemon itself needs: services get their own environments. */
function daemonEnvironment(): Record<string, string> {
  const { HOME = "/", NODE_COMPILE_CACHE, XDG_CACHE_HOME = join(HOME, ".cache") } = process.env;
  return {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME,
    NODE_COMPILE_CACHE: NODE_COMPILE_CACHE ?? join(XDG_CACHE_HOME, "metwork"),
  };
}

type Call = Request extends infer R ? (R extends Request ? Omit<R, "id"> : never) : never;

async function connect(runtime: string, logPolicy: LogPolicy | undefined): Promise<LocalSupervisor | undefined> {
  const waiting = new Map<number, (result: Response["result"] | undefined) => void>();
  let isOpen = true;
  const closed = Promise.withResolvers<void>();
  const peer: Peer | undefined = await connectMessages(supervisorFiles(runtime).socket, {
    message: (message) => {
      const { id, result } = message as Response;
      waiting.get(id)?.(result);
    },
    close: () => {
      isOpen = false;
      closed.resolve();
      for (const give of waiting.values()) give(undefined);
    },
  });
  if (peer === undefined) return undefined;
  let calls = 0;
  const ask = (call: Call): Promise<Response["result"] | undefined> => {
    if (!isOpen) return Promise.resolve(undefined);
    const id = ++calls;
    peer.holdProcess(true);
    return new Promise((resolve) => {
      waiting.set(id, (result) => {
        waiting.delete(id);
        if (waiting.size === 0) peer.holdProcess(false);
        resolve(result);
      });
      peer.send({ ...call, id });
    });
  };
  const perform = async (call: Call, id: string): Promise<Performed> =>
    ((await ask(call)) as Performed | undefined) ?? { ok: false, notes: [connectionLost(id)] };
  const about =
    (call: "start" | "restart" | "swap" | "reload" | "scale") =>
    (service: RunnableService): Promise<Performed> =>
      perform({ call, service }, service.id);
  const hello = (await ask({ call: "hello", ...(logPolicy === undefined ? {} : { logPolicy }) })) as Hello | undefined;
  if (hello === undefined) return undefined;
  return {
    pid: hello.pid,
    closed: closed.promise,
    start: about("start"),
    restart: about("restart"),
    swap: about("swap"),
    reload: about("reload"),
    scale: about("scale"),
    stop: (service) => perform({ call: "stop", service }, service),
    list: async () => {
      const listed = (await ask({ call: "list" })) as readonly ServiceStatus[] | undefined;
      if (listed === undefined) throw new SupervisorError(`the supervisor of ${runtime} ended before it answered`);
      return listed;
    },
    keepLogs: async (policy) => {
      await ask({ call: "hello", logPolicy: policy });
    },
    shutdown: async () => {
      // Not answered: it is done when the connection ends.
      await ask({ call: "shutdown" });
    },
    close: () => peer.close(),
  };
}
