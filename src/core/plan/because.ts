import type { WrittenLines } from "../config/types.ts";
import type { ServiceSpec, Sources } from "./types.ts";

/** An input line that is another one now. */
export interface ChangedLine {
  /** A plugin, or `""` for the module. */
  readonly owner: string;
  readonly section: string;
  /** Empty when the whole plugin came or went. */
  readonly key: string;
  readonly isPluginGone: boolean;
  /** `file:line`, and what happened to it when it is not simply another text. */
  readonly place: string;
}

/** What of a service differs. */
export interface Difference {
  readonly fields: readonly string[];
  readonly variables: readonly string[];
  readonly files: readonly string[];
}

/** So many places are named; who needs more reads the difference of the files. */
const NAMED = 20;

/** Which keys of a part's section say what of its service. */
const KEYS_OF_FIELD: Readonly<Record<string, RegExp>> = {
  argv: /^(_cmd_and_args|timeout|debug|_debug_extra_options)$/,
  instances: /^(numprocesses|debug|_cmd_and_args)$/,
  maxAgeS: /^(max_age|debug)$/,
  limits: /^(rlimit_|memory_max$|tasks_max$)/,
  stop: /^(timeout|graceful_timeout|smart_stop_)/,
  log: /^log_split_/,
  env: /^debug$/,
};

/** Which lines of plugins and which sections of the module a service of the module's own depends on. */
const OWN: Readonly<Record<string, { readonly lines: RegExp; readonly sections: RegExp }>> = {
  nginx: {
    lines:
      /^(app_.*\.(numprocesses|timeout|debug|_gateway_.*|_?prefix_based_.*|_?virtualdomain_based_.*|_static_.*|_extra_nginx_.*)|general\._extra_nginx_.*|internal\..*|fragment\..*)$/,
    sections: /^(nginx|internal_plugins|data_in)$/,
  },
  flow: { lines: /^(step_|switch_rules|expect_)/, sections: /^(?!(nginx|admin|telegraf|startup)$)/ },
  redis: { lines: /^$/, sections: /^redis$/ },
  telegraf: { lines: /^$/, sections: /^(telegraf|admin|nginx|redis)$/ },
};

/** The lines that differ between two plans; none when either does not know its lines. */
export function changedLines(before: Sources | undefined, after: Sources | undefined): readonly ChangedLine[] {
  if (before === undefined || after === undefined) return [];
  const changed: ChangedLine[] = [];
  for (const [owner, lines] of Object.entries(after)) {
    const old = before[owner];
    if (old === undefined) changed.push(whole(owner, lines, "new"));
    else if (old !== lines) changed.push(...changedKeys(owner, old, lines));
  }
  for (const [owner, lines] of Object.entries(before)) {
    if (after[owner] === undefined) changed.push(whole(owner, lines, "gone"));
  }
  return changed;
}

/** The places of the lines that made a service differ, the most exact ones that are known. */
export function placesOf(spec: ServiceSpec, different: Difference, changed: readonly ChangedLine[]): readonly string[] {
  const found = spec.plugin === undefined ? ownLines(spec.id, changed) : partLines(spec, different, changed);
  const places = [...new Set(found.map((line) => line.place))];
  if (places.length === 0) return spec.because.map(({ file, line }) => `${file}:${line}`);
  return places.length <= NAMED ? places : [...places.slice(0, NAMED), `${places.length - NAMED} more lines`];
}

function partLines(
  spec: ServiceSpec,
  { fields, variables }: Difference,
  changed: readonly ChangedLine[],
): ChangedLine[] {
  const section = spec.id.replace(/^([^.]+)\.[^.]+\.(.*)$/, (_, kind: string, name: string) => {
    return `${kind === "extra" ? "extra_daemon" : kind}_${name}`;
  });
  const own = changed.filter(({ owner }) => owner === spec.plugin);
  const exact = [
    ...own.filter((line) => line.section === section && fields.some((field) => KEYS_OF_FIELD[field]?.test(line.key))),
    ...changed.filter((line) => variables.some((variable) => isShownAs(line, variable))),
    ...own.filter((line) => line.section === section && line.key === "debug" && variables.length > 0),
  ];
  if (exact.length > 0) return exact;
  return own.filter(({ section: name, isPluginGone }) => name === "general" || name === "layer" || isPluginGone);
}

function ownLines(id: string, changed: readonly ChangedLine[]): readonly ChangedLine[] {
  const concern = OWN[id];
  if (concern === undefined) return changed.filter(({ owner }) => owner === "");
  return changed.filter(({ owner, section, key }) => {
    if (owner === "") return concern.sections.test(section);
    return key === "" || concern.lines.test(`${section}.${key}`);
  });
}

/** Whether a line's value is what a variable of a process holds. */
function isShownAs({ owner, section, key }: ChangedLine, variable: string): boolean {
  if (key === "" || key.startsWith("_")) return false;
  const name = `${section}_${key}`.toUpperCase().replace(/[^A-Z0-9_]/g, "_");
  return variable.endsWith(owner === "" ? `_${name}` : `_CURRENT_PLUGIN_${name}`);
}

function whole(owner: string, lines: WrittenLines, what: "new" | "gone"): ChangedLine {
  return { owner, section: "", key: "", isPluginGone: what === "gone", place: `${lines.files[0] ?? owner} (${what})` };
}

function changedKeys(owner: string, old: WrittenLines, lines: WrittenLines): ChangedLine[] {
  const changed: ChangedLine[] = [];
  for (const [name, [value, file]] of Object.entries(lines.keys)) {
    const was = old.keys[name];
    if (was !== undefined && was[0] === value) continue;
    const overrideGone = was !== undefined && file < was[1] && old.files[was[1]] !== lines.files[file];
    changed.push(line(owner, name, overrideGone ? old : lines, overrideGone));
  }
  for (const name of Object.keys(old.keys)) {
    if (lines.keys[name] === undefined) changed.push(line(owner, name, old, true));
  }
  return changed;
}

/** A section's name may hold dots (`switch_rules:...`), a fragment's key is a file's name. */
function line(owner: string, name: string, lines: WrittenLines, gone: boolean): ChangedLine {
  const dot = name.startsWith("fragment.") ? name.indexOf(".") : name.lastIndexOf(".");
  const [, file = 0, number = 1] = lines.keys[name] ?? [];
  const place = `${lines.files[file] ?? owner}:${number}${gone ? " (removed)" : ""}`;
  return { owner, section: name.slice(0, Math.max(0, dot)), key: name.slice(dot + 1), isPluginGone: false, place };
}
