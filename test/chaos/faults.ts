import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { http, until } from "../../scripts/support/client.ts";
import type { Diagnostic } from "../../src/core/base/diagnostic.ts";
import type { LastApply } from "../../src/system/apply/outcome.ts";
import { type Appliance, makeAppliance } from "../support/appliance.ts";
import { type Figures, failedOf, startLoad } from "../support/load.ts";
import { DIRECTORY, KINDS, type Mistake, SITE, type Surroundings, serving, site, VICTIM } from "./fault-kinds.ts";

/** What became of the faults. */
export interface Report {
  readonly faults: number;
  readonly kinds: number;
  /** Left out, kept, refused or rolled back as they should be, the tree byte for byte as before. */
  readonly contained: number;
  /** Faults whose diagnostic names the guilty file, and the line where one is guilty. */
  readonly named: number;
  readonly load: Readonly<Figures>;
  readonly failed: number;
  readonly medianMs: number;
  /** Kinds that this machine does not allow, with the reason. */
  readonly skipped: readonly string[];
  readonly problems: readonly string[];
}

interface Planted {
  readonly mistake: Mistake;
  /** What an apply that saw it names as its reason. */
  readonly trigger: string;
  readonly remove: () => void;
}

const DISK_BYTES = 16 * 1024 * 1024;

/** Puts faults of the kinds, one after the other, into a running appliance whose good plugins are asked all the time. */
export async function runFaults(kinds: readonly string[]): Promise<Report> {
  await using appliance = await makeAppliance();
  const disk = smallDisk(join(appliance.home, "mfserv/tmp/config_auto.d"));
  const taken = createServer().listen(0);
  try {
    for (const name of ["good1", "good2", "good3"]) {
      appliance.plugin("mfserv", name, serving(name === "good3" ? "add_header X-Good yes;\n" : undefined));
    }
    appliance.plugin("mfserv", "victim", VICTIM);
    await appliance.ok("metwork", "start", "mfserv");
    await idle(appliance);
    const address = taken.address();
    const takenPort = typeof address === "object" && address !== null ? address.port : 0;
    const around = { port: appliance.ports.mfserv, takenPort };
    const paths = ["/good1", "/good2/x", "/good3/y"];
    const load = startLoad({ port: around.port, paths, keepAlive: 2, fresh: 2, restMs: 4 });
    const outcome = await plantAll(appliance, kinds, around, disk);
    const figures = await load.stop();
    return { ...outcome, load: figures, failed: failedOf(figures) };
  } finally {
    taken.close();
    await appliance.run("metwork", "stop");
    disk?.free();
  }
}

async function plantAll(
  appliance: Appliance,
  kinds: readonly string[],
  around: Omit<Surroundings, "number">,
  disk: Disk | undefined,
): Promise<Omit<Report, "load" | "failed">> {
  const before = treeOf(appliance);
  const problems: string[] = [];
  const times: number[] = [];
  const able = kinds.filter((kind) => disk !== undefined || !kind.startsWith("disk full"));
  let named = 0;
  let contained = 0;
  let previous: Planted | undefined;
  for (const [number, kind] of able.entries()) {
    // The same file mended and spoilt anew: an apply in between would be taken for that of the new fault.
    const isThereAgain = isOfAppliance(previous?.mistake) && isOfAppliance(KINDS[kind]?.({ ...around, number }));
    if (isThereAgain || kind.startsWith("disk full")) {
      await removed(appliance, previous);
      previous = undefined;
    }
    const begun = Date.now();
    previous?.remove();
    previous = plant(appliance, kind, { ...around, number }, disk);
    const record = await seen(appliance, previous.trigger, begun);
    times.push(Date.now() - begun);
    const wrong = [
      ...judge(appliance, previous, record, number),
      ...(treeOf(appliance) === before ? [] : ["another tree"]),
    ];
    if (previous.mistake.contained === "kept" && (await http(`http://127.0.0.1:${around.port}/victim`)).status !== 200)
      wrong.push("what served no longer serves");
    const isNamed = names(appliance, previous, record, number);
    if (wrong.length === 0) contained++;
    if (isNamed) named++;
    if (wrong.length === 0 && isNamed) continue;
    const said = record.notes.map(({ at, message }) => `${at?.file}:${at?.line}: ${message}`).join(" | ");
    problems.push(
      `${kind} (${number}): ${[...wrong, ...(isNamed ? [] : ["not named"])].join(", ")}: ${record.did}: ${said}`,
    );
  }
  await removed(appliance, previous);
  if (treeOf(appliance) !== before) problems.push("the end: another tree");
  return {
    faults: able.length,
    kinds: new Set(able).size,
    contained,
    named,
    medianMs: times.sort((a, b) => a - b)[times.length >> 1] ?? 0,
    skipped: able.length === kinds.length ? [] : ["disk full while staging: no right to mount a tmpfs"],
    problems,
  };
}

function isOfAppliance(mistake: Mistake | undefined): boolean {
  return mistake?.where === "appliance";
}

/** Takes the last fault away and waits until that is dealt with, what is cleared away afterwards included. */
async function removed(appliance: Appliance, planted: Planted | undefined): Promise<void> {
  const begun = Date.now();
  planted?.remove();
  if (planted !== undefined) await seen(appliance, "", begun);
  await idle(appliance);
}

/** Puts a fault in its place, in one step as far as the watcher can see. */
function plant(appliance: Appliance, kind: string, around: Surroundings, disk: Disk | undefined): Planted {
  const mistake = KINDS[kind]?.(around);
  if (mistake === undefined) throw new Error(`there is no kind ${kind}`);
  if (mistake.where === "appliance") return plantFiles(appliance, mistake);
  const name = `bad${around.number}`;
  const draft = join(appliance.home, "draft", name);
  const home = join(appliance.home, "mfserv/var/plugins", name);
  const defaults = {
    ".layerapi2_label": `plugin_${name}@mfserv\n`,
    ".layerapi2_dependencies": "root@mfserv\n-nodejs@mfext\n",
    ".plugin_format_version": "1.0.0\n",
  };
  for (const [path, content] of Object.entries({ ...defaults, ...mistake.files })) write(join(draft, path), content);
  if (mistake.where === "full disk") disk?.fill();
  renameSync(draft, home);
  return {
    mistake,
    trigger: name,
    remove: () => {
      renameSync(home, draft);
      rmSync(draft, { recursive: true });
      if (mistake.where === "full disk") disk?.empty();
    },
  };
}

function plantFiles({ home, ports }: Appliance, mistake: Mistake): Planted {
  const saved = Object.keys(mistake.files).map((path) => {
    const file = join(home, path);
    return [file, existsSync(file) ? readFileSync(file) : undefined] as const;
  });
  for (const [path, content] of Object.entries(mistake.files)) write(join(home, path), content);
  return {
    mistake,
    trigger: Object.keys(mistake.files)[0] ?? "",
    remove: () => {
      for (const [file, old] of saved) {
        if (file.endsWith(SITE)) replace(file, site(ports.mfserv));
        else if (old === undefined) rmSync(file);
        else replace(file, old);
      }
    },
  };
}

function write(file: string, content: string | Buffer | typeof DIRECTORY): void {
  mkdirSync(content === DIRECTORY ? file : dirname(file), { recursive: true });
  if (content !== DIRECTORY) replace(file, content);
}

/** As an editor saves: nobody reads half a file. */
function replace(file: string, content: string | Buffer): void {
  const draft = join(dirname(file), `.${Date.now()}.tmp`);
  writeFileSync(draft, content);
  renameSync(draft, file);
}

/** Waits for the record of an apply that began after `since` because of `trigger`. */
async function seen(appliance: Appliance, trigger: string, since: number): Promise<LastApply> {
  const file = join(appliance.home, "mfserv/var/last_apply.json");
  const { value } = await until(`the apply of ${trigger}`, () => {
    const record = JSON.parse(readFileSync(file, "utf8")) as LastApply;
    return Date.parse(record.at) >= since && record.reason.includes(trigger) ? record : undefined;
  });
  return value;
}

function judge(appliance: Appliance, { mistake }: Planted, record: LastApply, number: number): string[] {
  const { contained } = mistake;
  if (contained === "refused" || contained === "rolled back")
    return record.did === contained ? [] : [`not ${contained}`];
  const list = contained === "kept" ? (record.kept ?? []) : record.leftOut;
  const name = contained === "kept" ? "victim" : `bad${number}`;
  const known = existsSync(join(appliance.home, "mfserv/var/plugins", name));
  return known && list.includes(name) ? [] : [`not ${contained}`];
}

function names(appliance: Appliance, { mistake }: Planted, record: LastApply, number: number): boolean {
  const [path, text] = mistake.guilty;
  const errors = record.notes.filter(({ severity }) => severity === "error");
  if (mistake.where === "full disk") return errors.some(({ message }) => message.includes("config_auto.d: ENOSPC"));
  const home = mistake.where === "appliance" ? appliance.home : join(appliance.home, `mfserv/var/plugins/bad${number}`);
  const content = mistake.files[path];
  const lines = content === undefined || content === DIRECTORY ? [] : content.toString().split("\n");
  const isGuilty = ({ at }: Diagnostic): boolean =>
    at?.file === join(home, path) && (text === undefined ? at.line >= 1 : lines[at.line - 1]?.includes(text) === true);
  return errors.some(isGuilty);
}

/** The whole generated tree as one digest, with the name of the generation in force. */
function treeOf(appliance: Appliance): string {
  const link = join(appliance.home, "mfserv/tmp/config_auto");
  const hash = createHash("sha256").update(readlinkSync(link));
  for (const path of readdirSync(link, { recursive: true, encoding: "utf8" }).sort()) {
    const file = join(link, path);
    hash.update(path);
    try {
      hash.update(readFileSync(file));
    } catch {
      hash.update("directory");
    }
  }
  return hash.digest("hex");
}

async function idle(appliance: Appliance): Promise<void> {
  const file = join(appliance.home, "mfserv/var/conf_monitor_idle");
  await until("conf_monitor is idle", () => existsSync(file) || undefined);
}

interface Disk {
  fill(): void;
  empty(): void;
  free(): void;
}

/** A tmpfs of its own for the generated trees, so that it can be full; undefined without the right to mount one. */
function smallDisk(directory: string): Disk | undefined {
  mkdirSync(directory, { recursive: true });
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "tmpfs", directory]);
  if (mounted.status !== 0) return undefined;
  const filler = join(directory, "filler");
  return {
    fill() {
      try {
        writeFileSync(filler, Buffer.alloc(DISK_BYTES));
      } catch {
        // It is full now.
      }
    },
    empty: () => rmSync(filler, { force: true }),
    free: () => void spawnSync("umount", ["-l", directory]),
  };
}

/** The figures as one line. */
export function inOneLine(report: Report): string {
  const { faults, kinds, contained, named, load, failed, medianMs, skipped } = report;
  const left = skipped.length > 0 ? `; not tried: ${skipped.join(", ")}` : "";
  return (
    `faults: ${contained} of ${faults} contained (${kinds} kinds), ${named} named with file and line ` +
    `(${((100 * named) / faults).toFixed(1)} %), ${failed} of ${load.requests} requests to others failed ` +
    `(${load.stale} repeated on a closed idle connection), median ${medianMs} ms from the fault to its record${left}`
  );
}
