import { createHash } from "node:crypto";
import { appendFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Kind, type Places, ROUTES } from "./plant.ts";
import type { Random } from "./random.ts";

/** A file that was given to the pipeline. */
export interface Sample {
  readonly name: string;
  readonly kind: Kind;
  readonly sha256: string;
}

const KINDS = Object.keys(ROUTES) as [Kind, ...Kind[]];
const SIZE_MAX = 2048;

/** Makes files, writes down what they are in `manifest.ndjson`, and moves them into the pipeline. */
export class Generator {
  readonly samples: Sample[] = [];
  readonly #flow: Places;
  readonly #random: Random;
  #made = 0;
  readonly #kinds: readonly [Kind, ...Kind[]];

  constructor(flow: Places, random: Random, kinds: readonly [Kind, ...Kind[]] = KINDS) {
    this.#flow = flow;
    this.#random = random;
    this.#kinds = kinds;
  }

  /** Moves one file in, whole. */
  drop(): void {
    const { sample, content } = this.make();
    const staged = join(this.#flow.stage, "file");
    writeFileSync(staged, content);
    this.accept(sample);
    renameSync(staged, join(this.#flow.incoming, sample.name));
  }

  /** Makes one that is moved in, whole, when the answer is called. */
  stage(): () => void {
    const { sample, content } = this.make();
    const staged = join(this.#flow.stage, sample.name);
    writeFileSync(staged, content);
    this.accept(sample);
    return () => renameSync(staged, join(this.#flow.incoming, sample.name));
  }

  /** A file for somebody else to bring in. */
  make(): { readonly sample: Sample; readonly content: Buffer } {
    const index = this.#made++;
    const kind = this.#random.pick(this.#kinds);
    const odd = this.#random.below(8);
    const extra = odd === 0 ? " é\u202f💧" : odd === 1 ? "x".repeat(180) : "";
    const filler = Buffer.alloc(this.#random.below(SIZE_MAX), `${this.#random.below(2 ** 30)} `);
    const content = Buffer.concat([Buffer.from(`${index}\n`), filler]);
    const sha256 = createHash("sha256").update(content).digest("hex");
    return { sample: { name: `${kind}${index}${extra}.dat`, kind, sha256 }, content };
  }

  /** From now on the pipeline answers for it. */
  accept(sample: Sample): void {
    this.samples.push(sample);
    appendFileSync(join(this.#flow.root, "manifest.ndjson"), `${JSON.stringify(sample)}\n`);
  }

  /** Drops files until there are `count`, as fast as `room` says how many more may come. */
  async feed(count: number, room: () => number): Promise<void> {
    while (this.samples.length < count) {
      const more = Math.min(count - this.samples.length, Math.max(0, room()), 50);
      for (let one = 0; one < more; one++) this.drop();
      await sleep(more === 0 ? 30 : 1);
    }
  }
}
