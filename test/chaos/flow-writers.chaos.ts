/** Lets senders write files slowly, in pieces, under each sign of completeness: no file may be taken before it is whole. */
import { closeSync, openSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Completeness } from "../../src/core/flow/completeness.ts";
import { Generator } from "./pipeline/generator.ts";
import { plantConfig } from "./pipeline/plant.ts";
import { Random } from "./pipeline/random.ts";
import { scaled, seed } from "./pipeline/scale.ts";
import { Tally } from "./pipeline/tally.ts";
import { World } from "./pipeline/world.ts";

const count = scaled({ full: 1000, short: 60 });
const PARALLEL = 60;
const PIECES = 4;
/** Longest silence of a sender between two pieces, milliseconds; less than what `stable` asks for. */
const SILENCE_MS = 700;
const STABLE_S = 2;

type Send = (directory: string, name: string, write: (path: string) => Promise<void>) => Promise<void>;

const PROTOCOLS: readonly { readonly complete: Completeness; readonly send: Send }[] = [
  { complete: { by: "close" }, send: (directory, name, write) => write(join(directory, name)) },
  { complete: { by: "rename" }, send: throughName(".building") },
  {
    complete: { by: "companion", suffix: ".done" },
    send: async (directory, name, write) => {
      await write(join(directory, name));
      writeFileSync(join(directory, `${name}.done`), "");
    },
  },
  { complete: { by: "temporary", suffix: ".part" }, send: throughName(".part") },
  { complete: { by: "stable", seconds: STABLE_S }, send: (directory, name, write) => write(join(directory, name)) },
];

function throughName(suffix: string): Send {
  return async (directory, name, write) => {
    await write(join(directory, name + suffix));
    renameSync(join(directory, name + suffix), join(directory, name));
  };
}

/** Opens and closes the file for each piece where the sign is not that it was closed. */
async function writeSlowly(path: string, content: Buffer, reopens: boolean, random: Random): Promise<void> {
  const size = Math.ceil(content.length / PIECES);
  let fd = openSync(path, "w");
  for (let at = 0; at < content.length; at += size) {
    writeSync(fd, content.subarray(at, at + size));
    if (reopens) {
      closeSync(fd);
      await sleep(random.below(SILENCE_MS));
      fd = openSync(path, "a");
    } else await sleep(random.below(SILENCE_MS));
  }
  closeSync(fd);
}

async function run({ complete, send }: (typeof PROTOCOLS)[number], tally: Tally): Promise<void> {
  await using world = new World(seed);
  const { flow } = world;
  const { watched } = plantConfig(flow);
  const mode = complete.by === "close" ? {} : { complete };
  const own = watched.map((one) => (one.directory === flow.incoming ? { ...one, ...mode } : one));
  await world.start({ workers: 0, config: { watched: own, forcedPollS: 1 } });
  const files = new Generator(flow, world.random, ["a", "b", "z"]);
  const sender = async (random: Random): Promise<void> => {
    while (files.samples.length < count) {
      const { sample, content } = files.make();
      files.accept(sample);
      const write = (path: string): Promise<void> => writeSlowly(path, content, complete.by !== "close", random);
      await send(flow.incoming, sample.name, write);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, (_, index) => sender(new Random(seed + index))));
  world.files.samples.push(...files.samples);
  tally.add(await world.settle(), `${complete.by}, CHAOS_SEED=${seed}`);
}

const tally = new Tally();
for (const protocol of PROTOCOLS) await run(protocol, tally);
const names = PROTOCOLS.map(({ complete }) => complete.by).join(", ");
console.log(`writers: ${tally.line(count * PROTOCOLS.length)}; ${count} slow senders each by ${names}`);
if (tally.isBad) process.exitCode = 1;
