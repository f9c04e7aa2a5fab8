import type { Rig } from "./rig.ts";

/** One round of one rig. */
export interface Round {
  readonly filesPerS: number;
  readonly cpuUsPerFile: number;
}

/** Rounds by the name of the rig. */
export type Rounds = ReadonlyMap<string, readonly Round[]>;

/** Rounds before those that count: until V8 has compiled what runs, the first of a daemon are a tenth to a half slower. */
const WARM_UP = 3;

/** Gives each rig `count` files in turn, `rounds` times, so that noise hits all alike. */
export async function interleave(rigs: readonly Rig[], rounds: number, count: number): Promise<Rounds> {
  const all = new Map<string, Round[]>(rigs.map(({ name }) => [name, []]));
  for (let round = -WARM_UP; round < rounds; round++) {
    for (const rig of rigs) {
      const done = await once(rig, count);
      if (round >= 0) all.get(rig.name)?.push(done);
    }
  }
  return all;
}

export async function once(rig: Rig, count: number): Promise<Round> {
  rig.source.stage(count);
  const before = rig.cpuUs();
  const { seconds } = await rig.source.run(rig.drop, rig.out);
  return { filesPerS: count / seconds, cpuUsPerFile: (rig.cpuUs() - before) / count };
}

/** The median of what the rounds of one rig are to those of the same time of another. */
export function ratio(rounds: Rounds, name: string, to: string): number {
  const others = rounds.get(to) ?? [];
  return median((rounds.get(name) ?? []).map(({ filesPerS }, index) => filesPerS / (others[index]?.filesPerS ?? 0)));
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
