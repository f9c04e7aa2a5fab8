import type { Settings } from "../../core/flow/network/settings.ts";
import type { StepLog } from "../tell/log.ts";
import type { Store } from "./store.ts";

/** How long what is in hand may take when a listener is told to stop. */
export const STOP_MS = 5000;

/** What the listener of one protocol is given. */
export interface Listening {
  readonly settings: Settings;
  readonly store: Store;
  readonly plugin: string;
  readonly log: StepLog;
}

/** A listener at work: it ends when it is told to, with nothing half done. */
export interface Listener {
  stop(): Promise<void>;
}

/** Runs until it is told to stop, by the signal it was given, and has ended. */
export function untilStopped(run: (stopping: AbortSignal) => Promise<void>): Listener {
  const stopping = new AbortController();
  const ended = run(stopping.signal);
  return {
    stop: () => {
      stopping.abort();
      return ended;
    },
  };
}
