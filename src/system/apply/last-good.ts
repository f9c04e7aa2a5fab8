import { readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RuntimeLayout } from "../../core/module/paths.ts";
import type { Plugin } from "../../core/plugin/types.ts";

/** Remembers the plugins as they were planned for what serves now. Not synced to the disk: losing it costs a fallback only. */
export async function writeLastGood(layout: RuntimeLayout, plugins: readonly Plugin[]): Promise<void> {
  const file = lastGoodFile(layout);
  await writeFile(`${file}.new`, plugins.map((plugin) => asText(plugin)).join("\n"), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** By name; empty when nothing was remembered. */
export function readLastGood(layout: RuntimeLayout): ReadonlyMap<string, Plugin> {
  try {
    const lines = readFileSync(lastGoodFile(layout), "utf8").split("\n");
    const plugins = lines.filter((line) => line !== "").map((line) => JSON.parse(line, revived) as Plugin);
    return new Map(plugins.map((plugin) => [plugin.name, plugin]));
  } catch {
    return new Map();
  }
}

/** Whether two values of a plugin are the same, the places of their lines included. */
export function isSamePlugin(a: Plugin, b: Plugin): boolean {
  return asText(a) === asText(b);
}

function asText(plugin: Plugin): string {
  return JSON.stringify(plugin, (_key, value: unknown) => (value instanceof Set ? { set: [...value] } : value));
}

function revived(key: string, value: unknown): unknown {
  if (key !== "has" || typeof value !== "object" || value === null || !("set" in value)) return value;
  return new Set(value.set as readonly string[]);
}

function lastGoodFile(layout: RuntimeLayout): string {
  return join(layout.var, "last_good.json");
}
