/** The nightly jobs that clean a module's `tmp`, run as cron runs them. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { runtimeLayout } from "../src/core/module/paths.ts";
import { plan } from "../src/core/plan/plan.ts";
import { addPlugin, readInput, temporaryHome } from "./support/planned.ts";

const DAY_S = 86_400;

test("what is old in tmp goes; what is young, generated, a lock or a service's directory stays", async () => {
  using home = temporaryHome("mfserv");
  const { tmp } = runtimeLayout(home.paths.runtime);
  addPlugin(home.paths, "quiet", { "config.ini": "[app_main]\n_cmd_and_args = true\nnumprocesses = 1\n" });
  const { input } = await readInput(home.paths);
  const planned = plan(input);
  assert.ok(planned.ok);
  const put = (path: string, days: number): string => {
    const file = join(tmp, path);
    mkdirSync(path.endsWith("/") ? file : dirname(file), { recursive: true });
    if (!path.endsWith("/")) writeFileSync(file, "");
    const at = Date.now() / 1000 - days * DAY_S;
    utimesSync(file, at, at);
    return file;
  };
  const gone = [put("loose.dat", 4), put("quiet/left/by/job.dat", 4), put("quiet/empty/", 4)];
  const kept = [
    put("young.dat", 1),
    put("config_auto/nginx.conf", 9),
    put("quiet/busy_lock", 9),
    put("nginx/proxy/", 9),
  ];
  kept.push(put("idle/", 9));
  const jobs = (planned.value.tree.get("crontab")?.text ?? "").split("\n").filter((line) => line.includes(" find "));
  assert.equal(jobs.length, 2);
  for (const job of jobs) execFileSync("/bin/sh", ["-c", job.split(" ").slice(5).join(" ")]);
  for (const path of gone) assert.ok(!existsSync(path), path);
  for (const path of kept) assert.ok(existsSync(path), path);
});
