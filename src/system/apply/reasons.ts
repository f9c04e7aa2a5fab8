import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { appProbes, probeTarget } from "../../core/plan/nginx/probes.ts";
import type { Action, Manifest } from "../../core/plan/types.ts";
import type { Suspects } from "./blame.ts";
import { probeApps } from "./health.ts";
import type { Failure } from "./perform.ts";
import type { NginxLog } from "./prove.ts";

/** What is wrong with plugins, by name. */
export type Reasons = ReadonlyMap<string, readonly Diagnostic[]>;

/** Asks the apps something was done to, through nginx, whether they serve. */
export async function unhealthyPlugins(
  { input, next }: Pick<Suspects, "input"> & { readonly next: Manifest },
  parts: readonly Action[],
): Promise<Reasons> {
  const changed = new Set(parts.map(({ service }) => service).filter((id) => id.startsWith("app.")));
  if (input === undefined || changed.size === 0) return new Map();
  const target = next.services["nginx"] !== undefined ? probeTarget(input) : undefined;
  if (target === undefined) return new Map();
  const ill = await probeApps(target, appProbes(input, changed));
  // What served before fails because of what changed.
  const swaps = parts.filter((action) => action.do !== "start");
  const placed = [...ill].map(([plugin, notes]) => {
    const at = swaps
      .filter(({ service }) => ownerOf(service, next) === plugin)
      .flatMap((one) => changedLine(one) ?? [])[0];
    return [plugin, at === undefined ? notes : notes.map((note) => ({ ...note, at }))] as const;
  });
  return new Map(placed);
}

/** The reasons of failures of plugins, by plugin, at the lines that ask for what failed. */
export function byPlugin(failures: readonly Failure[], next: Manifest): Reasons {
  const failed = new Map<string, Diagnostic[]>();
  for (const { action, notes } of failures) {
    const plugin = ownerOf(action.service, next);
    const at = changedLine(action) ?? next.services[action.service]?.because[0];
    const placed = notes.map((note) => ({ plugin, ...(at === undefined ? {} : { at }), ...note }));
    failed.set(plugin, [...(failed.get(plugin) ?? []), ...placed]);
  }
  return failed;
}

/** The first input line that asked for an action. */
function changedLine({ because }: Action): Diagnostic["at"] {
  for (const reason of because) {
    const [, file, line] = /^(\/.*):(\d+)(?: \(.*\))?$/.exec(reason) ?? [];
    if (file !== undefined) return { file, line: Number(line), col: 1, length: 1 };
  }
  return undefined;
}

/** What nginx itself said when it did not start, at the lines to blame; else what the supervisor saw. */
export function withReasons(failure: Failure, log: NginxLog, suspects: Suspects): Failure {
  const said = failure.action.service === "nginx" ? log.refusals(suspects) : [];
  return said.length > 0 ? { ...failure, notes: [...said, ...failure.notes] } : failure;
}

/** The plugin of a service; empty for the module's own. */
export function ownerOf(service: string, next: Manifest): string {
  return next.services[service]?.plugin ?? "";
}

/** The plugins whose own files a program refused. */
export function guiltyPlugins(refusals: readonly Diagnostic[]): Reasons {
  const named = refusals.flatMap(({ plugin }) => plugin ?? []);
  return new Map(named.map((name) => [name, refusals.filter(({ plugin }) => plugin === name)]));
}
