import { readFileSync } from "node:fs";
import { type Agent, request } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { RunnableService } from "../../src/core/plan/services.ts";
import type { InstanceStatus, Performed, Supervisor } from "../../src/system/supervisor.ts";

/** A supervisor under test and a directory of its own for sockets, logs and workers. */
export interface World {
  readonly home: string;
  readonly supervisor: Supervisor;
}

export const WEB_WORKER = fileURLToPath(new URL("./workers/web.mjs", import.meta.url));
const PATH = "/usr/local/bin:/usr/bin:/bin";

/** A service with harmless values for everything a test does not care about. */
export function service(world: World, id: string, changes: Partial<RunnableService> = {}): RunnableService {
  return {
    id,
    argv: ["sleep", "1000"],
    cwd: world.home,
    env: { PATH },
    instances: 1,
    ready: { when: "started" },
    stop: { signal: "SIGTERM", graceMs: 5_000 },
    maxAgeS: 0,
    limits: {},
    log: { stdout: join(world.home, "log", `${id}.log`) },
    reads: [],
    onChange: "restart",
    tier: 20,
    ...changes,
  };
}

/** A web service whose worker is configured by `settings`; see workers/web.mjs. */
export function web(
  world: World,
  id: string,
  hand: "inherited" | "renamed",
  settings: Readonly<Record<string, string>> = {},
  changes: Partial<RunnableService> = {},
): RunnableService {
  return service(world, id, {
    argv: [process.execPath, WEB_WORKER, ...(hand === "renamed" ? ["{unix_socket_path}"] : [])],
    env: { PATH, ...settings },
    socket: { path: join(world.home, "var", `${id}_{instance}.socket`), hand },
    ready: { when: "socket", timeoutMs: 10_000 },
    onChange: "swap",
    ...changes,
  });
}

/** The socket clients of an instance connect to. */
export function socketOf(spec: RunnableService, instance = 1): string {
  return (spec.socket?.path ?? "").replace("{instance}", String(instance));
}

/** A shell script as a command. */
export function script(...lines: readonly string[]): readonly [string, ...string[]] {
  return ["sh", "-c", lines.join("\n")];
}

/** `GET path` over a unix socket, on a connection of its own unless an agent keeps one. Rejects when it is refused or reset. */
export function get(
  socketPath: string,
  path = "/",
  agent: Agent | false = false,
): Promise<{ status: number; pid: number; version: string }> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path, agent }, (response) => {
      let body = "";
      response.on("data", (chunk) => {
        body += chunk;
      });
      response.on("error", reject);
      response.on("end", () => {
        const [pid = "", version = ""] = body.split(" ");
        resolve({ status: response.statusCode ?? 0, pid: Number(pid), version });
      });
    })
      .on("error", reject)
      .end();
  });
}

/** Keeps requesting on several connections at a time until `enough()`; counts answers by version, and failures. */
export async function load(
  socketPath: string,
  connections: number,
  enough: (requests: number, versions: ReadonlyMap<string, number>) => boolean,
) {
  const versions = new Map<string, number>();
  const failures: string[] = [];
  let requests = 0;
  const client = async (): Promise<void> => {
    while (!enough(requests, versions)) {
      requests++;
      try {
        const { version, status } = await get(socketPath);
        if (status !== 200) failures.push(`status ${status}`);
        versions.set(version, (versions.get(version) ?? 0) + 1);
      } catch (error) {
        failures.push(String(error));
      }
    }
  };
  await Promise.all(Array.from({ length: connections }, client));
  return { requests, versions, failures };
}

/** Waits until `look` gives something; fails after a deadline that a machine busy with other tests keeps, too. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`it never happened: ${what}`);
    await sleep(5);
  }
}

export async function instancesOf(world: World, id: string): Promise<readonly InstanceStatus[]> {
  const found = (await world.supervisor.list()).find((listed) => listed.id === id);
  return found?.instances ?? [];
}

export async function pidsOf(world: World, id: string): Promise<readonly number[]> {
  return (await instancesOf(world, id)).flatMap(({ pid }) => pid ?? []);
}

export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

export function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Fails with the supervisor's reasons unless it worked. */
export function worked(performed: Performed): void {
  if (!performed.ok) throw new Error(performed.notes.map(({ code, message }) => `${code} ${message}`).join("\n"));
}

/** The one reason why it did not work. */
export function refusal(performed: Performed): { readonly code: string; readonly message: string } {
  const [note] = performed.ok ? [] : performed.notes;
  if (note === undefined) throw new Error("it worked, and should not have");
  return note;
}
