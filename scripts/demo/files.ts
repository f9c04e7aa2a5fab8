import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { http, until } from "../support/client.ts";
import { demoHome, indented, ports, type } from "./appliance.ts";
import { type Sample, samples } from "./samples.ts";

const dataIn = join(demoHome, "mfdata", "var", "in");
const incoming = join(dataIn, "incoming");
const archive = join(demoHome, "mfdata", "var", "archive");

/** Drops files of several types in several ways and shows where each went; then a burst for the speed. */
export async function processFiles(): Promise<void> {
  const run = `demo-${Date.now().toString(36)}`;
  const pngs = samples("png", 120, run);
  const others = [...samples("gzip", 40, run), ...samples("text", 40, run), ...samples("json", 40, run)];
  const all = [...pngs, ...others];
  const [uploaded, ...dropped] = all;
  if (uploaded === undefined) throw new Error("no samples");
  const put = await http(`http://127.0.0.1:${ports.mfdata}/incoming/${uploaded.name}`, {
    method: "PUT",
    body: uploaded.content,
  });
  console.log(`  PUT /incoming/${uploaded.name} → ${put.status} ${put.body.trim()}`);
  const half = Math.floor(dropped.length / 2);
  for (const sample of dropped.slice(0, half)) writeFileSync(join(incoming, sample.name), sample.content);
  moveIn(dropped.slice(half));
  console.log(`  ${half} files written in place, ${dropped.length - half} moved in (${all.length} in all)`);

  await arrived(archive, pngs.length * 2, run);
  await arrived(join(dataIn, "trash"), others.length * 2, run);
  console.log(
    `  ${pngs.length} PNG images are in var/archive, each with its .tags, byte for byte what was sent: ${intact(pngs)}`,
  );
  console.log(`  ${others.length} others matched no rule and are kept in var/in/trash/switch.nomatch with theirs`);
  console.log(`  left in incoming: ${readdirSync(incoming).length}`);
  const tags = found(archive, `${uploaded.name}.tags`)[0] ?? "";
  console.log(`  the tags of ${uploaded.name}:`);
  console.log(indented(readFileSync(tags, "utf8")));

  console.log(await type(["metwork", "trace", uploaded.name]).then(indented));

  const burst = samples("png", 1_000, `${run}-burst`);
  const begun = stageAndMove(burst);
  await arrived(archive, burst.length * 2, `${run}-burst`);
  const seconds = (performance.now() - begun) / 1000;
  console.log(
    `  1,000 PNG images of 2 KB at once: archived with tags in ${seconds.toFixed(2)} s, ${Math.round(burst.length / seconds)} files/s`,
  );
}

/** Moves files into `incoming` as a careful producer does: complete before they appear. */
export function moveIn(files: readonly Sample[]): void {
  stageAndMove(files);
}

/** Waits until `count` files whose name contains `part` are below a directory. */
export async function arrived(directory: string, count: number, part: string): Promise<void> {
  await until(`${count} files named ${part} in ${directory}`, () => {
    return found(directory, part).length >= count || undefined;
  });
}

/** Writes the files beside `incoming`, then renames them in; returns when the renames began. */
function stageAndMove(files: readonly Sample[]): number {
  const stage = join(demoHome, "mfdata", "tmp", "demo-stage");
  mkdirSync(stage, { recursive: true });
  for (const { name, content } of files) writeFileSync(join(stage, name), content);
  const begun = performance.now();
  for (const { name } of files) renameSync(join(stage, name), join(incoming, name));
  rmSync(stage, { recursive: true });
  return begun;
}

function found(directory: string, part: string): readonly string[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.includes(part))
      .map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return [];
  }
}

function intact(files: readonly Sample[]): string {
  const same = files.filter(({ name, content }) => {
    const path = found(archive, name).find((one) => one.endsWith(name));
    return path !== undefined && readFileSync(path).equals(content);
  });
  return `${same.length} of ${files.length}`;
}
