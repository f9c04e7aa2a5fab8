import type { ModuleConfig } from "../config/types.ts";
import type { Host, Programs } from "../module/host.ts";
import type { ModulePaths } from "../module/paths.ts";
import type { Layer, Plugin } from "../plugin/types.ts";

/** All that a plan depends on; equal inputs give equal plans, byte for byte. */
export interface PlanInput {
  readonly paths: ModulePaths;
  readonly config: ModuleConfig;
  /** Valid ones only, sorted by name. */
  readonly plugins: readonly Plugin[];
  /** Installed layers a plugin may need. */
  readonly layers: readonly Layer[];
  readonly host: Host;
  readonly programs: Programs;
  /** Handlebars sources of `templates/config/`, by path relative to it. */
  readonly templates: ReadonlyMap<string, string>;
  /** Files of `templates/lua/`, by path relative to it. */
  readonly lua: ReadonlyMap<string, string>;
}
