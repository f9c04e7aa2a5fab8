/** Kills the whole appliance at once among files, again and again; then its supervisor, the pipeline's daemon and its commands. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { root } from "../support/appliance.ts";
import type { Sample } from "./pipeline/generator.ts";
import { endDirectory, ROUTES } from "./pipeline/plant.ts";
import { scaled, seed } from "./pipeline/scale.ts";
import { openSite, type Site } from "./pipeline/site.ts";
import { Tally } from "./pipeline/tally.ts";

const rounds = scaled({ full: 200, short: 2 });
const kills = scaled({ full: 500, short: 6 });
const FILES = 500;
const FILES_PER_KILL = 40;
/** Rounds after which an appliance begins anew: its directories would slow the oracle down. */
const LIFE = 10;

async function feed(site: Site, count: number): Promise<void> {
  for (let file = 0; file < count; file++) {
    site.files.drop();
    if (file % 10 === 9) await sleep(5);
  }
}

/** The whole appliance, killed among files and started again. */
async function killWhole(tally: Tally): Promise<number> {
  let files = 0;
  for (let round = 0; round < rounds; round += LIFE) {
    await using site = await openSite(seed + round);
    for (let one = round; one < Math.min(rounds, round + LIFE); one++) {
      const feeding = feed(site, FILES);
      await sleep(site.random.below(800));
      await site.killAll();
      await feeding;
      await site.appliance.ok("mfdata.start");
    }
    const verdict = await site.settle();
    tally.add(verdict, `whole, CHAOS_SEED=${seed + round}`);
    files += site.files.samples.length;
  }
  return files;
}

/** Starts a command that brings a file in, kills it; gives the file, which is either in, whole, or not. */
async function killCommand(site: Site): Promise<Sample> {
  const { sample, content } = site.files.make();
  const path = join(site.stage, sample.name);
  writeFileSync(path, content);
  const child = spawn(join(root, "bin", "inject_file"), ["--incoming", path], {
    cwd: site.appliance.home,
    env: {
      ...process.env,
      METWORK_RUNTIME_ROOT: site.appliance.home,
      METWORK_ETC: join(site.appliance.home, "etc"),
      METWORK_ALLOW_USAGE_BY_ROOT: "1",
      MFMODULE: "MFDATA",
    },
    stdio: "ignore",
    detached: true,
  });
  const ended = once(child, "exit");
  await sleep(site.random.below(1000));
  if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  await ended;
  return sample;
}

async function killParts(tally: Tally): Promise<{ readonly files: number; readonly done: Record<string, number> }> {
  const done = { supervisor: 0, daemon: 0, command: 0 };
  await using site = await openSite(seed + 1);
  const maybe: Sample[] = [];
  for (let kill = 0; kill < kills; kill++) {
    const feeding = feed(site, FILES_PER_KILL);
    const which = (["supervisor", "daemon", "command"] as const)[kill % 3] ?? "daemon";
    await sleep(site.random.below(200));
    if (which === "command") maybe.push(await killCommand(site));
    else site.kill(which === "daemon" ? "main/flow.ts" : "main/supervisor.ts");
    await feeding;
    if (which === "supervisor") await site.appliance.ok("mfdata.start");
    done[which] += 1;
  }
  await site.settle();
  // What a killed command had brought in counts like any other file; the rest must not be there at all.
  for (const one of maybe) {
    const [end] = Object.keys(ROUTES[one.kind]) as ["archive"];
    if (existsSync(join(endDirectory(site, end), one.name))) site.files.accept(one);
  }
  tally.add(await site.settle(), `parts, CHAOS_SEED=${seed}`);
  return { files: site.files.samples.length, done };
}

const tally = new Tally();
const whole = await killWhole(tally);
const { files, done } = await killParts(tally);
console.log(
  `appliance: ${tally.line(whole + files)}; all of it killed at once ${rounds} times, ` +
    `${Object.entries(done)
      .map(([what, count]) => `its ${what} ${count} times`)
      .join(", ")}`,
);
if (tally.isBad) process.exitCode = 1;
