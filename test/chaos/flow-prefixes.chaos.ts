/**
 * Ends the real daemon at every system call with which it changes files, one after the other, while three files go through
 * it; the next daemon finds what that prefix of calls left, and must bring every file to its end.
 */
import { until } from "../integration/flow-harness.ts";
import { Generator } from "./pipeline/generator.ts";
import { scaled, seed } from "./pipeline/scale.ts";
import { Tally } from "./pipeline/tally.ts";
import { World } from "./pipeline/world.ts";

const CALLS =
  "rename,renameat,renameat2,link,linkat,unlink,unlinkat,setxattr,lsetxattr,fsetxattr,lremovexattr,mkdir,mkdirat,write,pwrite64,copy_file_range,ftruncate";
/** Every one at full volume; of a short run these, spread over all. */
const EVERY = process.env["CHAOS"] === "full" ? 1 : 12;
const LAST = scaled({ full: 2000, short: 60 });

/** False: the daemon made fewer calls and came to the end of its work. */
async function endAt(call: number, tally: Tally): Promise<boolean> {
  await using world = new World(seed);
  world.launcher = [
    ...["strace", "-f", "-qq", "-o", "/dev/null", "-e", `trace=${CALLS}`],
    ...["-e", `inject=${CALLS}:signal=KILL:when=${call}`],
  ];
  const files = new Generator(world.flow, world.random, ["b", "o", "a"]);
  world.prepare();
  for (let file = 0; file < 3; file++) files.drop();
  world.files.samples.push(...files.samples);
  await world.start({ workers: 1, redis: false });
  world.launcher = [];
  await until("it died or is done", () => world.deaths > 0 || world.missing() <= 0, 60_000);
  const died = world.deaths > 0;
  tally.add(await world.settle(30_000), `call ${call}, CHAOS_SEED=${seed}`);
  return died;
}

const tally = new Tally();
let prefixes = 0;
for (let call = 1; call <= LAST && (await endAt(call, tally)); call += EVERY) prefixes += 1;
console.log(
  `prefixes: ${tally.line(3 * (prefixes + 1))}; ended at ${prefixes} system calls, every ${EVERY === 1 ? "" : `${EVERY}th `}one`,
);
if (tally.isBad || prefixes === 0) process.exitCode = 1;
