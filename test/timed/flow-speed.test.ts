import assert from "node:assert/strict";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setXattr } from "../../src/kit/linux/xattr.ts";
import { archiveStep, Pipeline, png, rule, until } from "../integration/flow-harness.ts";

/**
 * What the whole chain must reach of a loop that only does the same to the disk: a quiet machine says 0.25 of a chain just
 * started, and a tenth is missed where it waits for something. A rate would say as much of the disk's hour as of the chain.
 */
const REQUIRED = 0.1;
const COUNT = 2000;

test("the whole chain, tags and .tags and Redis included, keeps up with a tenth of what the disk does", async () => {
  const flow = new Pipeline();
  try {
    await flow.startRedis();
    flow.configure(flow.config([archiveStep(flow.archive)], [rule("PNG image*", "archive")]));
    await flow.start();
    await chain(flow, 0, 500);
    const ratios: number[] = [];
    for (let round = 0; round < 3; round++) {
      const first = 500 + round * COUNT;
      ratios.push((await chain(flow, first, COUNT)) / names(flow, first));
    }
    assert.equal(flow.archived().length, 500 + 3 * COUNT);
    assert.ok(Math.max(...ratios) >= REQUIRED, `of what the disk does: ${ratios.map((one) => one.toFixed(2))}`);
  } finally {
    await flow.close();
  }
});

function stage(flow: Pipeline, first: number, count: number): readonly string[] {
  const names = Array.from({ length: count }, (_, index) => `${first + index}.png`);
  for (const [index, name] of names.entries()) writeFileSync(join(flow.stage, name), png(index % 50));
  return names;
}

/** Files a second from the first rename to the last file at its end. */
async function chain(flow: Pipeline, first: number, count: number): Promise<number> {
  const staged = stage(flow, first, count);
  const begun = performance.now();
  for (const name of staged) renameSync(join(flow.stage, name), join(flow.incoming, name));
  await until("all are archived", () => flow.archived().length === first + count);
  return (count / (performance.now() - begun)) * 1000;
}

/** The same for a loop that does nothing but what happens to each file on the disk. */
function names(flow: Pipeline, first: number): number {
  const [claims, out] = [join(flow.root, "claims"), join(flow.root, "out")];
  for (const directory of [claims, out]) mkdirSync(directory, { recursive: true });
  const staged = stage(flow, first, COUNT);
  const begun = performance.now();
  for (const name of staged) {
    renameSync(join(flow.stage, name), join(claims, name));
    setXattr(join(claims, name), "user.speed", "x".repeat(500));
    writeFileSync(join(out, `${name}.tags`), "x".repeat(500));
    renameSync(join(claims, name), join(out, name));
  }
  return (COUNT / (performance.now() - begun)) * 1000;
}
