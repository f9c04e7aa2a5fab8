import { execFileSync } from "node:child_process";
import { existsSync, opendirSync, readFileSync, renameSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { png, until } from "../../test/integration/flow-harness.ts";
import { memoryOf, processesOf } from "../../test/support/processes.ts";
import type { Programs } from "./load.ts";
import { interleave, median, once, type Rounds, ratio } from "./measure.ts";
import { report } from "./report.ts";
import {
  archive,
  daemonOf,
  MemoryWatch,
  type ModuleRig,
  mfdata,
  ownCode,
  PNG_RULE,
  type Rig,
  startedAtMs,
  yardstick,
} from "./rig.ts";

const ALL_PNG = { [`fnmatch:${PNG_RULE}`]: ["PNG image*"] };
const NODE_STEP = `const { run } = require("metwork-step");
run((file) => {
  file.setTag("seen", "yes");
  file.emit("archive/main");
});
`;
const PYTHON_STEP = `from acquisition import AcquisitionStep

class Step(AcquisitionStep):
    def process(self, xaf):
        self.set_tag(xaf, "seen", "yes")
        return self.move_to_plugin_step(xaf, "archive", "main")

Step().run()
`;

/** Ten plugins with 50 rules together, one of which wants the files. */
function tenPlugins(): Record<string, Record<string, string>> {
  const never = Array.from({ length: 10 }, (_, number) => [
    `keep${number}`,
    archive({
      [`fnmatch:${PNG_RULE}`]: [`GIF image ${number}*`],
      "fnmatch:first.core.original_basename": [`radar_${number}_*`, `*.${number}.grib`],
      "regex:first.core.original_basename": [`^obs${number}_[0-9]+\\\\.csv$`, `^[A-Z]{4}${number}.*bufr`],
    }),
  ]);
  return {
    ...Object.fromEntries(never.slice(1)),
    archive: archive({ ...ALL_PNG, "equal:none": ["1", "2", "3", "4"] }),
  };
}

/** Makes the rigs of the cases that are measured in turns, by name. */
const RIGS = {
  rename: (programs: Programs) => yardstick("L1", "rename", programs),
  operations: (programs: Programs) => yardstick("L2", "chain", programs),
  chain: (programs: Programs) => mfdata("chain", programs, { archive: archive(ALL_PNG) }),
  rules: (programs: Programs) => mfdata("rules", programs, tenPlugins()),
  durable: (programs: Programs) =>
    mfdata("durable", programs, { archive: archive(ALL_PNG) }, "[data_in]\ndurability = durable\n"),
  node: (programs: Programs) =>
    mfdata("node", programs, { archive: archive({}), own: ownCode("node {plugin_dir}/main.js", "main.js", NODE_STEP) }),
  python: (programs: Programs) =>
    mfdata("python", programs, {
      archive: archive({}),
      own: ownCode("python3 {plugin_dir}/main.py", "main.py", PYTHON_STEP),
    }),
};

/** Throughput: the yardsticks and these cases in turns. */
export async function throughput(
  programs: Programs,
  cases: readonly (keyof typeof RIGS)[],
  rounds = 5,
  count = 10_000,
) {
  await using stack = new AsyncDisposableStack();
  const rigs: Rig[] = [];
  for (const name of new Set(["rename", "operations", "chain", ...cases] as const)) {
    const make: (programs: Programs) => Promise<Rig & Partial<Pick<ModuleRig, "start">>> = RIGS[name];
    const rig = stack.use(await make(programs));
    await rig.start?.();
    rigs.push(rig);
  }
  const result = await interleave(rigs, rounds, count);
  for (const [name, all] of result) {
    report(`${name}: files per second`, median(all.map(({ filesPerS }) => filesPerS)), "/s");
    const cpu = median(all.map(({ cpuUsPerFile }) => cpuUsPerFile));
    report(`${name}: processor time of all processes`, cpu, "us/file", name === "chain" ? { most: 250 } : undefined);
  }
  for (const { name } of rigs.slice(2)) judge(result, name);
}

function judge(rounds: Rounds, name: string): void {
  const least: Readonly<Record<string, number>> = { chain: 0.15, node: 0.1, python: 0.07 };
  const asked = least[name];
  report(`${name}: to L1`, ratio(rounds, name, "L1"), "", asked === undefined ? undefined : { least: asked });
  if (name === "chain") report("chain: to L2", ratio(rounds, name, "L2"), "", { least: 0.5 });
  if (name === "durable") {
    const rates = (rounds.get(name) ?? []).map(({ filesPerS }) => filesPerS);
    report("durable: safe against a loss of power", median(rates), "/s", { least: 1000 });
  }
  if (name === "rules") report("rules: ten plugins to one", ratio(rounds, name, "chain"), "", { least: 0.9 });
}

/** A file every 50 ms. */
export async function latency(programs: Programs, count = 300): Promise<void> {
  await using rig = await RIGS.chain(programs);
  await rig.start();
  await once(rig, 3000);
  rig.source.stage(count);
  const { p50Ms, p99Ms, maxMs } = await rig.source.run(rig.drop, rig.out, 50_000);
  report(`latency: ${count} files, 20 a second: p50`, p50Ms, "ms", { most: 2 });
  report("latency: p99", p99Ms, "ms", { most: 6 });
  report("latency: longest", maxMs, "ms");
}

/** Files a second of 10,000, the median of three rounds. */
async function smallRate(rig: Rig): Promise<number> {
  const rates: number[] = [];
  for (let round = 0; round < 3; round++) rates.push((await once(rig, 10_000)).filesPerS);
  return median(rates);
}

/** Very many files at once. */
export async function burst(programs: Programs, count = 200_000): Promise<void> {
  await using rig = await RIGS.chain(programs);
  await rig.start();
  await once(rig, 3000);
  const small = await smallRate(rig);
  const memory = new MemoryWatch(rig);
  const large = await once(rig, count);
  report(`burst: ${count.toLocaleString("en")} files`, large.filesPerS, "/s");
  report("burst: to 10,000 files", large.filesPerS / small, "", { least: 0.8 });
  report("burst: memory of the module, most", memory.stop(), "MB", { most: 300 });
  const without = archivedIn(rig.out) - filesBelow(rig.out, ".tags");
  if (without !== 0) throw new Error(`${without} files are archived without their tags`);
}

/** Very many files that are there before the start. */
export async function waiting(programs: Programs, count = 1_000_000, enough = 60_000): Promise<void> {
  await using rig = await RIGS.chain(programs);
  await rig.start();
  await once(rig, 3000);
  const small = await smallRate(rig);
  await rig.appliance.ok("metwork", "stop", "mfdata");
  const before = archivedIn(rig.out);
  rig.source.stage(count, rig.drop);
  // Who waits has been written out for long: else the kernel writes gigabytes of the generator's meanwhile.
  execFileSync("sync", ["-f", rig.drop]);
  const memory = new MemoryWatch(rig);
  const arrivals = rig.source.watch(rig.out, Math.min(enough, count));
  const commandAtMs = Date.now();
  await rig.start();
  const daemonAtMs = startedAtMs(rig);
  const { firstAtMs, seconds, seen } = await arrivals;
  const named = `waiting: ${count.toLocaleString("en")} files`;
  report(`${named}: from the daemon's start to the first`, (firstAtMs - daemonAtMs) / 1000, "s", { most: 2 });
  report("waiting: from `metwork start` to the first", (firstAtMs - commandAtMs) / 1000, "s");
  report("waiting: files per second", seen / seconds, "/s");
  report("waiting: to 10,000 files", seen / seconds / small, "", { least: 0.8 });
  report("waiting: memory of the module, most", memory.stop(), "MB", { most: 300 });
  await rig.appliance.ok("metwork", "stop", "mfdata");
  const there = archivedIn(rig.out) - before + filesBelow(join(rig.drop, ".."));
  if (there !== count) throw new Error(`${count} files were waiting, ${there} are archived or still wait`);
}

/** Large files are renamed, whatever their size. */
export async function large(programs: Programs, count = 20, bytes = 2 ** 30): Promise<void> {
  await using rig = await RIGS.chain(programs);
  await rig.start();
  await once(rig, 3000);
  const flow = daemonOf(rig);
  const read = (): number => Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${flow}/io`, "utf8"))?.[1]);
  const give = async (name: string, size: number): Promise<{ ms: number; bytes: number; cpuUs: number }> => {
    const staged = join(rig.drop, `../../${name}`);
    writeFileSync(staged, png(1));
    truncateSync(staged, size);
    const { ino } = statSync(staged);
    const before = { bytes: read(), cpuUs: rig.cpuUs() };
    const begun = performance.now();
    renameSync(staged, join(rig.drop, name));
    await until(`${name} is archived`, () => existsSync(join(rig.out, name)));
    const ms = performance.now() - begun;
    await until("its end is noted", () => existsSync(join(rig.out, `${name}.tags`)));
    if (statSync(join(rig.out, name)).ino !== ino) throw new Error(`${name} was copied`);
    return { ms, bytes: read() - before.bytes, cpuUs: rig.cpuUs() - before.cpuUs };
  };
  const all = { small: [] as number[], large: [] as number[], read: [] as number[] };
  for (let index = 0; index < count; index++) {
    all.small.push((await give(`small${index}.png`, 2048)).ms);
    const done = await give(`large${index}.png`, bytes);
    all.large.push(done.ms);
    all.read.push(done.bytes / 1024);
  }
  report("large: 1 GB: from its rename to its end (looked at every 10 ms)", median(all.large), "ms");
  report("large: the same of 2 KB", median(all.small), "ms");
  report("large: read of 1 GB, by all the daemon does", median(all.read), "KB", { most: 8 * 1024 });
}

/** Plugins of built-in steps that have nothing to do. */
export async function idle(programs: Programs, count = 40): Promise<void> {
  const plugins = Array.from({ length: count }, (_, number) => [
    `keep${number}`,
    archive({ alwaystrue: [`${number}`] }),
  ]);
  await using rig = await mfdata("idle", programs, Object.fromEntries(plugins));
  await rig.start();
  await until("nothing happens", () => existsSync(join(rig.appliance.home, "mfdata/var/conf_monitor_idle")));
  report(`idle: memory of a module with ${count} plugins`, rig.memoryMb(), "MB", { most: 150 });
  for (const { pid, command } of processesOf(rig.appliance.home)) {
    report(`idle:   ${command.slice(0, 50)}`, memoryOf([{ pid, command }]) / 1024, "MB");
  }
}

/** Files in a directory of files and their tags. */
function archivedIn(directory: string): number {
  return filesBelow(directory) - filesBelow(directory, ".tags");
}

/** Regular files at any depth, their names ending so. */
function filesBelow(directory: string, suffix = ""): number {
  let count = 0;
  using entries = opendirSync(directory, { bufferSize: 1024 });
  for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
    if (entry.isDirectory()) count += filesBelow(join(directory, entry.name), suffix);
    else if (entry.name.endsWith(suffix)) count += 1;
  }
  return count;
}
