import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { RunnableService } from "../../core/plan/services.ts";
import { taskGroups } from "../../kit/linux/cgroup.ts";
import { LockBusyError, lockFile } from "../../kit/linux/lock.ts";
import { adoptedChildren, becomeSubreaper, reap, sendSignal } from "../../kit/linux/process.ts";
import { listenUnixOver } from "../../kit/linux/socket.ts";
import { type Peer, serveMessages } from "../../kit/sock.ts";
import type { Shared } from "./attempt.ts";
import { Clients } from "./clients.ts";
import { findWrappers } from "./command.ts";
import { internalFailure } from "./diagnostics.ts";
import { killLeftovers, Sweeper } from "./leftovers.ts";
import { Logs } from "./logs.ts";
import { ALREADY_RUNNING, type Request, type Response, supervisorFiles } from "./protocol.ts";
import { Slowness } from "./slow.ts";
import { ProcessRecords, readDesired } from "./state.ts";
import { Team } from "./team.ts";
import { serveUpstreams } from "./upstreams.ts";
import { Watch } from "./watch.ts";

/** In the lock's file: what its holder does, or did last. */
const SERVING = "serving\n";
const ENDING = "ending\n";
/** How long to wait for a predecessor that is just ending. */
const PREDECESSOR_MS = 1_000;

/**
 * Runs the supervisor of one runtime home until it is told to shut down. Gives the exit code.
 * What an earlier one left behind is ended first. `restore`: starts what that one had been asked to run.
 */
export async function runDaemon(runtime: string, options: { readonly restore: boolean }): Promise<number> {
  const files = supervisorFiles(runtime);
  process.umask(0o022);
  mkdirSync(files.var, { recursive: true });
  mkdirSync(files.logs, { recursive: true });
  try {
    let met: string | undefined;
    const look = (): string => readFileSync(files.lock, "utf8");
    const lock = await lockFile(files.lock, {
      waitMs: PREDECESSOR_MS,
      onBusy: () => {
        met = look();
      },
    });
    // Started together with another one, which has served all it was asked for meanwhile: nobody waits for this one.
    if (met !== undefined && met !== ENDING && look() === ENDING) return ALREADY_RUNNING;
    writeFileSync(files.lock, SERVING);
    await supervise(runtime, options.restore);
    lock.release();
    return 0;
  } catch (error) {
    if (!(error instanceof LockBusyError)) throw error;
    console.error(`another supervisor runs in ${runtime}`);
    return ALREADY_RUNNING;
  }
}

async function supervise(runtime: string, restore: boolean): Promise<void> {
  const files = supervisorFiles(runtime);
  const shared = surroundings(runtime);
  const killed = await endEarlier(runtime, shared.records);
  shared.report(`started, pid ${process.pid}; ended ${killed} processes of an earlier one`);
  if (shared.wrappers.dieWithUs.length === 0) {
    shared.report(
      "warning: no setpriv --pdeathsig here: if this process is killed, its children end only at the next start",
    );
  }
  const desired = restore ? readDesired(files.desired) : undefined;
  if (desired !== undefined) shared.logs.policy = desired.logPolicy;
  const team = new Team(shared, files.desired, () => writeFileSync(files.lock, ENDING));
  const stopReaping = reapAdopted(shared.records);
  const wards = () => team.wards();
  const slowness = new Slowness(files.accessLog, wards, (service, notice) => team.tell(service, notice));
  const watch = new Watch(wards, slowness);
  const listenFd = listenUnixOver(files.socket);
  const close = await serveMessages(listenFd, (message, peer) => {
    const request = message as Request;
    answer(request, peer, team).catch((error: unknown) => {
      // A client of another version may ask what this one does not know; it must not wait for ever.
      peer.send({
        id: request.id,
        result: { ok: false, notes: [internalFailure(request.call, error)] },
      } satisfies Response);
    });
  });
  const closeUpstreams = await serveUpstreams(listenUnixOver(files.upstreams), () => team.upstreams());
  process.on("SIGTERM", () => void team.shutdown());
  process.on("SIGINT", () => void team.shutdown());
  process.on("SIGHUP", () => undefined);
  process.on("uncaughtException", (error) => shared.report(`error: ${error.stack}`));
  if (desired !== undefined) void restoreAll(team, desired.services, shared.report);

  await team.ended;
  watch.end();
  stopReaping();
  for (const pid of adoptedChildren(new Set())) sendSignal(pid, "SIGKILL");
  shared.groups?.end();
  shared.records.close();
  for (const path of [files.socket, files.upstreams]) rmSync(path, { force: true });
  closeUpstreams();
  shared.report("ended");
  await shared.logs.closeAll();
  close();
}

function surroundings(runtime: string): Shared {
  const logs = new Logs();
  const log = logs.borrow(supervisorFiles(runtime).log);
  return {
    home: runtime,
    wrappers: findWrappers(process.env["PATH"]),
    groups: taskGroups(),
    logs,
    records: new ProcessRecords(supervisorFiles(runtime).processes),
    sweeper: new Sweeper(),
    clients: new Clients(),
    report: (line) => void log.write(Buffer.from(`${new Date().toISOString()} ${line}\n`)),
  };
}

/** Ends what a killed supervisor left behind, so that nothing can ever run twice. */
async function endEarlier(runtime: string, records: ProcessRecords): Promise<number> {
  const earlier = records.readEarlier();
  const killed = await killLeftovers(runtime, earlier);
  for (const { socket } of earlier) if (socket !== undefined) rmSync(socket, { force: true });
  return killed;
}

/** Collects orphans of our descendants when they end. Gives a function that ends it. */
function reapAdopted(records: ProcessRecords): () => void {
  becomeSubreaper();
  const collect = (): void => {
    for (const pid of adoptedChildren(records.pids())) reap(pid);
  };
  process.on("SIGCHLD", collect);
  return () => process.off("SIGCHLD", collect);
}

async function answer(request: Request, peer: Peer, team: Team): Promise<void> {
  const reply = (result: Response["result"]): void => peer.send({ id: request.id, result } satisfies Response);
  switch (request.call) {
    case "hello":
      if (request.logPolicy !== undefined) team.setLogPolicy(request.logPolicy);
      return reply({ pid: process.pid });
    case "list":
      return reply(team.list());
    case "stop":
      return reply(await team.stop(request.service));
    case "shutdown":
      // The answer is the end of the connection, which comes last.
      return team.shutdown();
    default:
      return reply(await team.perform(request.call, request.service));
  }
}

/** Starts services again, lowest tier first. */
async function restoreAll(
  team: Team,
  services: readonly RunnableService[],
  report: (line: string) => void,
): Promise<void> {
  const tiers = Map.groupBy(services, ({ tier }) => tier);
  for (const tier of [...tiers.keys()].sort((a, b) => a - b)) {
    await Promise.all(
      (tiers.get(tier) ?? []).map(async (service) => {
        const performed = await team.perform("start", service);
        if (!performed.ok) for (const note of performed.notes) report(`not restored: ${note.message}`);
      }),
    );
  }
}
