import assert from "node:assert/strict";
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { archiveStep, Pipeline, rule, until } from "./flow-harness.ts";
import { notes, ownStep, python, type StepWorker } from "./steps-harness.ts";

const FILES = 1000;
const FILES_PER_TURN = 20;
/** Files that may be on their way while others come. */
const ON_THE_WAY = 100;
const NAME = "first.core.original_basename";

describe("changes while files stream in", () => {
  const flow = new Pipeline();
  const places = { one: join(flow.root, "one"), two: join(flow.root, "two") };
  const workers: StepWorker[] = [];
  const everywhere = (): string[] => [...flow.archived(), ...flow.archived(places.one), ...flow.archived(places.two)];
  const seen = (): ReadonlySet<number> => new Set(notes(flow).map(Number));
  const addWorker = (): void => {
    workers.push(
      python(
        flow,
        "own",
        "\ndef process(self, xaf):\n    note(os.getpid())\n    return self.move_to_plugin_step(xaf, 'archive', 'main')\n",
      ),
    );
  };
  /** `turn` decides what is different: where files without a step of their own go, and how many lanes there are. */
  const configure = (turn: number): void => {
    const [to, lanes] = [turn % 2 === 0 ? "one" : "two", 1 + (turn % 4)];
    const archives = Object.entries(places).map(([name, directory]) => archiveStep(directory, name));
    const steps = [...archives, archiveStep(flow.archive), ownStep("own")].map((step) => ({ ...step, lanes }));
    const rules = [rule("a*", to, NAME), rule("b*", "own", NAME), rule("c*", turn % 3 === 0 ? "one" : "own", NAME)];
    flow.configure(flow.config(steps, rules));
  };

  before(async () => {
    await flow.startRedis();
    configure(0);
    await flow.start();
    addWorker();
  });
  after(async () => {
    await Promise.all(workers.map((worker) => worker.stop("SIGKILL")));
    await flow.close();
  });

  test("rules, lanes and the number of workers change, and every file arrives once", async () => {
    const names = Array.from({ length: FILES }, (_, index) => `${"abc"[index % 3]}${index}`);
    let turns = 0;
    for (const [index, name] of names.entries()) {
      writeFileSync(join(flow.stage, name), name);
      renameSync(join(flow.stage, name), join(flow.incoming, name));
      if (index % FILES_PER_TURN < FILES_PER_TURN - 1) continue;
      // A change meets files on their way, and never waits for them.
      turns += 1;
      configure(turns);
      flow.signal("SIGHUP");
      // One that is stopped has had the time to work: the one that came after it works too.
      if (turns % 10 === 0) {
        addWorker();
        await until("it works", () => seen().has(workers.at(-1)?.pid ?? 0) || everywhere().length > index);
      } else if (turns % 10 === 5 && workers.length > 2) await workers.shift()?.stop();
      await until("the pipeline keeps up", () => everywhere().length > index - ON_THE_WAY);
    }
    await until("all have arrived", () => everywhere().length >= FILES, 60_000);
    await until("nothing is left inside", () => flow.inside().length === 0);
    assert.deepEqual(everywhere().sort(), names.sort());
  });
});
