import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Generator } from "../chaos/pipeline/generator.ts";
import { killInFlight } from "../chaos/pipeline/kills.ts";
import { World } from "../chaos/pipeline/world.ts";
import { archiveStep, Pipeline, rule, until } from "./flow-harness.ts";
import { notes, ownStep, StepWorker } from "./steps-harness.ts";

test("the daemon and the workers of its steps, killed among files: each file is at its ends once, as it was", async () => {
  const { verdict, daemons, workers } = await killInFlight(7, 300, 8);
  assert.deepEqual(verdict.problems, []);
  assert.ok(daemons > 0 && workers > 0);
  assert.ok(verdict.again <= 2 * (daemons + workers), `${verdict.again} executed again`);
});

describe("a file that goes from its worker to the archive in memory", { concurrency: 2 }, () => {
  for (const point of ["returned", "pair-half", "placed"] as const) {
    test(`the daemon dies at "${point}": it is archived once, as it was, after at most one more execution`, async () => {
      await using world = new World(11);
      world.env = { METWORK_KILL_AT: point };
      await world.start({ workers: 1, redis: false });
      world.env = {};
      const files = new Generator(world.flow, world.random, ["o"]);
      files.drop();
      world.files.samples.push(...files.samples);
      await until("the daemon dies", () => world.deaths > 0);
      const verdict = await world.settle(30_000);
      assert.deepEqual(verdict.problems, []);
      assert.equal(world.deaths, 1);
      assert.ok(verdict.again <= 1, `${verdict.again} executed again`);
    });
  }
});

test("a death of the daemon repeats what was in the hands of workers, one file each, and nothing else", async () => {
  const WORKERS = 4;
  const flow = new Pipeline();
  const workers: StepWorker[] = [];
  try {
    flow.configure(flow.config([ownStep("own"), archiveStep(flow.archive)], [rule("*", "own")]));
    await flow.start();
    const script = join(flow.root, "own.cjs");
    writeFileSync(
      script,
      `const { appendFileSync, existsSync } = require("node:fs");
require("metwork-step").run(async ({ tags, emit }) => {
  appendFileSync(process.env.OUT + "/notes", tags["first.core.original_basename"] + "\\n");
  while (!existsSync(process.env.OUT + "/go")) await new Promise((resolve) => setTimeout(resolve, 10));
  emit("archive/main");
});
`,
    );
    for (let worker = 0; worker < WORKERS; worker++)
      workers.push(new StepWorker(flow, "own", [process.execPath, script]));
    for (let file = 0; file < 2 * WORKERS; file++) flow.drop(`file${file}`, "x");
    await until("each has one in its hands", () => notes(flow).length === WORKERS);
    await flow.stop("SIGKILL");
    writeFileSync(join(flow.root, "go"), "");
    await flow.start();
    await until("all are archived", () => flow.archived().length === 2 * WORKERS && flow.inside().length === 0);
    const times = Object.values(Object.groupBy(notes(flow), (name) => name)).map((all = []) => all.length);
    assert.equal(times.length, 2 * WORKERS);
    assert.ok(Math.max(...times) <= 2);
    assert.equal(times.filter((count) => count === 2).length, WORKERS);
  } finally {
    await Promise.all(workers.map((worker) => worker.stop("SIGKILL")));
    await flow.close();
  }
});
