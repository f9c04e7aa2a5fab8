import { format } from "../../core/base/diagnostic.ts";
import type { LastApply } from "./outcome.ts";

/** The record of an apply as log lines: what was done, because of what, and what the user should know. */
export function describe(record: LastApply): readonly string[] {
  const head = `${record.at}  [INFO] (conf_monitor#${process.pid}) ${record.did}: generation ${record.generation ?? "none"}${record.held === undefined ? "" : ", held by a rollback"}, ${record.tookMs} ms {reason=${record.reason}}`;
  const actions = record.actions.map(({ do: verb, service, because }) => `  ${verb} ${service}: ${because.join(", ")}`);
  const leftOut = record.leftOut.map((plugin) => `  in quarantine: plugin ${plugin}, left out`);
  const kept = (record.kept ?? []).map((plugin) => `  in quarantine: plugin ${plugin}, its last good version serves`);
  return [head, ...actions, ...leftOut, ...kept, ...record.notes.map((note) => format(note))];
}
