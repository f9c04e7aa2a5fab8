import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { RuntimeLayout } from "../../../core/module/paths.ts";
import { isAsPlanned } from "../../../core/plan/manifest.ts";
import { readTextFile } from "../../../kit/fs.ts";
import { connectMessages, fitsSocketAddress, type Peer } from "../../../kit/sock.ts";
import { currentManifest } from "../../apply/generations.ts";
import { readState } from "../../lifecycle/state.ts";
import type { Response } from "../../supervise/protocol.ts";
import type { ServiceStatus } from "../../supervisor.ts";
import type { Limits, RedisFacts, RunFacts, Seen, TreeFacts } from "../types.ts";
import { gatherRedis } from "./redis.ts";
import { look, seen, within } from "./seen.ts";

/** A supervisor answers within milliseconds; a busy machine needs more. */
const ANSWER_MS = 800;

/** What only running programs can say. */
export interface Answers {
  readonly run: RunFacts;
  /** undefined: the supervisor runs none. */
  readonly redis: Seen<RedisFacts> | undefined;
}

/** Asks the programs of a module. To be awaited before work that keeps the event loop busy: their time is limited. */
export async function askRunning(layout: RuntimeLayout): Promise<Answers> {
  const run = await gatherRun(layout);
  return { run, redis: run.services.includes("redis") ? await gatherRedis(layout.redisSocket) : undefined };
}

/** Asks the supervisor who it is and what it runs; one that hangs does not hold us up. */
export async function gatherRun(layout: RuntimeLayout): Promise<RunFacts> {
  const state = readState(layout);
  const absent: RunFacts = { state, supervisor: "absent", services: [] };
  if (!fitsSocketAddress(layout.supervisorSocket)) return absent;
  const answers = new Map<number, Response["result"]>();
  const { promise, resolve } = Promise.withResolvers<"done" | "closed">();
  const peer: Peer | undefined = await connectMessages(layout.supervisorSocket, {
    message: (message) => {
      const { id, result } = message as Response;
      answers.set(id, result);
      if (answers.size === 2) resolve("done");
    },
    close: () => resolve("closed"),
  });
  if (peer === undefined) return absent;
  peer.send({ id: 1, call: "hello" });
  peer.send({ id: 2, call: "list" });
  const ended = await within(ANSWER_MS, promise);
  peer.holdProcess(false);
  peer.close();
  if (ended !== "done") return { ...absent, supervisor: "silent" };
  const { pid } = answers.get(1) as { pid: number };
  const services = answers.get(2) as readonly ServiceStatus[];
  return { state, supervisor: "answers", pid, services: services.map(({ id }) => id) };
}

/** Compares the tree in force with what was generated. */
export async function gatherTree(layout: RuntimeLayout): Promise<Seen<TreeFacts>> {
  const manifest = await currentManifest(layout);
  if (manifest === undefined) return seen({ id: undefined, changed: [] });
  const changed = Object.keys(manifest.files).filter((path) => {
    const read = readTextFile(join(layout.configAuto, path));
    return !read.ok || !isAsPlanned(manifest, path, read.text);
  });
  return seen({ id: manifest.id, changed });
}

/** The hard limits that services inherit: the supervisor's while it runs, else those of who would start it. */
export function gatherLimits(supervisor: number | undefined): Seen<Limits> {
  const of = supervisor === undefined ? "this session" : `the supervisor (pid ${supervisor})`;
  return look(() => {
    const text = readFileSync(`/proc/${supervisor ?? "self"}/limits`, "latin1");
    return { of, openFiles: hardLimit(text, "Max open files"), processes: hardLimit(text, "Max processes") };
  });
}

function hardLimit(text: string, name: string): number {
  const hard = new RegExp(`^${name}\\s+\\S+\\s+(\\S+)`, "m").exec(text)?.[1];
  if (hard === undefined) throw new Error(`/proc/self/limits has no line "${name}"`);
  return hard === "unlimited" ? Number.POSITIVE_INFINITY : Number(hard);
}
