/** Fills the disk under the pipeline, makes it read-only, lets it fail: files wait, none is deleted, and then they go on. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../integration/flow-harness.ts";
import { Generator } from "./pipeline/generator.ts";
import { IoErrors } from "./pipeline/io-errors.ts";
import { scaled, seed } from "./pipeline/scale.ts";
import { mountSmallDisk, type SmallDisk } from "./pipeline/small-disk.ts";
import { Tally } from "./pipeline/tally.ts";
import { percentile, World } from "./pipeline/world.ts";

const times = scaled({ full: 50, short: 2 });
const FILES = 20;
const RESUME_MAX_MS = 5000;

/** Begins a fault and returns what ends it. */
type Fault = (disk: SmallDisk) => Promise<() => void>;

const aside = mkdtempSync(join(tmpdir(), "aside-"));
const errors = new IoErrors();

const FAULTS: Readonly<Record<string, Fault>> = {
  full: async (disk) => {
    disk.fill();
    return () => disk.empty();
  },
  "read-only": async (disk) => {
    await until("nobody writes", () => disk.setReadOnly(true));
    return () => void disk.setReadOnly(false);
  },
  "failing (EIO)": async () => {
    errors.fail(true);
    return () => errors.fail(false);
  },
};

const disk = mountSmallDisk();
if (disk === undefined) {
  console.log("disks: SKIPPED, no right to mount a file system");
  process.exit();
}
const tally = new Tally();
const resumed: number[] = [];
let late = 0;
let files = 0;
try {
  for (const [name, fault] of Object.entries(FAULTS)) {
    await using world = new World(seed + files, disk.directory);
    world.env = errors.env;
    await world.start({ workers: 0, config: { lockFile: join(aside, `${name}.lock`) } });
    const builtIn = new Generator(world.flow, world.random, ["a", "b", "z"]);
    for (let time = 0; time < times; time++) {
      const staged = Array.from({ length: FILES }, () => builtIn.stage());
      world.signal("SIGSTOP");
      for (const moveIn of staged) moveIn();
      world.files.samples.splice(0, world.files.samples.length, ...builtIn.samples);
      const end = await fault(disk);
      world.signal("SIGCONT");
      await sleep(world.random.below(2000));
      end();
      const ended = performance.now();
      await until("all go on", () => world.missing() <= 0, RESUME_MAX_MS).catch(() => {
        late += 1;
        const left = world.flow.inside();
        const said = world.log.split("\n").slice(-5).join("\n");
        console.log(`  ${name}, time ${time}: ${left.length} files wait, the first ${left[0]?.slice(0, 200)}\n${said}`);
      });
      resumed.push(performance.now() - ended);
    }
    files += builtIn.samples.length;
    const waits = world.log.match(/waits until the machine|is left where it is/g)?.length ?? 0;
    if (waits === 0) throw new Error(`${name}: the pipeline did not notice: ${world.log}`);
    tally.add(await world.settle(20_000), `${name}, CHAOS_SEED=${seed}`);
  }
} finally {
  disk.remove();
  rmSync(aside, { recursive: true });
  errors[Symbol.dispose]();
}
console.log(
  `disks: ${tally.line(files)}; ${Object.keys(FAULTS).join(", ")} ${times} times each; all at their ends ` +
    `${Math.round(percentile(resumed, 0.5))} ms after it was over (median), ${Math.round(Math.max(...resumed))} at most, ${late} later than 5 s`,
);
if (tally.isBad || late > 0) process.exitCode = 1;
