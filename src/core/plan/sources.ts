import { posix } from "node:path";
import type { WrittenLines } from "../config/types.ts";
import { comparable } from "../config/written.ts";
import type { Plugin } from "../plugin/types.ts";
import type { Admitted } from "./admit.ts";
import type { PlanInput } from "./input.ts";
import type { Sources } from "./types.ts";

/** Remembers which lines a plan was made of, so that the next one can say which of them changed. */
export function planSources(input: PlanInput, { plugins }: Admitted): Sources {
  const sources: Record<string, WrittenLines> = { "": moduleLines(input) };
  for (const plugin of plugins) sources[plugin.name] = pluginLines(plugin);
  return sources;
}

/** Only what the user and the site set: a default is the same for ever. */
function moduleLines({ config }: PlanInput): WrittenLines {
  const files: string[] = [];
  const keys: Record<string, readonly [string, number, number]> = {};
  for (const origin of ["user", "site"] as const) {
    for (const [name, { raw, at, origin: winner }] of config.values) {
      if (winner !== origin || at === undefined) continue;
      if (!files.includes(at.file)) files.push(at.file);
      keys[name] = [comparable(raw), files.indexOf(at.file), at.line];
    }
  }
  return { files, keys };
}

/** Its ini lines, and as one key each the other files that shape it. */
function pluginLines({ home, written, fragments, crontab, layer }: Plugin): WrittenLines {
  const others: [key: string, text: string, file: string][] = Object.entries(fragments).map(([name, text]) => [
    `fragment.${name}`,
    text,
    name,
  ]);
  if (crontab.length > 0) others.push(["crontab", crontab.join("\n"), "crontab"]);
  if (layer.needs.length > 0) {
    const needs = layer.needs.map((need) => (need.optional ? "-" : "") + need.label).join("\n");
    others.push(["layer.needs", needs, ".layerapi2_dependencies"]);
  }
  if (layer.extraEnv.length > 0) {
    others.push(["layer.extra_env", JSON.stringify(layer.extraEnv), ".layerapi2_extra_env"]);
  }
  if (others.length === 0) return written;
  const files = [...written.files, ...others.map(([, , file]) => posix.join(home, file))];
  const more = others.map(([key, text], index) => [key, [comparable(text), written.files.length + index, 1]] as const);
  return { files, keys: { ...written.keys, ...Object.fromEntries(more) } };
}
