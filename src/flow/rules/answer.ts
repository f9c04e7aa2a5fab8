import { existsSync, statSync, writeSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";

interface Question {
  readonly id: number;
  readonly path: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly rules: readonly string[];
}

type Rule = (file: { readonly path: string; readonly tags: Question["tags"] }) => unknown;

/** Unanswered questions are asked again. */
const CHANGED = 75;
const LOOK_EVERY_MS = 200;
const STDOUT = 1;

const seen = new Map<string, string>();
const functions = new Map<string, Promise<Rule>>();
let lookedMs = 0;

/**
 * Answers the questions on standard input, one JSON a line, about switch rules that are JavaScript functions of a plugin: the
 * protocol of layers/python3/lib/metwork_rules. Ends with 75 when a file they were loaded from has changed.
 */
export async function answerRules(): Promise<void> {
  registerHooks({
    load: (url, context, next) => {
      if (url.startsWith("file:") && !url.includes("/node_modules/")) remember(fileURLToPath(url));
      return next(url, context);
    },
  });
  // What a rule prints is for the log; it must not get between the answers.
  console.log = console.error;
  console.info = console.error;
  writeSync(STDOUT, `${JSON.stringify({ ready: true })}\n`);
  for await (const line of createInterface({ input: process.stdin })) {
    if (changed()) process.exit(CHANGED);
    await answer(JSON.parse(line));
  }
}

async function answer({ id, path, tags, rules }: Question): Promise<void> {
  for (const [index, name] of rules.entries()) {
    const began = performance.now();
    const verdict = await ask(name, path, tags);
    const ms = Math.round((performance.now() - began) * 1000) / 1000;
    writeSync(STDOUT, `${JSON.stringify({ id, rule: index, ms, ...verdict })}\n`);
  }
}

async function ask(name: string, path: string, tags: Question["tags"]) {
  try {
    const rule = functions.get(name) ?? load(name);
    functions.set(name, rule);
    return { verdict: Boolean(await (await rule)({ path, tags })) };
  } catch (error) {
    return { error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
  }
}

/** `/dir:module.func`. */
async function load(name: string): Promise<Rule> {
  const [, directory = "", module = "", exported = ""] = /^(.*):(.*)\.(\w+)$/.exec(name) ?? [];
  const stem = join(directory, ...module.split("."));
  const file = [".mjs", ".js", ".cjs", ".ts"].map((end) => stem + end).find((path) => existsSync(path));
  if (file === undefined) {
    remember(`${stem}.js`);
    throw new Error(`there is no ${stem}.js`);
  }
  remember(file);
  const loaded: Record<string, unknown> = await import(pathToFileURL(file).href);
  const commonJs = loaded["default"] as Record<string, unknown> | undefined;
  const rule = loaded[exported] ?? commonJs?.[exported];
  if (typeof rule !== "function") throw new Error(`${file} exports no function ${exported}`);
  return rule as Rule;
}

function remember(path: string): void {
  if (!seen.has(path)) seen.set(path, stamp(path));
}

function changed(): boolean {
  const now = performance.now();
  if (now - lookedMs < LOOK_EVERY_MS) return false;
  lookedMs = now;
  return [...seen].some(([path, before]) => stamp(path) !== before);
}

function stamp(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  return found === undefined ? "" : `${found.mtimeNs} ${found.size} ${found.ino}`;
}
