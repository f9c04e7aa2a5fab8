/** Cuts the power of a durable pipeline among files: what was accepted or told as done is there afterwards, with its tags. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { archiveStep, Pipeline, png, rule, until } from "../integration/flow-harness.ts";
import { PowerDisk, sync } from "./pipeline/power.ts";
import { scaled } from "./pipeline/scale.ts";

const ENDED = /\(mfdata\.archive\.main#\d+\) End of the (?<name>\S+) processing/g;
/** Files given between two syncs of the entrance: only then are they accepted. */
const GROUP = 20;
const cuts = scaled({ full: 100, short: 3 });
const disk = PowerDisk.make();
if (disk === undefined) console.log("flow power: skipped: no right to mount a file system");
else {
  const flow = new Pipeline(disk.directory);
  const accepted: string[] = [];
  const lost: string[] = [];
  const told = new Set<string>();
  try {
    const archive = { ...archiveStep(flow.archive), durable: true };
    flow.configure(flow.config([archive], [rule("PNG image*", "archive")]));
    mkdirSync(flow.incoming, { recursive: true });
    for (const path of [flow.configPath, flow.root, flow.dataIn]) sync(path);
    for (let number = 0; number < cuts; number++) {
      await flow.startRedis();
      await flow.start();
      const begun = flow.log.length;
      await give(number);
      await flow.stop("SIGKILL");
      // Its socket cannot be removed from a disk without power.
      await flow.killRedis().catch(() => undefined);
      disk.restore();
      const ended = [...flow.log.slice(begun).matchAll(ENDED)].map((match) => match.groups?.["name"] ?? "");
      for (const name of ended) told.add(name);
      // Those of before are looked at once more at the end.
      for (const name of ended) if (!isWhole(name)) lost.push(`${name}, told as done`);
    }
    await flow.startRedis();
    await flow.start();
    await until("nothing is in work", () => flow.inside().length === 0, 120_000);
    for (const name of new Set([...told, ...accepted])) if (!isWhole(name)) lost.push(`${name}, at the end`);
    const extra = flow.archived().filter((name) => !/^f\d+\.png$/.test(name));
    console.log(
      `flow power: ${cuts} cuts, ${accepted.length} files accepted, ${told.size} told as done before a cut; ` +
        `${lost.length} lost, ${extra.length} twice`,
    );
    if (lost.length + extra.length > 0) {
      console.log([...lost, ...extra].slice(0, 20).join("\n"));
      process.exitCode = 1;
    }
  } finally {
    await flow.close().catch(() => undefined);
    disk.close();
  }

  /** Gives files until the power is cut. */
  async function give(number: number): Promise<void> {
    const cutAt = performance.now() + 300 + ((number * 137) % 700);
    for (let file = number * 10_000; performance.now() < cutAt; file += GROUP) {
      const names = Array.from({ length: GROUP }, (_, index) => `f${file + index}.png`);
      for (const name of names) {
        const staged = join(flow.stage, name);
        writeFileSync(staged, png(Number(name.slice(1, -4)) % 97));
        sync(staged);
        renameSync(staged, join(flow.incoming, name));
      }
      sync(flow.incoming);
      accepted.push(...names);
      await sleep(1);
    }
    disk?.cut();
  }

  /** With its content, and with the tags of itself. */
  function isWhole(name: string): boolean {
    const path = join(flow.archive, name);
    return (
      existsSync(path) &&
      readFileSync(path).equals(png(Number(name.slice(1, -4)) % 97)) &&
      existsSync(`${path}.tags`) &&
      flow.tags(name).get("first.core.original_basename") === name
    );
  }
}
