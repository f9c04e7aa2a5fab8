/**
 * Lets the machine's clock jump by an hour and by less, ahead and back, while the garbage collector looks all the time:
 * nothing that waits, is in work or came a moment ago is deleted, and what is really old goes. Between two jumps the
 * collector looks at least once: two that cancel each other within a second could not be told from none.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { FlowConfig } from "../../src/core/flow/types.ts";
import { step, until } from "../integration/flow-harness.ts";
import { give, notes, ownStep, python } from "../integration/steps-harness.ts";
import { Generator } from "./pipeline/generator.ts";
import { JumpingClock } from "./pipeline/jumping-clock.ts";
import { plantConfig } from "./pipeline/plant.ts";
import { scaled, seed } from "./pipeline/scale.ts";
import { Tally } from "./pipeline/tally.ts";
import { Wards } from "./pipeline/wards.ts";
import { World } from "./pipeline/world.ts";

const jumps = scaled({ full: 200, short: 20 });
const FILES = 10;
const LIFETIME_S = 3;
const EVERY_S = 0.05;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** The daemon's clock and ours, looked at one after the other, differ by less. */
const SAME_MS = 30_000;
const PATIENCE_MS = 60_000;

/** In work for as long as the run lasts, with scratch files that must outlive every jump. */
const HOLD = `
def process(self, xaf):
    kept = []
    while not os.path.exists(os.path.join(OUT, "go")):
        kept.append(self.get_tmp_filepath())
        open(kept[-1], "w").close()
        time.sleep(0.2)
    kept.append(xaf.filepath)
    note("held", len(kept), sum(not os.path.exists(path) for path in kept))
    for path in kept[:-1]:
        if os.path.exists(path):
            os.remove(path)
    return True
`;

function config(world: World): Partial<FlowConfig> {
  const { steps, watched } = plantConfig(world.flow);
  const more = [ownStep("hold"), step("never", { do: "delete" }, { lanes: 0 })];
  const own = more.map(({ plugin }) => ({
    directory: join(world.flow.dataIn, `step.${plugin}.main`),
    steps: [`${plugin}.main`],
    external: false,
  }));
  const lifetimes = { trashS: LIFETIME_S, tmpS: LIFETIME_S, unfinishedS: LIFETIME_S, emptyS: 0, everyS: EVERY_S };
  return { steps: [...steps, ...more], watched: [...watched, ...own], lifetimes };
}

/** Whether a process that goes by the clock sees it jump, and dates of before the jump stay as they were. */
function proveClock(clock: JumpingClock, directory: string): void {
  const path = join(directory, "dated");
  writeFileSync(path, "");
  const script = `console.log(Date.now(), require("node:fs").lstatSync(${JSON.stringify(path)}).ctimeMs)`;
  const look = (): readonly number[] =>
    execFileSync(process.execPath, ["-e", script], { env: { ...process.env, ...clock.env }, encoding: "utf8" })
      .split(" ")
      .map(Number);
  const [before = 0, dated = 0] = look();
  clock.jump(HOUR_MS);
  const [after = 0, still = 0] = look();
  writeFileSync(path, "");
  const [, fresh = 0] = look();
  const proven = after - before > HOUR_MS && still === dated && Math.abs(fresh - clock.nowMs) < SAME_MS;
  if (!proven) throw new Error("the clock of a process could not be changed");
}

using clock = new JumpingClock();
await using world = new World(seed);
proveClock(clock, world.flow.root);
world.env = clock.env;
await world.start({ config: config(world) });
world.workers.push(python(world.flow, "hold", HOLD));
give(world.flow, "hold", "held", "x");
const files = new Generator(world.flow, world.random, ["a", "b", "o", "r"]);
const wards = new Wards(world.flow, LIFETIME_S * 1000);

async function looked(): Promise<void> {
  const state = join(world.flow.root, "collector.json");
  const last = (): number => {
    wards.check();
    try {
      return Number(JSON.parse(readFileSync(state, "utf8")).lastMs);
    } catch {
      return 0;
    }
  };
  await until("the collector has looked", () => Math.abs(last() - clock.nowMs) < SAME_MS, PATIENCE_MS);
}

await looked();
let furthest = clock.offsetMs;
for (let jump = 0; jump < jumps; jump++) {
  wards.add();
  for (let file = 0; file < FILES; file++) files.drop();
  await sleep(world.random.below(100));
  const ms = world.random.chance(0.6) ? HOUR_MS : (2 + world.random.below(58)) * MINUTE_MS;
  clock.jump(world.random.chance(0.5) ? ms : -ms);
  furthest = Math.max(furthest, clock.offsetMs);
  await looked();
}
// Until the clock is where it was once, what came then is of the future.
clock.jump(furthest - clock.offsetMs + HOUR_MS);
await looked();
const allGone = (): boolean => {
  wards.check();
  return wards.aging === 0;
};
await until("what is old goes", allGone, PATIENCE_MS).catch(() =>
  wards.problems.push(`${wards.aging} old files are still there`),
);
const { waiting } = wards;
writeFileSync(join(world.flow.root, "go"), "");
const held = (): string | undefined => notes(world.flow).find((line) => line.startsWith("held "));
await until("the file in work is done", () => held() !== undefined);
const [, inWork = 0, taken = 0] = held()?.split(" ").map(Number) ?? [];
rmSync(join(world.flow.dataIn, "step.never.main"), { recursive: true });
world.files.samples.push(...files.samples);
const tally = new Tally();
tally.add(await world.settle(20_000), `CHAOS_SEED=${seed}`);
for (const problem of wards.problems.slice(0, 20)) console.log(`  ${problem}`);
console.log(
  `clock: ${jumps} jumps of up to an hour, ${wards.wrong + taken} wrongly deleted (${waiting} waiting, ${inWork} in work, ` +
    `${wards.expired} went after their ${LIFETIME_S} s); ${tally.line(files.samples.length)}`,
);
if (tally.isBad || wards.problems.length > 0 || taken > 0) process.exitCode = 1;
