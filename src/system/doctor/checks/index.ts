import { runtimeLayout } from "../../../core/module/paths.ts";
import type { Finding, HostCheck, HostFacts, ModuleCheck, ModuleFacts } from "../types.ts";
import { namespaces } from "./boxes.ts";
import { certificates } from "./certificates.ts";
import { entrances } from "./entrances.ts";
import { access, executables, stale, stranded } from "./files.ts";
import { couldNotLook } from "./findings.ts";
import { limits } from "./limits.ts";
import { clock, hostName, hugePages, inotify, overcommit } from "./machine.ts";
import { peers } from "./peers.ts";
import { configuration, layers, variants } from "./plugins.ts";
import { lowPorts, portsTaken } from "./ports.ts";
import { programs } from "./programs.ts";
import { socketPaths } from "./sockets.ts";
import { generatedTree, lastApply, redis, supervisor } from "./state.ts";
import { attributes, sameFileSystem, space, tmpSpace } from "./storage.ts";

/** Checks of the machine, in the order in which they are shown. */
export const hostChecks: readonly HostCheck[] = [clock, hostName, tmpSpace];

/** Checks of one module: first what it is made of, then what it runs on, then how it runs. */
export const moduleChecks: readonly ModuleCheck[] = [
  configuration,
  layers,
  variants,
  programs,
  executables,
  access,
  certificates,
  portsTaken,
  lowPorts,
  peers,
  socketPaths,
  namespaces,
  space,
  entrances,
  sameFileSystem,
  attributes,
  limits,
  inotify,
  overcommit,
  hugePages,
  supervisor,
  generatedTree,
  lastApply,
  redis,
  stale,
  stranded,
];

/** Runs a check, unless what it looks into is closed to this user: then it says so. */
export function runModuleCheck(
  { looksInto = [], run }: ModuleCheck,
  module: ModuleFacts,
  host: HostFacts,
): readonly Finding[] | undefined {
  const layout = runtimeLayout(module.paths.runtime);
  const closed = looksInto.map((name) => layout[name]).find((directory) => module.hidden.includes(directory));
  return closed === undefined ? run(module, host) : [couldNotLook(`${host.user} may not look into it`, closed)];
}
