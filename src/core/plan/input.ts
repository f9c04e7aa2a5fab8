import type { ModuleConfig } from "../config/types.ts";
import type { Host, Programs } from "../module/host.ts";
import type { ModulePaths } from "../module/paths.ts";
import type { Layer, Plugin } from "../plugin/types.ts";
import type { Owners, ServiceSpec } from "./types.ts";

export interface FrozenService {
  readonly spec: ServiceSpec;
  /** All of it, merged. */
  readonly env: Readonly<Record<string, string>>;
}

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
  /** Files of `templates/config/` (Handlebars sources) and `templates/lua/`, by path relative to `templates/`. */
  readonly templates: ReadonlyMap<string, string>;
  /** SHA-256 of files that options name, by path: programs that read them once must notice another content. */
  readonly named?: ReadonlyMap<string, string>;
  /** Of the generation in force; absent: who comes first by name gets an address. */
  readonly owners?: Owners;
  /** Services to plan just as they are, each with its whole environment, whatever their plugins' values would make of them. */
  readonly frozen?: Readonly<Record<string, FrozenService>>;
}
