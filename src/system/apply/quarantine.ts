import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { byText } from "../../core/base/order.ts";
import { digestOf } from "../../core/plan/digest.ts";
import type { FrozenService } from "../../core/plan/input.ts";
import { runnable } from "../../core/plan/services.ts";
import type { Manifest, Plan } from "../../core/plan/types.ts";
import type { Plugin } from "../../core/plugin/types.ts";
import { exists } from "../../kit/fs.ts";
import type { BrokenPlugin } from "../load/plugins.ts";
import { isSamePlugin } from "./last-good.ts";

/** A plugin that was planned but did not serve. */
export interface FailedPlugin {
  /** Of all that was tried; while it is the same, it is not tried again before `retryAt`. Absent: trying costs nothing. */
  readonly digest?: string;
  readonly tries: number;
  /** Milliseconds since the epoch, both. */
  readonly failedAt: number;
  readonly retryAt: number;
  readonly reasons: readonly Diagnostic[];
}

/** Waiting times before the same is tried again: what it waits for may be there by then. */
const SAME_MS = [5_000, 30_000, 120_000, 600_000];
/** So many corrections in a row are tried at once; after them the waits double, for a program that edits its own directory. */
const PROMPT_TRIES = 4;
const LONGEST_MS = 60_000;
/** What changes by itself, or is nobody's source. */
const PASSED_OVER = /^(node_modules|__pycache__|\.git|\.?venv|local|.*\.(pyc|log|tmp|swp)|.*~|4913)$/;
/** Entries looked at in one plugin: a bound on time and on watches. */
const LOOKED_AT = 2_000;

/** Decides which version of every plugin is planned: the new one, else the last that served, else none. */
export class Quarantine {
  readonly #chosen: Map<string, Plugin>;
  readonly #homes: ReadonlyMap<string, string>;
  readonly #reasons = new Map<string, readonly Diagnostic[]>();
  readonly #kept = new Set<string>();
  readonly #serving: ReadonlyMap<string, readonly FrozenService[]>;
  readonly #readLastGood: () => ReadonlyMap<string, Plugin>;
  #lastGood: ReadonlyMap<string, Plugin> | undefined;

  constructor(
    plugins: readonly Plugin[],
    broken: readonly BrokenPlugin[],
    serves: { readonly current: Manifest | undefined; readonly before: Manifest | undefined },
    readLastGood: () => ReadonlyMap<string, Plugin>,
  ) {
    this.#chosen = new Map(plugins.map((plugin) => [plugin.name, plugin]));
    this.#homes = new Map([...broken, ...plugins].map(({ name, home }) => [name, home]));
    this.#serving = servingServices(serves.current, serves.before);
    this.#readLastGood = readLastGood;
    for (const { name, notes } of broken) if (!this.#chosen.has(name)) this.setAside(name, notes);
  }

  /** What to plan with, sorted by name. */
  plugins(): readonly Plugin[] {
    return [...this.#chosen.values()].sort((a, b) => byText(a.name, b.name));
  }

  /** The services of the plugins that keep their last good version, to be planned just as they run. */
  frozen(): Readonly<Record<string, FrozenService>> {
    const services = [...this.#kept].flatMap((name) => this.#serving.get(name) ?? []);
    return Object.fromEntries(services.map((service) => [service.spec.id, service]));
  }

  /** Takes a plugin's version out of the plan: the last good one follows a new one, and nothing follows that. */
  setAside(name: string, reasons: readonly Diagnostic[]): void {
    const last = this.#reasons.has(name) ? undefined : this.#keepable(name);
    this.#reasons.set(name, [...(this.#reasons.get(name) ?? []), ...reasons]);
    if (last === undefined) {
      this.#chosen.delete(name);
      this.#kept.delete(name);
    } else {
      this.#chosen.set(name, last);
      this.#kept.add(name);
    }
  }

  /** Whether what is planned of a plugin is not what served last. */
  isChanged(plugin: Plugin): boolean {
    const last = this.#last().get(plugin.name);
    return !this.#kept.has(plugin.name) && (last === undefined || !isSamePlugin(last, plugin));
  }

  leftOut(): readonly string[] {
    return [...this.#reasons.keys()].filter((name) => !this.#kept.has(name)).sort(byText);
  }

  kept(): readonly string[] {
    return [...this.#kept].sort(byText);
  }

  notes(): readonly Diagnostic[] {
    return [...this.#reasons.values()].flat();
  }

  /** The directories in which the correction of a plugin in quarantine is to be expected. */
  watched(): readonly string[] {
    return [...this.#reasons.keys()].flatMap((name) => sources(this.#homes.get(name) ?? "").directories);
  }

  /** A digest of what would run and of the files it comes from. */
  digest(planned: Plan, name: string): string {
    const specs = Object.values(planned.services).filter((spec) => spec.plugin === name);
    return digestOf([specs.map((spec) => runnable(planned, spec)), sources(this.#homes.get(name) ?? "").files]);
  }

  #last(): ReadonlyMap<string, Plugin> {
    this.#lastGood ??= this.#readLastGood();
    return this.#lastGood;
  }

  #keepable(name: string): Plugin | undefined {
    const last = this.#last().get(name);
    if (last === undefined || !exists(last.home)) return undefined;
    const wanted = this.#chosen.get(name);
    const serves = this.#serving.has(name);
    return serves || wanted === undefined || !isSamePlugin(last, wanted) ? last : undefined;
  }
}

/** What to remember of a plugin that failed now, after what is known of its earlier failures. */
export function failedNow(
  earlier: FailedPlugin | undefined,
  failure: Pick<FailedPlugin, "digest" | "reasons">,
  now: number,
): FailedPlugin {
  const tries = (earlier?.tries ?? 0) + 1;
  const failed = { ...failure, tries, failedAt: now, retryAt: 0 };
  return { ...failed, retryAt: now + sameWait(failed) };
}

/** When, in milliseconds since the epoch, a plugin that failed is worth another try, as it is now. */
export function nextTry(failed: FailedPlugin, digest: string): number {
  if (failed.digest === undefined) return 0;
  if (failed.digest === digest) return failed.failedAt + sameWait(failed);
  if (failed.tries < PROMPT_TRIES) return 0;
  return failed.failedAt + Math.min(LONGEST_MS, 1_000 * 2 ** (failed.tries - PROMPT_TRIES));
}

function sameWait({ tries }: Pick<FailedPlugin, "tries">): number {
  return SAME_MS[Math.min(tries, SAME_MS.length) - 1] ?? 0;
}

/** The services of each plugin that run as the generation in force says. */
function servingServices(
  current: Manifest | undefined,
  before: Manifest | undefined,
): ReadonlyMap<string, readonly FrozenService[]> {
  const serving = new Map<string, FrozenService[]>();
  for (const spec of Object.values(current?.services ?? {})) {
    if (current === undefined || spec.plugin === undefined || before?.services[spec.id] !== spec) continue;
    const frozen = { spec, env: runnable(current, spec).env };
    serving.set(spec.plugin, [...(serving.get(spec.plugin) ?? []), frozen]);
  }
  return serving;
}

/** A plugin's directories, and its files with what tells that they changed. */
function sources(home: string): { readonly directories: readonly string[]; readonly files: readonly string[] } {
  const directories: string[] = [];
  const files: string[] = [];
  const waiting = [home];
  for (let next = waiting.shift(); next !== undefined && files.length < LOOKED_AT; next = waiting.shift()) {
    directories.push(next);
    try {
      for (const entry of readdirSync(next, { withFileTypes: true })) {
        const path = join(next, entry.name);
        if (PASSED_OVER.test(entry.name)) continue;
        const seen = entry.isDirectory() ? undefined : statSync(path, { throwIfNoEntry: false });
        if (entry.isDirectory()) waiting.push(path);
        else files.push(`${path} ${seen?.size} ${seen?.mtimeMs} ${seen?.mode}`);
      }
    } catch {
      // A directory that went away, or that may not be read, is told apart by its absence.
    }
  }
  return { directories, files: files.sort(byText) };
}
