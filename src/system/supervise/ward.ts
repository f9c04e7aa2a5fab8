import type { RunnableService } from "../../core/plan/services.ts";
import type { Child } from "./child.ts";

/** A running process as the watch sees it. */
export interface Ward {
  readonly service: RunnableService;
  readonly instance: number;
  readonly child: Child;
  /** Where it serves; empty when it has no socket. */
  readonly socket: string;
  /** Kills it and all it started; it is started again like after any other end. `reason` completes "killed: ". */
  condemn(reason: string): void;
  /** Lets a fresh one take over before it goes; false while that is not possible. */
  renew(reason: string): boolean;
  /** Notes what was done to it, for whoever asks how it is. */
  note(what: string): void;
}
