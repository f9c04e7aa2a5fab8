import type { FlowStep } from "../../core/flow/types.ts";
import type { GroupCommit } from "../../kit/group-commit.ts";
import type { StepLog } from "../tell/log.ts";
import type { FlowFile, StepWorker } from "../types.ts";
import type { Pace } from "./pace.ts";

/** A step that runs. */
export interface Lane {
  step: FlowStep;
  /** Its own program does the work: only files it asked for are claimed. */
  external: boolean;
  worker: StepWorker;
  log: StepLog;
  /** Of a durable step. */
  commit: GroupCommit | undefined;
  readonly claims: string;
  readonly trash: string;
  /** Files it has now, and may have. */
  busy: number;
  limit: number;
  /** For an external step: files its workers have room for, and claims on their way to them. */
  room: number;
  taking: number;
  /** How fast its workers are. */
  readonly pace: Pace;
}

/** A file in a step, since `startedMs` (monotonic). */
export interface Job {
  readonly file: FlowFile;
  readonly lane: Lane;
  readonly counter: number;
  readonly startedMs: number;
  /** Its tags before it entered an external step, with which it may go back: names, each with its value behind it. */
  readonly before: readonly string[] | undefined;
}

/** Whether it can begin another file. */
export function hasRoom(lane: Lane): boolean {
  return lane.busy < lane.limit && (!lane.external || lane.taking < lane.room);
}
