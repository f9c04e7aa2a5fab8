import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ModulePaths } from "../../core/module/paths.ts";
import { configFiles } from "../../core/module/paths.ts";
import { readProcess } from "../../kit/linux/process.ts";
import { stopModule } from "../lifecycle/stop.ts";

const PREFIX = "metwork-serve-";
/** Names the process a private appliance belongs to: its pid, and when it started. */
const OWNER = "owner";
/** Where a port is looked for, so that the address stays the same from one time to the next. */
const FIRST_PORT = 8000;
const LAST_PORT = 8099;

/** An appliance of its own for one plugin, below the temporary directory; only this machine reaches it. */
export interface PrivateAppliance {
  readonly paths: ModulePaths;
  readonly port: number;
  /** Stops all of it and removes it. */
  remove(): Promise<void>;
}

/** Prepares one that is not started. Its configuration is its own: nothing of the site's counts. */
export function preparePrivate(root: string, port: number): PrivateAppliance {
  const home = mkdtempSync(join(tmpdir(), PREFIX));
  writeFileSync(join(home, OWNER), identity(process.pid) ?? "");
  const paths = pathsIn(home, root);
  const file = configFiles(paths).user;
  mkdirSync(dirname(file), { recursive: true });
  const lines = [
    "[nginx]",
    `port = ${port}`,
    "listen_address = 127.0.0.1",
    "workers = 1",
    "[autorestart]",
    "flag = 0",
    "[internal_plugins]",
    "install_welcome = 0",
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  return { paths, port, remove: () => remove(home, paths) };
}

/** Removes what killed owners left behind. */
export async function sweepPrivate(root: string): Promise<void> {
  const uid = process.getuid?.();
  for (const name of readdirSync(tmpdir()).filter((one) => one.startsWith(PREFIX))) {
    const home = join(tmpdir(), name);
    if (statSync(home, { throwIfNoEntry: false })?.uid !== uid || isOwned(home)) continue;
    await remove(home, pathsIn(home, root));
  }
}

/** A port of this machine that nobody listens on: the one asked for, else the first of a range, else any. */
export async function choosePort(asked: number | undefined): Promise<number | undefined> {
  if (asked !== undefined) return (await canListen(asked)) === undefined ? undefined : asked;
  for (let port = FIRST_PORT; port <= LAST_PORT; port++) if ((await canListen(port)) !== undefined) return port;
  return await canListen(0);
}

function pathsIn(home: string, root: string): ModulePaths {
  return {
    module: "mfserv",
    root,
    home: join(root, "modules", "mfserv"),
    mfext: join(root, "modules", "mfext"),
    runtime: join(home, "mfserv"),
    etc: join(home, "etc"),
  };
}

async function remove(home: string, paths: ModulePaths): Promise<void> {
  await stopModule(paths, { keepCrontab: false });
  rmSync(home, { recursive: true, force: true });
}

function isOwned(home: string): boolean {
  try {
    const owner = readFileSync(join(home, OWNER), "utf8");
    return owner !== "" && identity(Number(owner.split(" ")[0])) === owner;
  } catch {
    return false;
  }
}

function identity(pid: number): string | undefined {
  const found = readProcess(pid);
  return found === undefined ? undefined : `${found.pid} ${found.startTicks}`;
}

function canListen(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer().once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? address?.port : undefined));
    });
  });
}
