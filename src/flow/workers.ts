import { posix } from "node:path";
import { type FromStep, HANDS_MAX, PROTOCOL, readMessage, type ToStep } from "../core/flow/protocol.ts";
import { stepKey } from "../core/flow/types.ts";
import { checkpoint } from "../kit/checkpoint.ts";
import { listenUnixOver } from "../kit/linux/socket.ts";
import { type Peer, serveMessages } from "../kit/sock.ts";
import type { Output } from "./engine/deliver.ts";
import { makeDirectory } from "./file/directory.ts";
import type { StepLog } from "./tell/log.ts";
import type { FlowFile } from "./types.ts";

/** How a worker's hold of a file ended. */
export type Returned =
  | { readonly is: "ok"; readonly outputs: readonly Output[] }
  | { readonly is: "failed"; readonly reason: string }
  /** The connection ended with the file in its hands. */
  | { readonly is: "died" }
  /** Nobody took it. */
  | { readonly is: "untaken" };

/** What a worker is told of a file, and who hears of its end. */
export interface Loan {
  readonly file: FlowFile;
  readonly path: string;
  readonly attempt: number;
  /** Handed out with no other, because a worker that held it died. */
  readonly alone: boolean;
  readonly returned: (how: Returned) => void;
}

interface Held {
  readonly loan: Loan;
  /** Ends with the worker's life, where the step has a limit. */
  readonly limit: NodeJS.Timeout | undefined;
  readonly outputs: Output[];
}

interface Worker {
  readonly peer: Peer;
  /** Whom it works for, once it said so. */
  key: string | undefined;
  /** Files it asked for and has not got. */
  wants: number;
  readonly hands: Map<number, Held>;
  stopped: boolean;
  /** It broke the rules; nothing it says counts any more. */
  broken: boolean;
}

interface Roster {
  readonly log: StepLog;
  /** Its workers have room for that many more files. */
  readonly onRoom: (files: number) => void;
  readonly workers: Set<Worker>;
  readonly waiting: Loan[];
  /** Milliseconds a worker may hold a file; 0: any time. */
  readonly limitMs: number;
}

/** Steps that run as their own programs: who is connected, what they hold. The connection is the lease. */
export class Workers {
  readonly #rosters = new Map<string, Roster>();
  readonly #workers = new Map<Peer, Worker>();
  readonly #log: StepLog;
  #nextId = 1;

  constructor(log: StepLog) {
    this.#log = log;
  }

  /** Listens for steps; returns what ends it. */
  async listen(path: string): Promise<() => void> {
    makeDirectory(posix.dirname(path));
    return serveMessages(
      listenUnixOver(path),
      (message, peer) => this.#heard(message, peer),
      (peer) => this.#closed(peer),
    );
  }

  /**
   * Hands out files of this step from now on; `onRoom` is told how many more its workers can hold. A worker that holds one
   * for more than `limitMs` milliseconds is killed; 0: it may.
   */
  open(key: string, log: StepLog, onRoom: (files: number) => void, limitMs = 0): void {
    const known = this.#rosters.get(key);
    const [workers, waiting] = [known?.workers ?? new Set<Worker>(), known?.waiting ?? []];
    const roster = { log, onRoom, workers, waiting, limitMs };
    this.#rosters.set(key, roster);
    if (known === undefined) {
      for (const worker of this.#workers.values())
        if (worker.key === key && !worker.stopped) this.#join(worker, roster);
    }
    this.#report(roster);
  }

  /** Hands out no more of this step; its workers finish what they hold. */
  close(key: string): void {
    const roster = this.#rosters.get(key);
    if (roster === undefined) return;
    this.#rosters.delete(key);
    for (const worker of roster.workers) dismiss(worker);
    for (const loan of roster.waiting.splice(0)) loan.returned({ is: "untaken" });
  }

  stop(): void {
    for (const key of [...this.#rosters.keys()]) this.close(key);
  }

  /** Whether any holds a file. */
  get areBusy(): boolean {
    for (const { hands } of this.#workers.values()) if (hands.size > 0) return true;
    return false;
  }

  /** Gives a file to a worker of the step, now or when one has room. */
  lend(key: string, loan: Loan): void {
    const roster = this.#rosters.get(key);
    if (roster === undefined || roster.workers.size === 0) {
      loan.returned({ is: "untaken" });
      return;
    }
    roster.waiting.push(loan);
    this.#deal(roster);
  }

  #heard(message: unknown, peer: Peer): void {
    const worker = this.#workers.get(peer) ?? newWorker(peer);
    this.#workers.set(peer, worker);
    if (worker.broken) return;
    const said = readMessage(message);
    const problem = typeof said === "string" ? said : this.#obey(said, worker);
    if (problem === undefined) return;
    this.#log.warning(`a step${worker.key === undefined ? "" : ` (${worker.key})`} was disconnected: ${problem}`);
    worker.broken = true;
    send(worker, { op: "error", message: problem });
    peer.close();
    this.#leave(worker);
  }

  /** Returns what is wrong with it. */
  #obey(said: FromStep, worker: Worker): string | undefined {
    if (said.op === "hello") return this.#greet(worker, said);
    if (worker.key === undefined) return "the first message must be hello";
    const roster = this.#rosters.get(worker.key);
    if (said.op === "next" || said.op === "stop") {
      if (said.op === "stop") dismiss(worker);
      else worker.wants = Math.min(worker.wants + said.count, HANDS_MAX);
      if (roster !== undefined) this.#deal(roster);
      return undefined;
    }
    const held = worker.hands.get(said.id);
    if (held === undefined) return `it does not hold file ${said.id}`;
    const { tags } = held.loan.file;
    if (said.op === "tag") {
      keepTags(held);
      for (const [name, value] of Object.entries(said.set)) value === null ? tags.delete(name) : tags.set(name, value);
    } else if (said.op === "emit") {
      const { path, to, mode } = said;
      held.outputs.push({ path, to, mode, tags: said.tags ?? tags });
    } else {
      worker.hands.delete(said.id);
      clearTimeout(held.limit);
      checkpoint("returned");
      const ok = said.outcome === "ok";
      held.loan.returned(ok ? { is: "ok", outputs: held.outputs } : { is: "failed", reason: said.reason });
      if (roster !== undefined) this.#deal(roster);
    }
    return undefined;
  }

  #greet(worker: Worker, { step, sdk }: Extract<FromStep, { op: "hello" }>): string | undefined {
    if (worker.key !== undefined) return "it said hello twice";
    worker.key = stepKey(step);
    const roster = this.#rosters.get(worker.key);
    this.#log.debug(`a worker of ${worker.key} is connected (${sdk})`);
    if (roster !== undefined) this.#join(worker, roster);
    return undefined;
  }

  /** A worker of a step that is not there (yet) waits for its welcome. */
  #join(worker: Worker, roster: Roster): void {
    roster.workers.add(worker);
    send(worker, { op: "welcome", protocol: PROTOCOL });
    this.#deal(roster);
  }

  #closed(peer: Peer): void {
    const worker = this.#workers.get(peer);
    this.#workers.delete(peer);
    if (worker !== undefined && !worker.broken) this.#leave(worker);
  }

  /** What it held goes back. */
  #leave(worker: Worker): void {
    const roster = worker.key === undefined ? undefined : this.#rosters.get(worker.key);
    roster?.workers.delete(worker);
    const held = [...worker.hands.values()];
    worker.hands.clear();
    if (held.length > 0) roster?.log.warning(`a worker ended with ${held.length} files in its hands`);
    for (const { loan, limit } of held) {
      clearTimeout(limit);
      loan.returned({ is: "died" });
    }
    if (roster === undefined) return;
    if (roster.workers.size === 0) for (const loan of roster.waiting.splice(0)) loan.returned({ is: "untaken" });
    this.#deal(roster);
  }

  /** Hands out what waits, to the worker with the emptiest hands; a suspect file goes to empty hands only. */
  #deal(roster: Roster): void {
    for (let loan = roster.waiting[0]; loan !== undefined; loan = roster.waiting[0]) {
      const worker = emptiest(roster.workers);
      if (worker === undefined || (loan.alone && worker.hands.size > 0)) break;
      roster.waiting.shift();
      this.#give(worker, loan, roster);
    }
    this.#report(roster);
  }

  #give(worker: Worker, loan: Loan, { log, limitMs }: Roster): void {
    const id = this.#nextId++;
    worker.wants -= 1;
    const limit = limitMs > 0 ? setTimeout(() => this.#end(worker, log, limitMs), limitMs) : undefined;
    worker.hands.set(id, { loan, outputs: [], limit });
    const { path, attempt, alone, file } = loan;
    send(worker, { op: "file", id, path, tags: Object.fromEntries(file.tags), attempt, alone });
    checkpoint("lent");
  }

  /** It holds a file for too long: its death is that of a worker like any other. */
  #end(worker: Worker, log: StepLog, limitMs: number): void {
    log.warning(`a worker holds a file for more than ${limitMs / 1000} s and is killed`);
    worker.peer.kill();
    worker.broken = true;
    worker.peer.close();
    this.#leave(worker);
  }

  #report({ workers, waiting, onRoom }: Roster): void {
    let room = -waiting.length;
    for (const worker of workers) if (hasRoom(worker)) room += worker.wants;
    onRoom(room);
  }
}

/** What was emitted with the tags of that moment has its own before they change, which they hardly ever do. */
function keepTags({ loan, outputs }: Held): void {
  const { tags } = loan.file;
  for (const [index, output] of outputs.entries()) {
    if (output.tags === tags) outputs[index] = { ...output, tags: new Map(tags) };
  }
}

function newWorker(peer: Peer): Worker {
  return { peer, key: undefined, wants: 0, hands: new Map(), stopped: false, broken: false };
}

function send(worker: Worker, message: ToStep): void {
  worker.peer.send(message);
}

/** It gets no more files. */
function dismiss(worker: Worker): void {
  worker.wants = 0;
  if (worker.stopped) return;
  worker.stopped = true;
  send(worker, { op: "stop" });
}

function hasRoom({ wants, stopped, hands }: Worker): boolean {
  if (wants === 0 || stopped || hands.size >= HANDS_MAX) return false;
  if (hands.size !== 1) return true;
  const [only] = hands.values();
  return only?.loan.alone !== true;
}

function emptiest(workers: ReadonlySet<Worker>): Worker | undefined {
  let best: Worker | undefined;
  for (const worker of workers) {
    if (hasRoom(worker) && (best === undefined || worker.hands.size < best.hands.size)) best = worker;
  }
  return best;
}
