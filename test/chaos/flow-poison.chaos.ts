/**
 * Puts files among others that crash their worker, hang it, or eat its memory: they are set aside, the others go on. What
 * those lose are cores, not turns. By the kernel's schedstat (1,200 files among 12, two cores, means of four pairs) the
 * daemon needs 1.73 s when alone and 2.22 s among poison: it runs for 1.27 and 1.31 s, is idle for 0.09 and 0.13 s, and waits
 * for a core for 0.37 and 0.78 s, since workers that die are begun again and zero 400 MB. The share is thus the machine's
 * and of who else is on it: what it is measured against runs before and after.
 */
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { archiveStep, Pipeline, rule, until } from "../integration/flow-harness.ts";
import { ownStep, StepWorker } from "../integration/steps-harness.ts";
import { scaled } from "./pipeline/scale.ts";

const HURTS = ["crash", "hang", "memory"] as const;
const files = scaled({ full: 20_000, short: 600 });
const poison = Math.ceil(files / 100);
/** A short run is mostly starts and ends. */
const SHARE_MIN = process.env["CHAOS"] === "full" ? 0.9 : 0.4;
const TRIES_MAX = 3;
const MEMORY_BYTES = 400 * 1024 * 1024;
/** The supervisor lets who crashes at once wait longer, up to ten seconds. */
const PAUSE_MS = 1000;

const GOOD = `require("metwork-step").run((file) => {
  for (const end = performance.now() + 0.2; performance.now() < end; );
  file.emit("archive/main");
});
`;
const BAD = `import os, signal, time
from acquisition import AcquisitionStep

class Step(AcquisitionStep):
    def process(self, xaf):
        name = self.get_original_basename(xaf)
        with open(os.path.join(os.environ["OUT"], "tries"), "a") as tries:
            tries.write(name + "\\n")
        if name.startswith("crash"):
            os.kill(os.getpid(), signal.SIGKILL)
        if name.startswith("hang"):
            time.sleep(3600)
        kept = []
        while True:
            kept.append(bytearray(10_000_000))

Step().run()
`;

interface Run {
  readonly perSecond: number;
  readonly aside: number;
  readonly tries: number;
}

/** Runs the good files, and as many poisoned ones, each kind through a step of its own. */
async function run(poisoned: number): Promise<Run> {
  const flow = new Pipeline();
  const workers: StepWorker[] = [];
  try {
    await flow.startRedis();
    const name = "first.core.original_basename";
    const steps = [ownStep("good"), ownStep("bad", { maxProcessingS: 1 }), archiveStep(flow.archive)];
    const rules = [rule("good*", "good", name), rule("[!g]*", "bad", name)];
    flow.configure(flow.config(steps, rules));
    await flow.start();
    writeFileSync(join(flow.root, "good.cjs"), GOOD);
    writeFileSync(join(flow.root, "bad.py"), BAD);
    workers.push(new StepWorker(flow, "good", [process.execPath, join(flow.root, "good.cjs")]));
    const limited = ["prlimit", `--as=${MEMORY_BYTES}`, "python3", join(flow.root, "bad.py"), "step.bad.main"] as const;
    if (poisoned > 0) {
      const bad = new StepWorker(flow, "bad", limited);
      bad.pauseMs = PAUSE_MS;
      workers.push(bad);
    }
    const names = Array.from({ length: files }, (_, index) => `good${index}`);
    for (let index = 0; index < poisoned; index++)
      names.splice(index * 100, 0, `${HURTS[index % HURTS.length]}${index}`);
    for (const one of names) writeFileSync(join(flow.stage, one), one);
    const began = performance.now();
    for (const one of names) renameSync(join(flow.stage, one), join(flow.incoming, one));
    await until("the others are archived", () => flow.archived().length >= files, 600_000);
    const perSecond = (files * 1000) / (performance.now() - began);
    const trash = join(flow.dataIn, "trash", "bad.main");
    const aside = (): number =>
      existsSync(trash) ? readdirSync(trash).filter((one) => HURTS.some((hurt) => one.startsWith(hurt))).length / 2 : 0;
    await until("the poisoned are set aside", () => aside() >= poisoned, 600_000);
    const tries = poisoned === 0 ? [] : readFileSync(join(flow.root, "tries"), "utf8").trimEnd().split("\n");
    const most = Object.values(Object.groupBy(tries, (one) => one)).map((all = []) => all.length);
    return { perSecond, aside: aside(), tries: Math.max(0, ...most) };
  } finally {
    await Promise.all(workers.map((worker) => worker.stop("SIGKILL")));
    await flow.close();
  }
}

const before = await run(0);
const among = await run(poison);
const after = await run(0);
const without = (before.perSecond + after.perSecond) / 2;
const share = among.perSecond / without;
console.log(
  `poison: ${among.aside} of ${poison} set aside after at most ${among.tries} tries; ${files} others at ` +
    `${Math.round(among.perSecond)} files/s, ${Math.round(without)} without (${Math.round(before.perSecond)} before, ${Math.round(after.perSecond)} after; ${(share * 100).toFixed(0)} %)`,
);
if (among.aside < poison || among.tries > TRIES_MAX || share < SHARE_MIN) process.exitCode = 1;
