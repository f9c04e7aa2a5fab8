import type { Quarantined } from "../apply/quarantined.ts";

/** One thing that was looked at. */
export interface Check {
  readonly name: string;
  readonly state: "OK" | "WARNING" | "ERROR";
  /** What is wrong and why; absent when nothing is. */
  readonly message?: string;
  readonly fix?: string;
  /** Set when it is a plugin's: such errors leave the module itself healthy. */
  readonly plugin?: string;
  /** Set when the plugin's version on disk does not serve; `kept`: its last good version does. */
  readonly quarantine?: Quarantined["state"];
}
