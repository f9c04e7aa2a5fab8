/** A change of the pipeline is told as done when the pipeline runs by it. */
import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { http, until } from "../../scripts/support/client.ts";
import { type Appliance, makeAppliance } from "../support/appliance.ts";
import { processesOf } from "../support/processes.ts";
import { settled } from "../support/settled.ts";
import { filesBelow } from "./flow-harness.ts";

/** An apply that waits for nobody ends sooner, once it has put its files in force. */
const GRACE_MS = 1_000;

let appliance: Appliance;
let home: string;
before(async () => {
  appliance = await makeAppliance({ mfdata: "[internal_plugins]\nswitch_no_match_policy = keep\n" });
  home = join(appliance.home, "mfdata");
  await appliance.ok("metwork", "start", "mfdata");
  await settled(home);
});
after(() => appliance[Symbol.asyncDispose]());

const inForce = (): string => readFileSync(join(home, "tmp/config_auto/flow.json"), "utf8");
const adopted = (): string => readFileSync(join(home, "var/flow_adopted"), "utf8");
function pipeline(): number {
  const [found] = processesOf(home).filter(({ command }) => command.includes("main/flow.ts"));
  assert.ok(found);
  return found.pid;
}

test("an apply ends when the pipeline has read its configuration", async () => {
  const [pid, old] = [pipeline(), inForce()];
  process.kill(pid, "SIGSTOP");
  let isOver = false;
  try {
    appliance.write("mfdata/config/config.ini", "[log]\nminimal_level = DEBUG\n");
    const applied = appliance.run("metwork", "apply", "mfdata").finally(() => {
      isOver = true;
    });
    await until("the files are in force", () => inForce() !== old || undefined);
    await delay(GRACE_MS);
    assert.equal(isOver, false);
    process.kill(pid, "SIGCONT");
    const { code, stderr } = await applied;
    assert.equal(code, 0, stderr);
  } finally {
    process.kill(pid, "SIGCONT");
  }
  assert.equal(adopted(), hash("sha256", inForce()));
  assert.equal(pipeline(), pid);
});

test("another directory for files takes a restart of the pipeline, and files that come there are handled", async () => {
  const pid = pipeline();
  await settled(home);
  appliance.write("mfdata/config/config.ini", "[data_in]\ndir = {{MFMODULE_RUNTIME_HOME}}/var/elsewhere\n");
  const { code, stderr } = await appliance.run("metwork", "apply", "mfdata");
  assert.equal(code, 0, stderr);
  await settled(home);
  assert.notEqual(pipeline(), pid);
  const url = `http://127.0.0.1:${appliance.ports.mfdata}/incoming/sent.txt`;
  assert.equal((await http(url, { method: "PUT", body: "sent" })).status, 201);
  const moved = join(home, "var/elsewhere/incoming/moved.txt");
  writeFileSync(moved, "moved");
  const trash = join(home, "var/elsewhere/trash");
  const kept = (): string[] =>
    existsSync(trash)
      ? filesBelow(trash)
          .map((path) => readFileSync(path, "utf8"))
          .filter((text) => text === "sent" || text === "moved")
      : [];
  await until("both are through the pipeline", () => kept().length === 2 || undefined);
});
