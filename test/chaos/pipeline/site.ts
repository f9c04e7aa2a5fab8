import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../../integration/flow-harness.ts";
import { type Appliance, general, makeAppliance } from "../../support/appliance.ts";
import { processesOf } from "../../support/processes.ts";
import { Generator } from "./generator.ts";
import { countFinals, expectedFinals, judge, type Verdict } from "./oracle.ts";
import { ownProgram, type Places } from "./plant.ts";
import { Random } from "./random.ts";

const STUCK_MS = 60_000;
const PATIENCE_MS = 600_000;
const LOOK_MS = 100;
const SITE = `[internal_plugins]
switch_no_match_policy = keep
switch_no_match_keep_original_basename = 1
`;

/** An appliance whose mfdata has the plant's plugins; files go through it while any of its processes is killed. */
export interface Site extends AsyncDisposable, Places {
  readonly appliance: Appliance;
  readonly files: Generator;
  readonly random: Random;
  /** Kills the processes whose command contains the text; returns how many there were. */
  kill(command: string): number;
  /** Kills everything of the appliance, until nothing is left. */
  killAll(): Promise<void>;
  /** Waits for the files, then looks at them. */
  settle(): Promise<Verdict>;
}

export async function openSite(seed: number): Promise<Site> {
  const appliance = await makeAppliance({ mfdata: SITE });
  const home = join(appliance.home, "mfdata");
  const dataIn = join(home, "var", "in");
  const places: Places = {
    root: home,
    stage: join(home, "stage"),
    incoming: join(dataIn, "incoming"),
    archive: join(home, "archive"),
    dataIn,
    inside: () =>
      readdirSync(dataIn, { recursive: true, withFileTypes: true })
        .filter(
          (entry) =>
            entry.isFile() &&
            !entry.name.startsWith(".metwork.") &&
            /\/incoming$|\/step\.|\/tmp\/\w+\.main$/.test(entry.parentPath),
        )
        .map((entry) => join(entry.parentPath, entry.name)),
  };
  mkdirSync(places.stage, { recursive: true });
  for (const [name, directory, rules] of [
    ["archive", places.archive, "a* = main\nb* = main*\n"],
    ["copies", join(home, "copies"), "b* = main*\n"],
  ] as const) {
    const command = `archive_step --dest-dir=${directory} --dest-basename={ORIGINAL_BASENAME} --keep-tags-suffix=.tags {STANDARD_STEP_ARGUMENTS}`;
    appliance.plugin("mfdata", name, { "config.ini": configOf(command, "", rules) });
  }
  for (const [name, retry, rules] of [
    ["own", "", "f* = main\no* = main\n"],
    ["again", "retry_total = 3\nretry_min_wait = 0\nretry_max_wait = 0\n", "r* = main\n"],
  ] as const) {
    const command = "node {plugin_dir}/own.cjs {STANDARD_STEP_ARGUMENTS}";
    ownProgram(places, appliance.plugin("mfdata", name, { "config.ini": configOf(command, retry, rules) }));
  }
  await appliance.ok("mfdata.start");
  // The first daemon of an appliance makes its directories after it was started, on a busy machine seconds after.
  await until("the pipeline takes files", () => existsSync(places.incoming));
  const random = new Random(seed);
  const files = new Generator(places, random);
  const kill = (command: string): number => {
    const found = processesOf(home).filter((one) => one.command.includes(command));
    for (const { pid } of found) killOne(pid);
    return found.length;
  };
  const missing = (): number => expectedFinals(files.samples) - countFinals(places);
  return {
    ...places,
    appliance,
    files,
    random,
    kill,
    killAll: async () => {
      for (let left = processesOf(appliance.home); left.length > 0; left = processesOf(appliance.home)) {
        for (const { pid } of left) killOne(pid);
        await sleep(5);
      }
    },
    settle: async () => {
      // However slow the machine is: as long as there is progress.
      let [left, since] = [missing(), performance.now()];
      const isOver = (): boolean => {
        const now = missing();
        if (now !== left) [left, since] = [now, performance.now()];
        return (now <= 0 && places.inside().length === 0) || performance.now() - since > STUCK_MS;
      };
      await until("all are at their ends", isOver, PATIENCE_MS, LOOK_MS).catch(() => undefined);
      return judge(places, files.samples);
    },
    [Symbol.asyncDispose]: () => appliance[Symbol.asyncDispose](),
  };
}

function configOf(command: string, more: string, rules: string): string {
  return `${general}[step_main]\n_cmd_and_args = ${command}\nnumprocesses = 1\n${more}\n[switch_rules:fnmatch:first.core.original_basename]\n${rules}`;
}

function killOne(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}
