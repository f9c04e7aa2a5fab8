import { readdirSync, renameSync } from "node:fs";
import { posix } from "node:path";
import { HIDDEN_PREFIX, systemPath } from "../../core/flow/names.ts";
import { dueName, readDueName, retryDelayS, undueName } from "../../core/flow/retry.ts";
import type { Tags } from "../../core/flow/tags.ts";
import { type RetrySpec, type StepName, stepKey } from "../../core/flow/types.ts";
import { checkpoint } from "../../kit/checkpoint.ts";
import { moveSidecar } from "../../kit/tags.ts";
import { codeOf, messageOf } from "../errors.ts";
import { uniqueName, waitingName } from "../file/ids.ts";
import { inDirectory, moveFile } from "../file/transfer.ts";
import type { StepLog } from "../tell/log.ts";
import type { FlowFile } from "../types.ts";
import { retriesOf, setRetries } from "./attempts.ts";

interface Room {
  readonly waiting: string;
  readonly log: StepLog;
  /** Names in the room, by the moment they are due, soonest first. */
  readonly due: { readonly atMs: number; readonly name: string }[];
  timer: NodeJS.Timeout | undefined;
}

/** setTimeout cannot wait longer. */
const TIMER_MAX_MS = 2 ** 31 - 1;
/** What could not be given back is tried again after this long. */
const AGAIN_MS = 5000;

/**
 * Failed files that wait to be tried again, each in `step.<plugin>.<step>_reinject` under a name that says when, so that
 * a restart changes nothing.
 */
export class Retries {
  readonly #rooms = new Map<string, Room>();
  #closed = false;

  /** Finds what waits for a step since before. `waiting` is the step's own directory. */
  open(step: StepName, waiting: string, log: StepLog): void {
    const key = stepKey(step);
    const known = this.#rooms.get(key);
    this.#rooms.set(key, { waiting, log, due: known?.due ?? readRoom(roomOf(waiting), log), timer: known?.timer });
    this.#arm(key);
  }

  /** Finds what a recovery brought to any room since it was opened. */
  lookAgain(): void {
    for (const [key, { waiting, log, due }] of this.#rooms) {
      due.splice(0, due.length, ...readRoom(roomOf(waiting), log));
      this.#arm(key);
    }
  }

  /** Lets a failed file wait for its next try; undefined: it had them all. Otherwise: seconds until then. */
  take(file: FlowFile, from: string, step: StepName, retry: RetrySpec): number | undefined {
    const room = this.#rooms.get(stepKey(step));
    const tried = retriesOf(file.tags, step);
    if (room === undefined || tried >= retry.total) return undefined;
    const delayS = retryDelayS(retry, tried + 1);
    const atMs = Date.now() + Math.round(delayS * 1000);
    const name = dueName(atMs, waitingName(file.tags));
    const before = new Map(file.tags);
    setRetries(file.tags, step, tried + 1);
    try {
      moveFile(file, from, posix.join(roomOf(room.waiting), name));
    } catch (error) {
      replaceTags(file.tags, before);
      throw error;
    }
    file.path = undefined;
    insert(room.due, { atMs, name });
    this.#arm(stepKey(step));
    return delayS;
  }

  close(): void {
    this.#closed = true;
    for (const { timer } of this.#rooms.values()) clearTimeout(timer);
  }

  #arm(key: string, atLeastMs = 0): void {
    const room = this.#rooms.get(key);
    const first = room?.due[0];
    if (room === undefined || this.#closed) return;
    clearTimeout(room.timer);
    if (first === undefined) return;
    const delay = Math.min(Math.max(first.atMs - Date.now(), atLeastMs), TIMER_MAX_MS);
    room.timer = setTimeout(() => this.#giveBack(key, room), delay);
  }

  #giveBack(key: string, room: Room): void {
    const now = Date.now();
    for (let first = room.due[0]; first !== undefined && first.atMs <= now; first = room.due[0]) {
      const from = posix.join(roomOf(room.waiting), first.name);
      const to = posix.join(room.waiting, undueName(first.name) ?? uniqueName());
      try {
        inDirectory(to, () => moveSidecar(from, to), from);
        checkpoint("retry-due");
        inDirectory(to, () => renameSync(systemPath(from), to), from);
      } catch (error) {
        if (codeOf(error) !== "ENOENT") {
          room.log.error(`${from} cannot be tried again yet: ${messageOf(error)}`);
          this.#arm(key, AGAIN_MS);
          return;
        }
      }
      room.due.shift();
    }
    this.#arm(key);
  }
}

function roomOf(waiting: string): string {
  return `${waiting}_reinject`;
}

/** What is there without a time is due. */
function readRoom(directory: string, log: StepLog): Room["due"] {
  try {
    return readdirSync(directory)
      .filter((name) => !name.startsWith(HIDDEN_PREFIX))
      .map((name) => ({ atMs: readDueName(name) ?? 0, name }))
      .sort((a, b) => a.atMs - b.atMs);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") log.error(`what waits to be tried again cannot be seen: ${messageOf(error)}`);
    return [];
  }
}

function replaceTags(tags: Tags, wanted: Tags): void {
  tags.clear();
  for (const [name, value] of wanted) tags.set(name, value);
}

function insert(due: Room["due"], entry: Room["due"][number]): void {
  let at = due.length;
  while (at > 0 && (due[at - 1]?.atMs ?? 0) > entry.atMs) at -= 1;
  due.splice(at, 0, entry);
}
