/**
 * Puts files among others that crash their worker, hang it, or eat its memory: they are set aside, the others go on. What
 * those could lose are cores, since workers that die are begun again and zero 400 MB. The share is of who else is on the
 * machine as well: what it is measured against runs before and after, and the processor time of each is told.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
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
/** So many files before anything is measured: workers are connected, and code is compiled. */
const WARM_UP = 200;
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
  /** Until the others were done, seconds: all together, ... */
  readonly tookS: number;
  /** ... that the daemon's main thread ran, and waited for a core, ... */
  readonly ranS: number;
  readonly waitedS: number;
  /** ... and of processor time of what the supervisor began and saw end. */
  readonly endedS: number;
  /** How often a poisoned file was begun with meanwhile. */
  readonly tries: number;
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

/** Seconds: what its main thread ran and waited for a core, and the processor time of its children that ended. */
function timesOf(pid: number): { readonly ranS: number; readonly waitedS: number; readonly endedS: number } {
  const [ran = 0, waited = 0] = readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ").map(Number);
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ")
    .map(Number);
  const [user = 0, system = 0] = fields.slice(13, 15);
  return { ranS: ran / 1e9, waitedS: waited / 1e9, endedS: (user + system) / TICKS_A_SECOND };
}

function triesIn(home: string): readonly string[] {
  const path = join(home, "var", "plugins", "bad", "tries");
  return existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : [];
}

/** Runs so many good files, and so many poisoned ones among them, through a step of their own. */
async function run({ home, archive }: Site, poisoned: number, good = files): Promise<Run> {
  const names = Array.from({ length: good }, (_, index) => `good${index}`);
  for (let index = 0; index < poisoned; index++) names.splice(index * 100, 0, `${HURTS[index % HURTS.length]}${index}`);
  for (const one of names) writeFileSync(join(home, "stage", one), one);
  const pidOf = (program: string): number =>
    processesOf(home).find(({ command }) => command.includes(program))?.pid ?? process.pid;
  const [daemon, supervisor] = [pidOf("main/flow.ts"), pidOf("main/supervisor.ts")];
  const before = { ...timesOf(daemon), endedS: timesOf(supervisor).endedS, tries: triesIn(home).length };
  const began = performance.now();
  for (const one of names) renameSync(join(home, "stage", one), join(home, "var", "in", "incoming", one));
  const isDone = (): boolean =>
    existsSync(archive) && readdirSync(archive).filter((one) => /^good\d+$/.test(one)).length >= good;
  await until("the others are archived", isDone, PATIENCE_MS, LOOK_MS);
  const tookS = (performance.now() - began) / 1000;
  const after = timesOf(daemon);
  const endedS = timesOf(supervisor).endedS - before.endedS;
  const tries = triesIn(home).length - before.tries;
  await until("their tags are archived", () => readdirSync(archive).length >= 2 * good, PATIENCE_MS, LOOK_MS);
  // Not removed: for minutes after that, a file system like ext4 takes twice the time for every file.
  renameSync(archive, `${archive}-${began}`);
  return { tookS, ranS: after.ranS - before.ranS, waitedS: after.waitedS - before.waitedS, endedS, tries };
}

const site = await openSite();
try {
  await run(site, 0, WARM_UP);
  const before = await run(site, 0);
  const among = await run(site, poison);
  const aside = (): number => {
    if (!existsSync(site.trash)) return 0;
    return readdirSync(site.trash).filter((one) => HURTS.some((hurt) => one.startsWith(hurt))).length / 2;
  };
  await until("the poisoned are set aside", () => aside() >= poison, PATIENCE_MS, LOOK_MS).catch(() => undefined);
  const tried = Object.groupBy(triesIn(site.home), (one) => one);
  const mostOf = (hurt: string): number => {
    return Math.max(...Object.entries(tried).map(([name, all = []]) => (name.startsWith(hurt) ? all.length : 0)));
  };
  const most = Math.max(...HURTS.map(mostOf));
  const after = await run(site, 0);
  const perSecond = ({ tookS }: Run): number => files / tookS;
  const without = (perSecond(before) + perSecond(after)) / 2;
  const share = perSecond(among) / without;
  const told = ({ tookS, ranS, waitedS }: Run): string =>
    `${tookS.toFixed(1)} s (ran ${ranS.toFixed(1)}, waited for a core ${waitedS.toFixed(1)})`;
  console.log(
    `poison: ${aside()} of ${poison} set aside after at most ${HURTS.map((hurt) => `${mostOf(hurt)} (${hurt})`).join(", ")} tries; ${files} others at ` +
      `${Math.round(perSecond(among))} files/s, ${Math.round(without)} without (${(share * 100).toFixed(0)} %); the daemon took ` +
      `${told(among)}, ${told(before)} before, ${told(after)} after; workers that died ran ${among.endedS.toFixed(1)} s in ${among.tries} tries, ` +
      `${((100 * among.endedS) / among.tookS / cpus().length).toFixed(0)} % of ${cpus().length} processors`,
  );
  if (aside() < poison || most > TRIES_MAX || share < SHARE_MIN) process.exitCode = 1;
} finally {
  await site.appliance[Symbol.asyncDispose]();
}
