import { formatTags, TAG } from "../../core/flow/tags.ts";
import { runtimeLayout } from "../../core/module/paths.ts";
import { tellStories, type Visit } from "../../core/trace/story.ts";
import { TraceReader } from "../../trace/query.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { printStory, sizeText } from "../trace/print.ts";
import { chosenKept, dataDirectory, listKept, tagsOf } from "./kept.ts";

/** `metwork trash show`: 1 when there is no such file. */
export async function showTrash(context: Context, given: Given): Promise<ExitCode> {
  const dataIn = await dataDirectory(context);
  const [kept] = dataIn === undefined ? [] : (chosenKept(context, listKept(dataIn), given.args) ?? []);
  if (kept === undefined) return 1;
  const tags = tagsOf(kept);
  const reader = new TraceReader(runtimeLayout(context.paths("mfdata").runtime).trace);
  try {
    const uid = tags.get(TAG.uid);
    const stories = uid === undefined ? [] : tellStories(reader.passagesOf([uid]), reader.open());
    const ending = stories.flatMap(({ visits }) => visits.flatMap(withChildren)).find(({ path }) => path === kept.path);
    const reason = ending?.detail ?? null;
    if (context.json) context.out(JSON.stringify({ ...kept, reason, tags: Object.fromEntries(tags), stories }));
    else {
      context.out(`${kept.path}  ${sizeText(kept.size)}  since ${new Date(kept.since).toISOString()}`);
      context.out(
        kept.step === "nomatch"
          ? "no rule wanted it"
          : `failed in ${kept.plugin}/${kept.step}: ${reason ?? "why was not recorded"}`,
      );
      for (const story of stories) printStory(context, story);
      context.out(formatTags(tags).trimEnd());
    }
    return 0;
  } finally {
    reader.close();
  }
}

function withChildren(visit: Visit): readonly Visit[] {
  return [visit, ...visit.children.flatMap(withChildren)];
}
