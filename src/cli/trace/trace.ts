import { runtimeLayout } from "../../core/module/paths.ts";
import { tellStories } from "../../core/trace/story.ts";
import { TraceReader } from "../../trace/query.ts";
import { type Context, type ExitCode, type Given, UsageError } from "../command.ts";
import { showMissing } from "./missing.ts";
import { printStory } from "./print.ts";

const LIMIT = 10;

/** `metwork trace`: 1 when nothing is known of what was asked for. */
export async function trace(context: Context, given: Given): Promise<ExitCode> {
  const [what] = given.args;
  const missing = given.value("missing");
  if (missing === undefined && what === undefined)
    throw new UsageError("give a name, a uid or a SHA-256, or --missing");
  if (missing === undefined && given.value("between") !== undefined) throw new UsageError("--between needs --missing");
  const reader = new TraceReader(runtimeLayout(context.paths("mfdata").runtime).trace);
  try {
    for (const path of reader.unreadable)
      context.err(`warning[MF8080]: ${path} cannot be read; what it tells is missing here`);
    if (missing !== undefined)
      return showMissing(context, reader, missing, given.value("between") ?? "24h", what ?? "now");
    return showStories(context, reader, what ?? "", limitOf(given));
  } finally {
    reader.close();
  }
}

function showStories(context: Context, reader: TraceReader, what: string, limit: number): ExitCode {
  const uids = reader.find(what, limit);
  const stories = tellStories(reader.passagesOf(uids), reader.open());
  if (context.json) context.out(JSON.stringify(stories));
  else for (const story of stories) printStory(context, story);
  if (stories.length > 0) return 0;
  const since = reader.sinceMs;
  context.err(`error[MF8081]: nothing is known of ${what}`);
  context.err(
    since === undefined
      ? "  = help: nothing was recorded yet; see [trace] flag in config/config.ini of mfdata"
      : `  = help: the record begins at ${new Date(since).toISOString()}; \`*\` in a name stands for anything`,
  );
  return 1;
}

function limitOf(given: Given): number {
  const limit = Number(given.value("limit") ?? LIMIT);
  if (Number.isInteger(limit) && limit > 0) return limit;
  throw new UsageError("--limit is a whole number above 0");
}
