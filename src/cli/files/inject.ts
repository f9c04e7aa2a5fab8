import { randomBytes } from "node:crypto";
import { copyFileSync, lstatSync, renameSync, rmSync, unlinkSync, utimesSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { HIDDEN_PREFIX, systemPath } from "../../core/flow/names.ts";
import { TAG } from "../../core/flow/tags.ts";
import { renameUnlessTaken } from "../../kit/linux/rename.ts";
import { dropSidecar, readTags, writeTags } from "../../kit/tags.ts";
import { type Context, type ExitCode, type Given, UsageError } from "../command.ts";
import { dataEnvironment } from "./data-environment.ts";
import { regularFile } from "./tags.ts";

const NAME = /^[A-Za-z0-9_-]+$/;

/** `inject_file`: 1 when the file cannot be given. */
export async function inject(context: Context, given: Given): Promise<ExitCode> {
  const path = regularFile(context, given.args[0] ?? "");
  const directory = path === undefined ? undefined : await targetDirectory(context, given);
  if (path === undefined || directory === undefined) return 1;
  try {
    const name = given.flag("random-basename") ? randomName() : basename(path);
    put(path, directory, name, given.flag("move"));
    return 0;
  } catch (error) {
    context.err(`error[MF8061]: ${path} could not be given to ${directory}: ${String(error)}`);
    context.err("  = help: mfdata makes its directories when it starts; is it running, and the plugin installed?");
    return 1;
  }
}

async function targetDirectory(context: Context, given: Given): Promise<string | undefined> {
  const plugin = given.value("plugin") ?? "guess_file_type";
  const step = given.value("step") ?? "main";
  if (!NAME.test(plugin) || !NAME.test(step)) throw new UsageError("a plugin or step has no such name");
  if (given.flag("incoming")) return entrance(context);
  const env = await dataEnvironment(context);
  return env === undefined ? undefined : join(env["MFDATA_DATA_IN_DIR"] ?? "", `step.${plugin}.${step}`);
}

/** The first directory outsiders put files into. Undefined, and said why, when the configuration is wrong. */
export async function entrance(context: Context): Promise<string | undefined> {
  const env = await dataEnvironment(context);
  if (env === undefined) return undefined;
  const [first = "incoming"] = (env["MFDATA_INTERNAL_PLUGINS_WATCHED_DIRECTORIES"] ?? "incoming").split(",");
  return resolve(env["MFDATA_DATA_IN_DIR"] ?? "", first.trim());
}

/**
 * Appears in the directory complete and with its tags, by one rename. Where a file of that name still waits, it gets
 * another on disk, and its own as a tag.
 */
function put(path: string, directory: string, name: string, move: boolean): void {
  const { tags, place } = readTags(path);
  const hidden = join(directory, HIDDEN_PREFIX + randomName());
  const moved = move && renamed(path, hidden);
  const appear = (as: string): boolean => {
    const target = join(directory, as);
    if (tags.size > 0) writeTags(hidden, target, tags);
    return renameUnlessTaken(hidden, target);
  };
  try {
    if (!moved) copy(path, hidden);
    if (!appear(name)) {
      if (!tags.has(TAG.basename)) tags.set(TAG.basename, name);
      appear(randomName());
    }
  } catch (error) {
    if (moved) renameSync(hidden, systemPath(path));
    else rmSync(hidden, { force: true });
    throw error;
  }
  if (move && !moved) unlinkSync(systemPath(path));
  if (move && place === "sidecar") dropSidecar(path);
}

/** False: it is on another file system. */
function renamed(from: string, to: string): boolean {
  try {
    renameSync(systemPath(from), to);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EXDEV") return false;
    throw error;
  }
}

function copy(from: string, to: string): void {
  copyFileSync(systemPath(from), to);
  const { atime, mtime } = lstatSync(systemPath(from));
  utimesSync(to, atime, mtime);
}

function randomName(): string {
  return randomBytes(16).toString("hex");
}
