import { lstatSync } from "node:fs";
import { resolve } from "node:path";
import { systemPath } from "../../core/flow/names.ts";
import { formatTags } from "../../core/flow/tags.ts";
import { dropSidecar, readTags, writeTags } from "../../kit/tags.ts";
import type { Context, ExitCode, Given } from "../command.ts";

/** `print_tags`. */
export async function printTags(context: Context, given: Given): Promise<ExitCode> {
  const path = regularFile(context, given.args[0] ?? "");
  if (path === undefined) return 1;
  const { tags } = readTags(path);
  if (context.json) context.out(JSON.stringify(Object.fromEntries(tags), null, 2));
  else if (tags.size > 0) context.out(formatTags(tags).trimEnd());
  return 0;
}

/** `get_tag`. */
export async function getTag(context: Context, given: Given): Promise<ExitCode> {
  const [file = "", name = ""] = given.args;
  const path = regularFile(context, file);
  if (path === undefined) return 1;
  const value = readTags(path).tags.get(name);
  if (context.json) context.out(JSON.stringify(value ?? null));
  else if (value !== undefined) context.out(value);
  return 0;
}

/** `set_tag`. */
export async function setTag(context: Context, given: Given): Promise<ExitCode> {
  const [file = "", name = "", value = ""] = given.args;
  const path = regularFile(context, file);
  if (path === undefined) return 1;
  const { tags, place } = readTags(path);
  tags.set(name, value);
  const shared = lstatSync(systemPath(path)).nlink > 1;
  if (writeTags(path, path, tags, shared) === "attribute" && place === "sidecar") dropSidecar(path);
  return 0;
}

/** The absolute path of a regular file; undefined, and said why, when it is none. */
export function regularFile(context: Context, given: string): string | undefined {
  const path = resolve(context.cwd, given);
  if (lstatSync(systemPath(path), { throwIfNoEntry: false })?.isFile()) return path;
  context.err(`error[MF8060]: ${given} is not a regular file`);
  context.err("  = help: give the path of an existing file");
  return undefined;
}
