/**
 * Puts files among others that crash their worker, hang it, or eat its memory: they are set aside, the others go on. What
 * those could lose are cores, since workers that die are begun again and zero 400 MB. The share is of who else is on the
 * machine as well: what it is measured against runs before and after, and the processor time of each is told.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../integration/flow-harness.ts";
import { type Appliance, general, makeAppliance } from "../support/appliance.ts";
import { processesOf } from "../support/processes.ts";
import { scaled } from "./pipeline/scale.ts";

const HURTS = ["crash", "hang", "memory"] as const;
const files = scaled({ full: 20_000, short: 1200 });
const poison = Math.ceil(files / 100);
/** A short run is mostly starts and ends. */
const SHARE_MIN = process.env["CHAOS"] === "full" ? 0.9 : 0.4;
const TRIES_MAX = 3;
const MEMORY_BYTES = 400 * 1024 * 1024;
const PATIENCE_MS = 1_200_000;
/** Looking is work, too. */
const LOOK_MS = 200;
const TICKS_A_SECOND = 100;

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
        with open(os.path.join(os.environ["MFDATA_CURRENT_PLUGIN_DIR"], "tries"), "a") as tries:
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
  /** Seconds of processor time until the others were done, of the daemon and of what the supervisor began and saw end. */
  readonly daemonS: number;
  readonly endedS: number;
}

interface Site {
  readonly appliance: Appliance;
  readonly home: string;
  readonly archive: string;
  readonly trash: string;
}

async function openSite(): Promise<Site> {
  const appliance = await makeAppliance();
  const home = join(appliance.home, "mfdata");
  const archive = join(home, "archive");
  const plugin = (
    name: string,
    command: string,
    more: string,
    rules: string,
    code: Record<string, string> = {},
  ): void => {
    const step = `[step_main]\n_cmd_and_args = ${command} {STANDARD_STEP_ARGUMENTS}\nnumprocesses = 1\n${more}`;
    const switched = `[switch_rules:fnmatch:first.core.original_basename]\n${rules}`;
    appliance.plugin("mfdata", name, { "config.ini": `${general}${step}${switched}`, ...code });
  };
  plugin("archive", `archive_step --dest-dir=${archive} --dest-basename={ORIGINAL_BASENAME}`, "", "");
  plugin("good", "node {plugin_dir}/good.cjs", "", "good* = main\n", { "good.cjs": GOOD });
  const limits = `rlimit_as = ${MEMORY_BYTES}\nmax_processing_time = 1\n`;
  plugin("bad", "python3 {plugin_dir}/bad.py", limits, "[!g]* = main\n", { "bad.py": BAD });
  await appliance.ok("mfdata.start");
  mkdirSync(join(home, "stage"));
  return { appliance, home, archive, trash: join(home, "var", "in", "trash", "bad.main") };
}

/** Processor time, in seconds: of itself, and of its children that ended. */
function timeOf(pid: number): { readonly own: number; readonly ended: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ")
    .map(Number);
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15);
  return { own: (user + system) / TICKS_A_SECOND, ended: (endedUser + endedSystem) / TICKS_A_SECOND };
}

/** Runs the good files, and so many poisoned ones, each kind through a step of its own. */
async function run({ home, archive }: Site, poisoned: number): Promise<Run> {
  const names = Array.from({ length: files }, (_, index) => `good${index}`);
  for (let index = 0; index < poisoned; index++) names.splice(index * 100, 0, `${HURTS[index % HURTS.length]}${index}`);
  for (const one of names) writeFileSync(join(home, "stage", one), one);
  const pidOf = (program: string): number =>
    processesOf(home).find(({ command }) => command.includes(program))?.pid ?? process.pid;
  const [daemon, supervisor] = [pidOf("main/flow.ts"), pidOf("main/supervisor.ts")];
  const times = () => ({ daemon: timeOf(daemon).own, ended: timeOf(supervisor).ended });
  const before = times();
  const began = performance.now();
  for (const one of names) renameSync(join(home, "stage", one), join(home, "var", "in", "incoming", one));
  const isDone = (): boolean =>
    existsSync(archive) && readdirSync(archive).filter((one) => /^good\d+$/.test(one)).length >= files;
  await until("the others are archived", isDone, PATIENCE_MS, LOOK_MS);
  const perSecond = (files * 1000) / (performance.now() - began);
  const after = times();
  rmSync(archive, { recursive: true });
  return { perSecond, daemonS: after.daemon - before.daemon, endedS: after.ended - before.ended };
}

const site = await openSite();
try {
  const before = await run(site, 0);
  const among = await run(site, poison);
  const aside = (): number => {
    if (!existsSync(site.trash)) return 0;
    return readdirSync(site.trash).filter((one) => HURTS.some((hurt) => one.startsWith(hurt))).length / 2;
  };
  await until("the poisoned are set aside", () => aside() >= poison, PATIENCE_MS, LOOK_MS).catch(() => undefined);
  const tries = readFileSync(join(site.home, "var", "plugins", "bad", "tries"), "utf8")
    .trimEnd()
    .split("\n");
  const most = Math.max(...Object.values(Object.groupBy(tries, (one) => one)).map((all = []) => all.length));
  const after = await run(site, 0);
  const without = (before.perSecond + after.perSecond) / 2;
  const share = among.perSecond / without;
  console.log(
    `poison: ${aside()} of ${poison} set aside after at most ${most} tries; ${files} others at ` +
      `${Math.round(among.perSecond)} files/s, ${Math.round(without)} without (${Math.round(before.perSecond)} before, ` +
      `${Math.round(after.perSecond)} after; ${(share * 100).toFixed(0)} %); processor time of the daemon ${before.daemonS.toFixed(1)}, ` +
      `${among.daemonS.toFixed(1)} and ${after.daemonS.toFixed(1)} s, of workers that died meanwhile ${among.endedS.toFixed(1)} s`,
  );
  if (aside() < poison || most > TRIES_MAX || share < SHARE_MIN) process.exitCode = 1;
} finally {
  await site.appliance[Symbol.asyncDispose]();
}
