/** A plugin of mfdata is linked: the command and conf_monitor both hear of it, and the pipeline's daemon is told once. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { until } from "../../scripts/support/client.ts";
import { run } from "../../src/kit/exec.ts";
import { type Appliance, makeAppliance, root } from "../support/appliance.ts";

let appliance: Appliance;
before(async () => {
  appliance = await makeAppliance({ mfdata: "" });
  await appliance.ok("mfdata.start");
});
after(() => appliance[Symbol.asyncDispose]());

async function type(cwd: string, ...argv: readonly string[]): Promise<void> {
  const { home } = appliance;
  const places = { METWORK_RUNTIME_ROOT: home, METWORK_ETC: join(home, "etc") };
  const env = { ...process.env, ...places, METWORK_ALLOW_USAGE_BY_ROOT: "1" };
  const ran = await run([join(root, "bin/mfdata_wrapper"), ...argv], { cwd, env, timeoutMs: 60_000 });
  assert.equal(ran.code, 0, `${argv.join(" ")}\n${ran.stdout}${ran.stderr}`);
}

/** Empty while nobody has written to it. */
function log(name: string): string {
  const path = join(appliance.home, "mfdata/log", name);
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

const reloads = (): number => log("supervisor.log").match(/ reload flow: done$/gm)?.length ?? 0;
/** How often conf_monitor has looked because of the plugin, and told what it did. */
const looks = (): number => log("conf_monitor.log").match(/\{reason=conf_monitor: .*plugins\/kept/g)?.length ?? 0;

test("make develop of a plugin reloads the pipeline once; what is linked already, not at all", async () => {
  const { home } = appliance;
  await type(home, "bootstrap_plugin.py", "create", "--no-input", "--template=archive", "kept");
  await until("conf_monitor looks", () => (log("conf_monitor.log").includes("nothing: generation") ? true : undefined));
  assert.equal(reloads(), 0);
  await type(join(home, "kept"), "make", "develop");
  await until("conf_monitor has looked too", () => (looks() > 0 ? true : undefined));
  assert.equal(reloads(), 1, log("supervisor.log"));
  await type(join(home, "kept"), "make", "develop");
  await type(home, "metwork", "apply", "mfdata");
  assert.equal(reloads(), 1, log("supervisor.log"));
});
