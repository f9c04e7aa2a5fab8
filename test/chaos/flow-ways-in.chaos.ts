/**
 * Fills the disk of an appliance's waiting files, or makes it read-only, while senders come over HTTP, tus, FTP, SFTP and
 * MQTT: each is refused, or not acknowledged, what waits is not deleted, and soon after its end all are taken again.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../integration/flow-harness.ts";
import { type Appliance, general, makeAppliance, root } from "../support/appliance.ts";
import { mosquitto, publish } from "../support/network/brokers.ts";
import type { Daemon } from "../support/network/daemon.ts";
import { freePort } from "../support/ports.ts";
import { Random } from "./pipeline/random.ts";
import { scaled, seed } from "./pipeline/scale.ts";
import { mountSmallDisk, type SmallDisk } from "./pipeline/small-disk.ts";
import { makeSecrets, type WayIn, waysIn } from "./pipeline/ways-in.ts";
import { percentile } from "./pipeline/world.ts";

const times = scaled({ full: 50, short: 1 });
const FILES = 10;
/** More than a full disk has left between two writes. */
const SIZE = 100_000;
const RESUME_MAX_MS = 5000;
const PATIENCE_MS = 30_000;
const LIMIT_MB = 4;

interface Site {
  readonly disk: SmallDisk;
  readonly appliance: Appliance;
  readonly broker: Daemon;
  readonly ways: readonly WayIn[];
  readonly archive: string;
}

const random = new Random(seed);
const problems: string[] = [];
const resumed: number[] = [];
let undisturbedMs = 0;
const sum = { files: 0, refused: 0, late: 0 };

async function openSite(disk: SmallDisk): Promise<Site> {
  const [ftp, sftp] = [await freePort(), await freePort()];
  const drop = "flag = 1\naddress = 127.0.0.1\n";
  const servers = `upload_resumable = 1\n[ftp]\n${drop}port = ${ftp}\n[sftp]\n${drop}port = ${sftp}\nuser = radar\n`;
  const dataIn = `[data_in]\ndir = ${join(disk.directory, "in")}\nmin_free_inodes = 0\n`;
  const appliance = await makeAppliance({ mfdata: `${servers}${dataIn}` });
  setLimit(appliance, 0);
  makeSecrets(appliance);
  const archive = join(disk.directory, "archive");
  mkdirSync(join(disk.directory, "stage"));
  const words = `--dest-dir=${archive} --dest-basename={ORIGINAL_BASENAME} --keep-tags-suffix=.tags {STANDARD_STEP_ARGUMENTS}`;
  const step = `[step_main]\n_cmd_and_args = archive_step ${words}\nnumprocesses = 1\n`;
  appliance.plugin("mfdata", "archive", { "config.ini": `${general}${step}[switch_rules:alwaystrue]\n* = main\n` });
  const broker = await mosquitto(appliance.home, ["allow_anonymous true", "log_type debug"]);
  await Promise.all([broker.start(), appliance.ok("mfdata.start")]);
  const shipped = join(root, "modules", "mfdata", "share", "plugins");
  const listener = readdirSync(shipped).find((name) => name.startsWith("mqttlistener-")) ?? "missing";
  const settings = {
    hostname: "127.0.0.1",
    port: broker.port,
    topic: "t",
    qos: 1,
    clean_session: 0,
    client_id: "ears",
  };
  const lines = Object.entries(settings).map(([key, value]) => `mqtt_${key} = ${value}\n`);
  appliance.write("mfdata/config/plugins/ears.ini", `[custom]\ndest_dir = guess_file_type/main\n${lines.join("")}`);
  await appliance.ok("plugins.install", "--module=mfdata", "--new-name=ears", join(shipped, listener));
  const ways = waysIn(appliance, { http: appliance.ports.mfdata, ftp, sftp });
  await until("it has subscribed", () => broker.log.includes("Sending SUBACK to ears"));
  return { disk, appliance, broker, ways, archive };
}

function setLimit(appliance: Appliance, megabytes: number): void {
  appliance.write("mfdata/config/config.ini", `[data_in]\nmin_free_space = ${megabytes}\n`);
}

/** Contents in the archive; a message's file has no name its sender knows. */
function archived({ archive }: Site): ReadonlySet<string> {
  if (!existsSync(archive)) return new Set();
  const names = readdirSync(archive).filter((name) => !name.endsWith(".tags") && !name.startsWith("."));
  return new Set(names.map((name) => readFileSync(join(archive, name), "latin1")));
}

function acknowledged({ broker }: Site): number {
  return broker.log.match(/Received PUBACK from ears/g)?.length ?? 0;
}

function contentOf(name: string): Buffer {
  return Buffer.alloc(SIZE, `${name} `);
}

/** Asks the way in again and again until it takes the file; gives what it said until then. */
async function insist(way: WayIn, name: string, goesOn: () => boolean): Promise<readonly string[]> {
  const refusals: string[] = [];
  do {
    const refusal = await way.send(name, contentOf(name));
    if (refusal === undefined) return refusals;
    refusals.push(refusal);
    await sleep(100);
  } while (goesOn());
  return refusals;
}

/** How many of these contents are not in the archive when there was time enough. */
async function missingAtLast(site: Site, contents: readonly Buffer[]): Promise<number> {
  const expected = contents.map((content) => content.toString("latin1"));
  const missing = (): number => {
    const there = archived(site);
    return expected.filter((content) => !there.has(content)).length;
  };
  await until("all are at their ends", () => missing() === 0, PATIENCE_MS).catch(() => undefined);
  return missing();
}

/** What one file by each way in takes on this machine, busy as it is, when nothing is wrong, in milliseconds. */
async function undisturbed(site: Site): Promise<number> {
  const begun = performance.now();
  for (const way of site.ways) await insist(way, `${way.name}-well`, () => performance.now() - begun < PATIENCE_MS);
  const missing = await missingAtLast(
    site,
    site.ways.map((way) => contentOf(`${way.name}-well`)),
  );
  if (missing > 0) problems.push(`${missing} files did not come to their ends although nothing was wrong`);
  rmSync(site.archive, { recursive: true, force: true });
  return performance.now() - begun;
}

/** One fault: files come before, senders try during, and all get in after. */
async function round(site: Site, name: string, number: number): Promise<void> {
  const { disk, broker, ways, archive } = site;
  const files = Array.from({ length: FILES }, (_, index) => `before-${number}-${index}`);
  for (const file of files) writeFileSync(join(disk.directory, "stage", file), contentOf(file));
  for (const file of files)
    renameSync(join(disk.directory, "stage", file), join(disk.directory, "in", "incoming", file));
  if (name === "read-only") await until("nobody writes", () => disk.setReadOnly(true));
  else disk.fill();
  const before = acknowledged(site);
  const message = contentOf(`message-${number}`);
  let over = false;
  publish(broker, "t", message.toString(), 1);
  const during = ways.map(async (way) => {
    const file = `${way.name}-${number}`;
    for (const refusal of await insist(way, file, () => !over)) {
      sum.refused += 1;
      if (!way.refusal.test(refusal)) problems.push(`${name}: ${way.name} said ${refusal}`);
    }
  });
  await sleep(500 + random.below(1500));
  if (acknowledged(site) > before) problems.push(`${name}: a message was acknowledged`);
  if (archived(site).has(message.toString())) problems.push(`${name}: a message was taken`);
  over = true;
  await Promise.all(during);
  if (name === "read-only") disk.setReadOnly(false);
  else disk.empty();
  const ended = performance.now();
  for (const way of ways) {
    const file = `${way.name}-${number}`;
    await insist(way, file, () => performance.now() - ended < PATIENCE_MS);
    files.push(file);
  }
  const expected = [...files.map((file) => contentOf(file)), message];
  const missing = await missingAtLast(site, expected);
  if (missing > 0) problems.push(`${name}: ${missing} files of round ${number} did not come to their ends`);
  await until("the message is acknowledged", () => acknowledged(site) > before).catch(() =>
    problems.push(`${name}: a message was not acknowledged after it`),
  );
  const tookMs = performance.now() - ended;
  resumed.push(tookMs);
  if (tookMs > undisturbedMs + RESUME_MAX_MS) sum.late += 1;
  sum.files += expected.length;
  rmSync(archive, { recursive: true });
}

const disk = mountSmallDisk();
if (disk === undefined) {
  console.log("ways in: SKIPPED, no right to mount a file system");
  process.exit();
}
let site: Site | undefined;
try {
  site = await openSite(disk);
  undisturbedMs = await undisturbed(site);
  const faults = [...Array(times).fill("full"), ...Array(times).fill("read-only")] as readonly string[];
  for (const [number, name] of faults.entries()) {
    // Half of the times the pipeline says so before, half of the times each finds out.
    if (number === Math.ceil(times / 2)) {
      setLimit(site.appliance, LIMIT_MB);
      await site.appliance.ok("metwork", "apply", "mfdata");
    }
    await round(site, name, number);
  }
} finally {
  await site?.appliance[Symbol.asyncDispose]();
  await site?.broker.stop();
  disk.remove();
}
for (const problem of problems.slice(0, 20)) console.log(`  ${problem}`);
console.log(
  `ways in: full ${times} times, read-only ${times} times; ${sum.refused} refusals of PUT, tus, FTP and SFTP, no message ` +
    `acknowledged; ${sum.files} files at their ends; all taken and done ${Math.round(percentile(resumed, 0.5))} ms after it was ` +
    `over (median), ${Math.round(Math.max(...resumed))} at most, ${Math.round(undisturbedMs)} without a fault, ${sum.late} ` +
    `more than 5 s later than that; ${problems.length} problems`,
);
if (problems.length > 0 || sum.late > 0) process.exitCode = 1;
