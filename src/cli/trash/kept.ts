import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { HIDDEN_PREFIX, nameFromBytes, systemPath } from "../../core/flow/names.ts";
import { tagsFileName } from "../../core/flow/placement.ts";
import { parseTagsFile, TAG, type Tags } from "../../core/flow/tags.ts";
import { digest } from "../../kit/tags.ts";
import type { Context } from "../command.ts";
import { dataEnvironment } from "../files/data-environment.ts";

/** A file of the trash. */
export interface Kept {
  /** `plugin.step/name`: how it is called in the commands. */
  readonly id: string;
  readonly path: string;
  readonly tagsPath: string;
  readonly plugin: string;
  /** `nomatch`: no rule of that switch wanted it. */
  readonly step: string;
  /** Since when it is there, milliseconds since the epoch. */
  readonly since: number;
  readonly size: number;
}

const SUFFIX = ".tags";

/** `$IN`; undefined, and said why, when the configuration is wrong. */
export async function dataDirectory(context: Context): Promise<string | undefined> {
  return (await dataEnvironment(context))?.["MFDATA_DATA_IN_DIR"];
}

/** Everything in the trash, what came last at the end. */
export function listKept(dataIn: string): readonly Kept[] {
  const trash = join(dataIn, "trash");
  const files = namesIn(trash).flatMap((key) => {
    const [plugin, step] = /^([^.]+)\.([^.]+)$/.exec(key)?.slice(1) ?? [];
    if (plugin === undefined || step === undefined) return [];
    const names = namesIn(join(trash, key));
    const tagsFiles = new Set(
      names.map((name) => tagsFileName(name, SUFFIX, digest)).filter((name) => names.includes(name)),
    );
    return names.flatMap((name) => {
      if (tagsFiles.has(name) || name.startsWith(HIDDEN_PREFIX)) return [];
      const path = join(trash, key, name);
      const stat = lstatSync(systemPath(path), { throwIfNoEntry: false });
      if (!stat?.isFile()) return [];
      const tagsPath = join(trash, key, tagsFileName(name, SUFFIX, digest));
      // A file keeps its own date when it is moved; that of its tags is when it came here.
      const since = lstatSync(systemPath(tagsPath), { throwIfNoEntry: false })?.mtimeMs ?? stat.ctimeMs;
      return [{ id: `${key}/${name}`, path, tagsPath, plugin, step, since, size: stat.size }];
    });
  });
  return files.sort((a, b) => a.since - b.since);
}

export function tagsOf({ tagsPath }: Kept): Tags {
  return existsSync(systemPath(tagsPath)) ? parseTagsFile(readFileSync(systemPath(tagsPath), "utf8")) : new Map();
}

/** The files meant by words of a command line. Undefined, and said which, when one is none or several. */
export function chosenKept(
  context: Context,
  all: readonly Kept[],
  words: readonly string[],
): readonly Kept[] | undefined {
  const chosen = new Set<Kept>();
  let wrong = false;
  for (const word of words) {
    const found = meant(all, word);
    const [only] = found;
    if (only !== undefined && found.length === 1) chosen.add(only);
    else {
      wrong = true;
      context.err(
        `error[MF8082]: ${found.length === 0 ? "no file" : `${found.length} files`} of the trash ${found.length === 0 ? "is" : "are"} called ${word}`,
      );
      const names = found.slice(0, 5).map(({ id }) => id);
      context.err(
        `  = help: ${names.length === 0 ? "`metwork trash list` shows all" : `say which: ${names.join(", ")}`}`,
      );
    }
  }
  return wrong ? undefined : [...chosen];
}

function meant(all: readonly Kept[], word: string): readonly Kept[] {
  const named = all.filter(({ id, path }) => id === word || path === word);
  if (named.length > 0) return named;
  const byName = all.filter(({ id }) => id.endsWith(`/${word}`));
  if (byName.length > 0) return byName;
  const isUid = /^[0-9a-f]{6,32}$/.test(word);
  return all.filter((kept) => {
    const tags = tagsOf(kept);
    return tags.get(TAG.basename) === word || (isUid && tags.get(TAG.uid)?.startsWith(word));
  });
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(systemPath(directory), { encoding: "buffer" }).map(nameFromBytes);
  } catch {
    return [];
  }
}
