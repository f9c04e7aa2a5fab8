import { posix } from "node:path";
import type { Diagnostic, Span } from "../../core/base/diagnostic.ts";
import type { PlanInput } from "../../core/plan/input.ts";
import type { Plan } from "../../core/plan/types.ts";
import type { Plugin } from "../../core/plugin/types.ts";

/** What is needed to lead a word of nginx's back to a line that a person wrote. */
export interface Suspects {
  readonly plan: Plan;
  /** Absent when an earlier generation comes back: then nobody wrote anything. */
  readonly input?: PlanInput;
  /** Whether this version of a plugin never served: of two that do not go together it is the guilty one. */
  readonly isChanged?: (plugin: Plugin) => boolean;
}

/** Where the mistake is, as far as it can be told. */
interface Culprit {
  readonly at: Span;
  readonly plugin?: Plugin;
  /** Completes "nginx refuses ...". */
  readonly what: string;
}

/**
 * Turns `nginx: [emerg] unknown directive "x" in /path/x.conf:12` into a diagnostic at the line of the plugin, or of the
 * module's configuration, that it comes from. `home`: the directory of the tree that nginx read.
 */
export function nginxDiagnostic(line: string, home: string, suspects: Suspects): Diagnostic {
  const found =
    /^(?:[\d/]+ [\d:]+ |nginx: )?\[\w+\] (?:\d+#\d+: )?(?<text>.*?)(?: in (?<file>\/\S+):(?<line>\d+))?$/.exec(
      line.trim(),
    )?.groups;
  const text = found?.["text"] ?? line;
  const file = found?.["file"];
  const number = Number(found?.["line"] ?? 1);
  const culprit = blame(text, file, number, home, suspects);
  return {
    code: "MF5001",
    severity: "error",
    message: `nginx refuses ${culprit?.what ?? "the generated configuration"}: ${text}`,
    ...(culprit !== undefined && { at: culprit.at }),
    ...(culprit === undefined && file !== undefined && { at: spanAt(file, number) }),
    ...(culprit?.plugin !== undefined && { plugin: culprit.plugin.name }),
    fix: remedy(text, culprit),
  };
}

function remedy(text: string, culprit: Culprit | undefined): string {
  if (text.startsWith("bind()")) return "choose another port, or stop the program that holds it: `ss -ltnp` names it";
  return culprit === undefined ? "look at what the generated file says there" : "correct it";
}

function blame(
  text: string,
  file: string | undefined,
  line: number,
  home: string,
  suspects: Suspects,
): Culprit | undefined {
  const { input, isChanged = () => false } = suspects;
  const plugins = input?.plugins ?? [];
  const direct = file === undefined ? undefined : placeOf(file, line, home, suspects);
  if (direct?.plugin !== undefined && isChanged(direct.plugin)) return direct;
  // What is in quotes, and the port of an address.
  const words = [...text.matchAll(/"([^"]+)"|[\d.\]]:(\d+)/g)].flatMap((match) => match[1] ?? match[2] ?? []);
  const newcomers = plugins.filter(isChanged);
  const option =
    direct === undefined && input !== undefined
      ? optionNamedIn(text, lineOf(file, line, home, suspects), input)
      : undefined;
  return (
    fragmentWith(words, newcomers) ??
    direct ??
    option ??
    fragmentWith(
      words,
      plugins.filter((plugin) => !isChanged(plugin)),
    ) ??
    onlyOne(newcomers)
  );
}

/** A fragment, a file a fragment includes, or the plugin for which that part of a generated file was written. */
function placeOf(file: string, line: number, home: string, { plan, input }: Suspects): Culprit | undefined {
  const plugins = input?.plugins ?? [];
  const inTree = posix.relative(home, file);
  const from = plan.tree.get(inTree)?.from;
  if (from !== undefined) {
    const plugin = plugins.find(({ name }) => name === from.plugin);
    return { at: spanAt(from.file, line), what: "this fragment", ...(plugin !== undefined && { plugin }) };
  }
  const owner = plugins.find((plugin) => file.startsWith(`${plugin.home}/`));
  if (owner !== undefined) return { at: spanAt(file, line), what: "this file", plugin: owner };
  const lines = plan.tree.get(inTree)?.text.split("\n");
  return lines === undefined ? undefined : blockOf(lines, line - 1, plugins);
}

/** The plugin whose location or group of sockets the line of a generated file is in. */
function blockOf(lines: readonly string[], index: number, plugins: readonly Plugin[]): Culprit | undefined {
  const marker = /^ +set \$metwork_plugin "?([^";]+)"?;$|^ +upstream app\.(\S+)\.\S+ \{$/;
  const opens = /^ *(location|upstream|server) /;
  for (let at = opens.test(lines[index] ?? "") ? index + 1 : index; at >= 0; at--) {
    const [, plugin, group] = marker.exec(lines[at] ?? "") ?? [];
    const owner = plugins.find(({ name }) => name === (plugin ?? group));
    if (owner !== undefined) return inPlugin(owner, lines[index] ?? "");
    if (at < index && opens.test(lines[at] ?? "")) return serverOf(lines[index] ?? "", plugins);
  }
  return undefined;
}

/** The app that asked for a name in a `server_name` line. */
function serverOf(line: string, plugins: readonly Plugin[]): Culprit | undefined {
  if (!/^ +server_name /.test(line)) return undefined;
  const owner = plugins.find(({ parts }) =>
    parts.some((part) => part.kind === "app" && part.extraVhosts.some((name) => line.includes(name.toLowerCase()))),
  );
  return owner === undefined ? undefined : inPlugin(owner, line);
}

/** The key of an app's section whose value the line repeats. */
function inPlugin(plugin: Plugin, line: string): Culprit {
  const apps = plugin.parts.filter((part) => part.kind === "app");
  for (const app of apps) {
    const written: [string, readonly string[]][] = [
      ["prefix_based_routing_extra_routes", app.extraRoutes],
      ["virtualdomain_based_routing_extra_vhosts", app.extraVhosts],
    ];
    for (const [key, values] of written) {
      const at = app.keys[key];
      const isMeant = values.some((value) => value !== "" && line.toLowerCase().includes(value.toLowerCase()));
      if (at !== undefined && isMeant) return { at, plugin, what: "this address" };
    }
  }
  return { at: apps[0]?.at ?? plugin.at, plugin, what: "what is generated for this plugin" };
}

/** The first fragment that holds one of the words nginx quotes. */
function fragmentWith(words: readonly string[], plugins: readonly Plugin[]): Culprit | undefined {
  for (const plugin of plugins.filter((one) => !one.nginxDisabled)) {
    for (const [path, text] of Object.entries(plugin.fragments)) {
      const lines = text.split("\n");
      const index = lines.findIndex((line) => words.some((word) => mentions(line, word)));
      if (index < 0) continue;
      return { at: spanAt(posix.join(plugin.home, path), index + 1), plugin, what: "this fragment" };
    }
  }
  return undefined;
}

function mentions(line: string, word: string): boolean {
  const index = line.indexOf(word);
  return index >= 0 && !line.trimStart().startsWith("#") && !/[\w.]/.test(line[index + word.length] ?? "");
}

/** The option of the module whose value the message, or the line it is about, holds; the longest such value. */
function optionNamedIn(text: string, line: string, { config }: PlanInput): Culprit | undefined {
  const about = [text, line].join("\n");
  const candidates = [...config.values].flatMap(([name, { value, at, origin }]) => {
    if (at === undefined || !/^(nginx|upload|log)\./.test(name) || typeof value === "boolean" || value === null)
      return [];
    const word = String(value);
    if (word.length < 2 || !isWholeWord(about, word)) return [];
    return [{ name, at, length: word.length, set: origin === "user" || origin === "site" ? 1 : 0 }];
  });
  const best = candidates.sort((a, b) => b.set - a.set || b.length - a.length)[0];
  return best === undefined ? undefined : { at: best.at, what: `\`${best.name}\`` };
}

function isWholeWord(text: string, word: string): boolean {
  const escaped = word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(?<![\\w/.-])${escaped}(?![\\w/-])`).test(text);
}

/** When one plugin alone is new, it is what made the difference. */
function onlyOne(newcomers: readonly Plugin[]): Culprit | undefined {
  const [plugin] = newcomers;
  if (plugin === undefined || newcomers.length > 1) return undefined;
  const path = Object.keys(plugin.fragments)[0];
  const at = path === undefined ? plugin.at : spanAt(posix.join(plugin.home, path), 1);
  return { at, plugin, what: path === undefined ? "what this plugin adds" : "this fragment" };
}

function lineOf(file: string | undefined, line: number, home: string, { plan }: Suspects): string {
  const text = file === undefined ? undefined : plan.tree.get(posix.relative(home, file))?.text;
  return text?.split("\n")[line - 1] ?? "";
}

function spanAt(file: string, line: number): Span {
  return { file, line, col: 1, length: 1 };
}
