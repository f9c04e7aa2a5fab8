/** Proposed rules asked about a million recorded files. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SwitchRuleSpec } from "../src/core/flow/types.ts";
import type { PassageRow, RoutingRow, TraceBatch } from "../src/core/trace/batch.ts";
import { TagSets } from "../src/core/trace/tag-sets.ts";
import { whatIf } from "../src/core/trace/what-if.ts";
import { TraceReader } from "../src/trace/query.ts";
import { TraceStore } from "../src/trace/store.ts";

const FILES = Number(process.env["FILES"] ?? 1_000_000);
const BATCH = 1000;
const MAGIC = ["PNG image data, 800 x 600", "gzip compressed data", "ASCII text", "data", "JSON text data", "CSV text"];

const directory = mkdtempSync(join(tmpdir(), "metwork-what-if-"));
try {
  const written = performance.now();
  record(join(directory, "trace"));
  console.log(`${FILES} files recorded in ${seconds(written)} s`);
  const now = [
    ...Array.from({ length: 15 }, (_, index) =>
      rule("fnmatch", "first.core.original_basename", `obs_${index}*.csv`, `p${index}`),
    ),
    ...MAGIC.map((magic, index) =>
      rule("fnmatch", "latest.guess_file_type.main.system_magic", `${magic}*`, `m${index}`),
    ),
    rule("regex", "first.core.original_basename", ".*\\.(png|gz)$", "images"),
  ];
  const then = [
    ...now.slice(1),
    rule("regex", "first.core.original_basename", "obs_(0|1)\\d*_[a-m]", "p0"),
    rule(
      "expression",
      "",
      "latest.guess_file_type.main.size > 90000 and latest.guess_file_type.main.ascii_header.startswith('SM')",
      "big",
    ),
  ];
  const began = performance.now();
  const cpu = process.cpuUsage();
  const reader = new TraceReader(join(directory, "trace"));
  const { files, moves } = whatIf(reader.routings("switch", 0, Date.now() + 1), now, then);
  const moving = moves.reduce((sum, move) => sum + move.files, 0);
  console.log(
    `${moving} of ${files} would move, ${now.length} and ${then.length} rules: ${seconds(began)} s, ${cpuSeconds(cpu)} s of processor`,
  );
  reader.close();
} finally {
  rmSync(directory, { recursive: true, force: true });
}

function record(into: string): void {
  const store = new TraceStore(
    { directory: into, keep: true, maxAgeS: 86_400, maxBytes: 2 ** 40, digest: false },
    console.error,
  );
  const sets = new TagSets();
  for (let first = 0; first < FILES; first += BATCH) {
    const passages: PassageRow[] = [];
    const routings: RoutingRow[] = [];
    for (let index = first; index < Math.min(FILES, first + BATCH); index++) {
      const name = `obs_${index % 97}_${"abcdefghijklmnopqrstuvwxyz"[index % 26]}${index}.csv`;
      const magic = MAGIC[index % MAGIC.length] ?? "";
      const tags = new Map([
        ["first.core.original_dirname", "incoming"],
        ["latest.guess_file_type.main.system_magic", magic],
        ["latest.guess_file_type.main.size", String(index % 100_000)],
        ["latest.guess_file_type.main.ascii_header", `SMVD${index} LFPW ${index * 7}`],
      ]);
      const { id, own } = sets.split(tags);
      routings.push([passages.length, 1, 1, own, id]);
      passages.push([
        Date.now(),
        index.toString(16).padStart(32, "0"),
        name,
        "incoming",
        0,
        100,
        [[1, 0, 1, "p", "", []]],
        null,
      ]);
    }
    const batch: TraceBatch = { steps: [[1, "switch", "main", "1"]], tags: sets.take().sets, passages, routings };
    store.write(batch);
  }
  store.close();
}

function rule(type: SwitchRuleSpec["type"], tag: string, pattern: string, to: string): SwitchRuleSpec {
  return { plugin: "bench", type, tag, pattern, targets: [{ plugin: to, step: "main", hardlink: false }] };
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}

/** What it takes where nobody else wants the machine. */
function cpuSeconds(since: NodeJS.CpuUsage): string {
  const { user, system } = process.cpuUsage(since);
  return ((user + system) / 1e6).toFixed(1);
}
