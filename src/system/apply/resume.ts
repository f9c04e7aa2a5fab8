import type { RuntimeLayout } from "../../core/module/paths.ts";
import { diff } from "../../core/plan/diff.ts";
import { servedId } from "../../core/plan/manifest.ts";
import type { Supervisor } from "../supervisor.ts";
import { clearDoubt, inDoubt, readDoubt } from "./doubt.ts";
import { generationManifest, switchTo } from "./generations.ts";
import { observe } from "./observe.ts";
import { perform } from "./perform.ts";
import { proveNginx } from "./prove.ts";

/**
 * Puts the last proven generation in force again when an apply was killed on its way to another one, so that whoever comes
 * next has firm ground, whatever he wants. An apply that had proven its generation and was killed later is completed by it.
 */
export async function settleKilled(layout: RuntimeLayout, supervisor: Supervisor): Promise<void> {
  const doubt = await readDoubt(layout);
  const proven = doubt.proven === undefined ? undefined : await generationManifest(layout, doubt.proven);
  if (proven === undefined) return;
  const before = inDoubt(await observe(proven, supervisor), doubt);
  await switchTo(layout, proven.id);
  for (const action of diff(before, proven)) {
    // It may be the caller, and whatever concerns it can wait for the apply that follows.
    if (action.service !== "conf_monitor") await perform(supervisor, action, proven);
  }
  const unproven = proven.services["nginx"] === undefined ? [] : await proveNginx(layout.nginxSocket, servedId(proven));
  if (unproven.length === 0) await clearDoubt(layout);
}
