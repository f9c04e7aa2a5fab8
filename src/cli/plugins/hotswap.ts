import { statSync } from "node:fs";
import { resolve } from "node:path";
import { runtimeLayout } from "../../core/module/paths.ts";
import { COMPLETE_MS, startCounting } from "../../system/apply/served.ts";
import { done, type Outcome } from "../../system/plugins/failure.ts";
import { keepInstalled, swappable } from "../../system/plugins/hotswap.ts";
import { inspectPlugin } from "../../system/plugins/inspect.ts";
import { installPlugin } from "../../system/plugins/install.ts";
import { labelOf } from "../../system/plugins/installed.ts";
import type { Context, ExitCode, Given } from "../command.ts";
import { printDiagnostics } from "../print/diagnostics.ts";
import { servedLine } from "../print/served.ts";
import { reportTask } from "../print/task.ts";
import { putInForce } from "./in-force.ts";
import { insidePlugin, type ModuleAtHand, moduleAtHand } from "./module.ts";

/**
 * `plugins.hotswap`: 0 the new version serves, 1 refused, 2 failed before anything changed, 3 it did not serve and the old
 * version is back.
 */
export async function hotswap(context: Context, given: Given): Promise<ExitCode> {
  if (insidePlugin(context)) return 1;
  const module = await moduleAtHand(context);
  if (module === undefined) return 1;
  const { paths, env } = module;
  const source = resolve(context.cwd, given.args[0] ?? "");
  const named = await nameOf(source, module);
  const old = named.ok ? swappable(paths, named.value) : named;
  reportTask(context, "Checking plugin file", old.ok ? "OK" : "ERROR");
  if (!old.ok) return stopped(context, old, 1);
  const { name } = old.value;

  const kept = await keepInstalled(paths, old.value);
  if (!kept.ok) return stopped(context, kept, 2);
  const begun = performance.now();
  const counting = await startCounting(runtimeLayout(paths.runtime));
  try {
    const installed = await installPlugin(paths, env, source, { force: true });
    reportTask(context, `Installing plugin ${name}`, installed.ok ? "OK" : "ERROR");
    if (!installed.ok) return stopped(context, installed, installed.why === "refused" ? 1 : 2);
    printDiagnostics(context, installed.notes);
    const code = await putInForce(context, paths, name, "plugins.hotswap", true);
    if (code !== 0) {
      const restored = await kept.value.restore();
      if (!restored.ok) return stopped(context, restored, 4);
      await putInForce(context, paths, name, "plugins.hotswap taken back", true);
    }
    const tookMs = Math.round(performance.now() - begun);
    const served = await counting.count(COMPLETE_MS);
    reportTask(context, `${code === 0 ? "Swapping" : "Taking back"} plugin ${name}`, code === 0 ? "OK" : "ERROR");
    if (context.json) {
      const figures = served && { ...(served.plugins[name] ?? { requests: 0, failed: 0 }), all: served.all };
      context.out(JSON.stringify({ plugin: name, swapped: code === 0, tookMs, served: figures ?? null }));
    } else {
      context.out(served === undefined ? "served meanwhile: unknown, nginx keeps no log" : servedLine(served, name));
      context.out(`took: ${tookMs} ms`);
    }
    return code === 0 ? 0 : 3;
  } finally {
    await kept.value.discard();
  }
}

async function nameOf(source: string, { paths, env }: ModuleAtHand): Promise<Outcome<string>> {
  const isDirectory = statSync(source, { throwIfNoEntry: false })?.isDirectory() === true;
  const label = isDirectory ? labelOf(source) : undefined;
  const [, name] = /^plugin_(.+)@/.exec(label ?? "") ?? [];
  if (name !== undefined) return done(name);
  const found = await inspectPlugin(paths, env, source);
  return found.ok ? done(found.value.name) : found;
}

function stopped(context: Context, outcome: Outcome<unknown>, code: ExitCode): ExitCode {
  printDiagnostics(context, outcome.notes);
  if (context.json) context.out(JSON.stringify({ failed: outcome.notes }));
  return code;
}
