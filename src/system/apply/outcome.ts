import type { Diagnostic } from "../../core/base/diagnostic.ts";
import type { Action } from "../../core/plan/types.ts";
import type { FailedPlugin } from "./quarantine.ts";
import type { Served } from "./served.ts";

/** How an apply ended. `notes` always holds everything the user should know, warnings included. */
export interface Outcome {
  readonly did: "nothing" | "applied" | "would apply" | "refused" | "rolled back";
  /** The generation in force afterwards; undefined when there is none. */
  readonly generation: string | undefined;
  readonly actions: readonly Action[];
  readonly notes: readonly Diagnostic[];
  /** Plugins left out because they could not be read, planned or started, or are not healthy, by name. */
  readonly leftOut: readonly string[];
  /** Plugins of which the last good version serves, because the new one does not work. */
  readonly kept?: readonly string[];
  /** What nginx answered while services changed; absent when none did, or it keeps no log. */
  readonly served?: Served;
}

/** What is remembered of the last apply (`var/last_apply.json`), for status and for the next one. */
export interface LastApply extends Outcome {
  /** Set while a rollback holds a generation, although the inputs, by the id of their plan, ask for another. */
  readonly held?: { readonly generation: string; readonly inputsId: string };
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly reason: string;
  readonly tookMs: number;
  /** Plugins that were planned but did not serve. */
  readonly failedStarts: Readonly<Record<string, FailedPlugin>>;
}
