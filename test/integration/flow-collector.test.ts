import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Lifetimes } from "../../src/core/flow/collect.ts";
import { JumpingClock } from "../chaos/pipeline/jumping-clock.ts";
import { archiveStep, Pipeline, rule, step, until } from "./flow-harness.ts";
import { ownStep, python, type StepWorker } from "./steps-harness.ts";

/** What a sender that keeps the dates of its files delivers. */
const YEARS_AGO_S = 1_000_000_000;
const HOUR_MS = 3_600_000;
const canCompile = spawnSync("cc", ["--version"]).status === 0;

describe("the garbage collector", () => {
  let flow: Pipeline;
  const workers: StepWorker[] = [];
  const put = (path: string, name: string, old = true): string => {
    mkdirSync(join(flow.dataIn, path), { recursive: true });
    const file = join(flow.dataIn, path, name);
    writeFileSync(file, name);
    if (old) utimesSync(file, YEARS_AGO_S, YEARS_AGO_S);
    return file;
  };
  const start = (lifetimes: Partial<Lifetimes>, env: Readonly<Record<string, string>> = {}): Promise<void> => {
    const steps = [ownStep("slow"), step("never", { do: "delete" }, { lanes: 0 }), archiveStep(flow.archive)];
    const all = { trashS: 0, tmpS: 0, unfinishedS: 0, emptyS: 0, everyS: 0.1, ...lifetimes };
    flow.configure(flow.config(steps, [rule("slow*", "slow", "first.core.original_basename")], { lifetimes: all }));
    return flow.start(env);
  };
  beforeEach(() => {
    flow = new Pipeline();
  });
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.stop("SIGKILL")));
    await flow.close();
  });

  test("a file in work for longer than the lifetime, old by its date, is left alone, and so is its worker's scratch", async () => {
    await start({ tmpS: 0.5 });
    workers.push(
      python(
        flow,
        "slow",
        `
def process(self, xaf):
    scratch = self.get_tmp_filepath()
    open(scratch, "w").write("scratch")
    os.utime(scratch, (${YEARS_AGO_S}, ${YEARS_AGO_S}))
    note("begun")
    while not os.path.exists(os.path.join(OUT, "go")):
        time.sleep(0.02)
    note("there" if os.path.exists(xaf.filepath) and os.path.exists(scratch) else "gone")
    os.remove(scratch)
    return self.move_to_plugin_step(xaf, "archive", "main")
`,
      ),
    );
    renameSync(put("stage", "slow.dat"), join(flow.incoming, "slow.dat"));
    await until("it is in work", () => existsSync(join(flow.root, "notes")));
    // A scratch file that no job knows shows when the collector has been here.
    const leftover = put("tmp/uncompress_decorator.gzip", "left");
    await until("the leftover is collected", () => !existsSync(leftover));
    const second = put("tmp/uncompress_decorator.gzip", "left");
    await until("and another, much later", () => !existsSync(second));
    writeFileSync(join(flow.root, "go"), "");
    await until("it is archived", () => flow.archived().includes("slow.dat"));
    assert.equal(readFileSync(join(flow.root, "notes"), "utf8"), "begun\nthere\n");
  });

  test("trash goes by the time it is there, and each deletion is logged", async () => {
    // Long enough for it to be seen there.
    await start({ trashS: 3 });
    flow.drop("unwanted.dat", "x");
    const kept = join(flow.dataIn, "trash", "switch.nomatch", "unwanted.dat");
    await until("no rule wants it", () => existsSync(kept));
    assert.ok(existsSync(`${kept}.tags`));
    await until("it is deleted", () => !existsSync(kept) && !existsSync(`${kept}.tags`));
    await until("the log says so", () => flow.log.includes("unwanted.dat.tags: it was there"));
    assert.match(
      flow.log,
      /\[INFO\] \(mfdata\.garbage_collector#\d+\) deleted \S+unwanted\.dat: it was there for \d+ s/,
    );
    assert.ok(existsSync(join(flow.dataIn, "trash", "switch.nomatch")));
  });

  test("directories of steps that are no more go when they are empty; others, and files in them, stay", async () => {
    const room = (path: string): string => join(flow.dataIn, path);
    const left = ["step.gone.main", "step.gone.main_reinject", "tmp/gone.main", "tmp/gone.main.work"].map(room);
    for (const path of [...left, room("step.never.main")]) mkdirSync(path, { recursive: true });
    const waits = put("step.former.main", "x");
    await start({ emptyS: 0.3 });
    await until("they are gone", () => left.every((path) => !existsSync(path)));
    assert.ok(existsSync(waits));
    assert.ok(existsSync(room("step.never.main")));
    mkdirSync(room("step.gone.main"));
    await until("one that is made again goes again", () => !existsSync(room("step.gone.main")));
  });

  test("files that wait are never deleted; what senders left unfinished is", async () => {
    await start({ tmpS: 0.3, unfinishedS: 0.3, trashS: 0.3 });
    const waiting = [
      put("step.never.main", "waits"),
      put("tmp/gone.main", "mw0123456789-a"),
      put("step.gone.main", "x"),
    ];
    const tags = put("step.never.main", ".metwork.tags.waits");
    const spool = put("tmp/nginx/0/1", "0000000001");
    const abandoned = [put("incoming", "half.t"), put("step.never.main", ".metwork.tags.nobody"), spool];
    await until("all of that is collected", () => abandoned.every((file) => !existsSync(file)));
    for (const file of [...waiting, tags]) assert.ok(existsSync(file), file);
    assert.deepEqual(readdirSync(join(flow.dataIn, "tmp", "nginx", "0")), ["1"]);
  });

  test("a clock set back and ahead again between two looks makes nothing old", { skip: !canCompile }, async () => {
    using clock = new JumpingClock();
    const state = join(flow.root, "collector.json");
    const look = (): { lastMs: number; gaps: { fromMs: number; toMs: number }[] } =>
      existsSync(state) ? JSON.parse(readFileSync(state, "utf8")) : { lastMs: 0, gaps: [] };
    await start({ tmpS: 1800, everyS: 5 }, clock.env);
    await until("it has looked", () => look().lastMs > 0);
    const { lastMs } = look();
    clock.jump(-HOUR_MS);
    const scratch = put("tmp/uncompress_decorator.gzip", "young", false);
    // So long the clock is wrong: longer than it takes to notice, and less than to the next look.
    await sleep(2500);
    assert.equal(look().lastMs, lastMs, "nobody has looked meanwhile");
    clock.jump(HOUR_MS);
    await until("it has looked again", () => look().lastMs > lastMs);
    assert.ok(existsSync(scratch), "it is some seconds old");
    assert.ok(look().gaps.some(({ fromMs, toMs }) => Math.abs(toMs - fromMs - HOUR_MS) < 60_000));
  });

  test("time during which nothing ran makes nothing old", async () => {
    await start({ trashS: 3600 });
    const state = join(flow.root, "collector.json");
    await until("it has looked", () => existsSync(state));
    await flow.stop();
    const file = put("trash/switch.nomatch", "x");
    const seen = JSON.parse(readFileSync(state, "utf8"));
    // As if the clock had been two days behind: the daemon wakes up in a later time.
    writeFileSync(state, JSON.stringify({ lastMs: seen.lastMs - 2 * 86_400_000, gaps: [] }));
    await start({ trashS: 1 });
    await until("it has looked again", () => JSON.parse(readFileSync(state, "utf8")).gaps.length === 1);
    assert.ok(existsSync(file));
    await until("its second is over", () => !existsSync(file));
  });
});
