import { runtimeLayout } from "../../core/module/paths.ts";
import { parseMoment } from "../../core/trace/moment.ts";
import { type Move, whatIf } from "../../core/trace/what-if.ts";
import { TraceReader } from "../../trace/query.ts";
import { type Context, type ExitCode, type Given, UsageError } from "../command.ts";
import { readProposal } from "./proposed.ts";
import { plannedFlow, switchNamed } from "./switches.ts";

/** `metwork route what-if`: 0 whatever would move. */
export async function whatIfRouted(context: Context, given: Given): Promise<ExitCode> {
  const file = given.value("rules");
  if (file === undefined) throw new UsageError("give the proposed rules with --rules FILE");
  const now = Date.now();
  const since = parseMoment(given.value("since") ?? "24h", now);
  if (since === undefined) throw new UsageError("--since is 24h, 7d, 2026-11-25 or 2026-11-25T10:00");
  const planned = await plannedFlow(context);
  const name = given.value("switch") ?? "switch";
  const work = planned === undefined ? undefined : switchNamed(context, planned.flow, name);
  const proposal =
    planned === undefined ? undefined : readProposal(context, file, given.value("plugin"), planned.input);
  if (planned === undefined || work === undefined || proposal === undefined) return 1;
  const others = work.rules.filter(({ plugin }) => plugin !== proposal.plugin);
  const then = [...others, ...proposal.rules.filter((rule) => rule.switch === name)];
  const reader = new TraceReader(runtimeLayout(planned.input.paths.runtime).trace);
  try {
    const result = whatIf(reader.routings(name, since, now + 1), work.rules, then);
    const moving = result.moves.reduce((sum, { files }) => sum + files, 0);
    if (context.json) context.out(JSON.stringify({ switch: name, since, plugin: proposal.plugin, moving, ...result }));
    else {
      context.out(`${count(moving)} of ${count(result.files)} files would move${moving > 0 ? ":" : ""}`);
      for (const move of result.moves) context.out(lineOf(move));
    }
    for (const pattern of result.notAsked) context.err(`not asked, the files are gone: ${pattern}`);
    for (const tag of result.unseen) context.err(`no file of that time had the tag ${tag}`);
    if (reader.sinceMs === undefined || reader.sinceMs > since) {
      const begin = reader.sinceMs === undefined ? "not yet" : `at ${new Date(reader.sinceMs).toISOString()}`;
      context.err(`the record begins ${begin}`);
    }
    return 0;
  } finally {
    reader.close();
  }
}

function lineOf({ files, from, to, examples }: Move): string {
  const places = (targets: readonly string[]): string => (targets.length === 0 ? "nowhere" : targets.join(", "));
  return `  ${count(files)}  ${places(from)} -> ${places(to)}  (${examples.join(", ")}${files > examples.length ? ", ..." : ""})`;
}

function count(files: number): string {
  return files.toLocaleString("en-US");
}
