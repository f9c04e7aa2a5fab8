import { join } from "node:path";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { blockAt, pluginOfBlock, splitCrontab, withBlocks } from "../../core/cron/blocks.ts";
import { isUsualHome, type ModulePaths, runtimeLayout } from "../../core/module/paths.ts";
import { readCrontab, writeCrontab } from "../../kit/crontab.ts";
import { readTextFile } from "../../kit/fs.ts";
import { withLock } from "../../kit/linux/lock.ts";
import { gatherHost } from "../host/host.ts";

/** Modules of one user share its crontab. */
const LOCK = ".metwork.crontab.lock";
const LOCK_WAIT_MS = 10_000;

/**
 * Brings the module's blocks of its user's crontab in line with the generation in force; everybody else's lines stay as
 * they are, byte for byte. A plugin whose lines cron refuses is left out and named. Never fails: a module without its
 * jobs still serves.
 */
export async function installCrontab(paths: ModulePaths): Promise<readonly Diagnostic[]> {
  const host = gatherHost();
  if (!isUsualHome(paths, host)) return [];
  const notes: Diagnostic[] = [];
  await changing(host.userHome, notes, async () => {
    let own = wantedBlocks(paths);
    for (;;) {
      const outcome = await put(paths, own);
      if (outcome === undefined) return;
      const block = outcome.line === undefined ? undefined : blockAt(outcome.text, outcome.line);
      const plugin = block === undefined ? undefined : pluginOfBlock(block.name);
      if (block === undefined || plugin === undefined || !own.includes(block.text)) {
        notes.push(outcome.note);
        return;
      }
      notes.push(refusedPlugin(paths, plugin, outcome.text.split("\n")[(outcome.line ?? 1) - 1] ?? "", outcome.note));
      own = own.replace(block.text, "");
    }
  });
  return notes;
}

/** Takes the module's blocks out of its user's crontab. */
export async function removeCrontab(paths: ModulePaths): Promise<readonly Diagnostic[]> {
  const host = gatherHost();
  const notes: Diagnostic[] = [];
  if (!isUsualHome(paths, host)) return notes;
  await changing(host.userHome, notes, async () => {
    const outcome = await put(paths, "");
    if (outcome !== undefined && !outcome.missing) notes.push(outcome.note);
  });
  return notes;
}

/** What is wrong with the module's blocks as they are now; undefined: nothing, or they are none of its business. */
export async function checkCrontab(paths: ModulePaths): Promise<Diagnostic | undefined> {
  const wanted = wantedBlocks(paths);
  if (wanted === "" || !isUsualHome(paths, gatherHost())) return undefined;
  const read = await readCrontab();
  if (!read.ok) return unwritten(read);
  if (splitCrontab(read.value, paths.module).own === wanted) return undefined;
  return {
    code: "MF5072",
    severity: "warning",
    message: "the user's crontab does not have the module's jobs as they should be",
    fix: `metwork apply ${paths.module}`,
  };
}

interface Refusal {
  readonly missing: boolean;
  /** The whole crontab that was refused, and the line cron complained of. */
  readonly text: string;
  readonly line: number | undefined;
  readonly note: Diagnostic;
}

async function put(paths: ModulePaths, own: string): Promise<Refusal | undefined> {
  const before = await readCrontab();
  // Who never had a crontab and wants none need not be told that there is no program for it.
  if (!before.ok)
    return own === "" && before.missing ? undefined : { ...before, text: "", line: undefined, note: unwritten(before) };
  const after = withBlocks(before.value, paths.module, own);
  if (after === before.value) return undefined;
  const written = await writeCrontab(after);
  if (written.ok) return undefined;
  const line = /:(?<line>\d+):/.exec(written.message)?.groups?.["line"];
  return {
    missing: written.missing,
    text: after,
    line: line === undefined ? undefined : Number(line),
    note: unwritten(written),
  };
}

async function changing(home: string, notes: Diagnostic[], work: () => Promise<void>): Promise<void> {
  try {
    await withLock(join(home, LOCK), LOCK_WAIT_MS, work);
  } catch (error) {
    notes.push(unwritten({ message: error instanceof Error ? error.message : String(error), missing: false }));
  }
}

/** One character per byte, as the crontab is read. */
function wantedBlocks(paths: ModulePaths): string {
  const read = readTextFile(join(runtimeLayout(paths.runtime).configAuto, "crontab"));
  return read.ok ? Buffer.from(read.text, "utf8").toString("latin1") : "";
}

function unwritten({ message, missing }: { readonly message: string; readonly missing: boolean }): Diagnostic {
  return {
    code: "MF5070",
    severity: "warning",
    message: `the jobs of the crontab do not run: ${message.replaceAll("\n", "; ")}`,
    fix: missing ? "install cron (cronie), or set [crontab] flag = 0" : "see cron.allow(5) and the user's crontab",
  };
}

function refusedPlugin(paths: ModulePaths, plugin: string, line: string, note: Diagnostic): Diagnostic {
  const file = join(runtimeLayout(paths.runtime).plugins, plugin, "crontab");
  const read = readTextFile(file);
  const found = read.ok ? read.text.split("\n").findIndex((text) => text.trim() === line) : -1;
  return {
    code: "MF5071",
    severity: "warning",
    message: `the crontab of ${plugin} is left out, cron refuses its line \`${line}\`: ${note.message}`,
    at: { file, line: Math.max(0, found) + 1, col: 1, length: Math.max(1, line.length) },
    fix: "correct that line",
    plugin,
  };
}
