import { randomBytes } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Context, type ExitCode, type Given, UsageError } from "../command.ts";
import { entrance } from "./inject.ts";

const SECOND_MS = 1000;
/** A line of progress is said this often, seconds. */
const SAY_EVERY_S = 10;

/** `generate_random_files`: a load of so many files a second, each written under a name the pipeline ignores, then renamed. */
export async function generate(context: Context, given: Given): Promise<ExitCode> {
  const perSecond = wholeNumber(given, "nb_files", 1000);
  const size = wholeNumber(given, "size", 1000);
  const seconds = wholeNumber(given, "seconds", 60);
  const prefix = given.value("prefix") ?? "file";
  if (prefix.includes("/")) throw new UsageError("--prefix is the beginning of a name, no path");
  const directory = await entrance(context);
  if (directory === undefined) return 1;
  const run = randomBytes(4).toString("hex");
  const begun = performance.now();
  let count = 0;
  try {
    for (let second = 0; second < seconds; second++) {
      for (let file = 0; file < perSecond; file++, count++)
        put(directory, `${prefix}_${run}_${count}`, randomBytes(size));
      const aheadMs = (second + 1) * SECOND_MS - (performance.now() - begun);
      if (aheadMs > 0) await delay(aheadMs);
      if ((second + 1) % SAY_EVERY_S === 0) context.err(`${count} files`);
    }
  } catch (error) {
    context.err(`error[MF8061]: ${directory} takes no files: ${String(error)}`);
    context.err("  = help: mfdata makes its directories when it starts; is it running?");
    return 1;
  }
  context.out(`${count} files of ${size} bytes in ${((performance.now() - begun) / SECOND_MS).toFixed(1)} s`);
  return 0;
}

function put(directory: string, name: string, content: Buffer): void {
  const unfinished = join(directory, `${name}.t`);
  writeFileSync(unfinished, content);
  renameSync(unfinished, join(directory, name));
}

function wholeNumber(given: Given, name: string, fallback: number): number {
  const number = Number(given.value(name) ?? fallback);
  if (!Number.isInteger(number) || number < 1) throw new UsageError(`--${name} must be a whole number above 0`);
  return number;
}
