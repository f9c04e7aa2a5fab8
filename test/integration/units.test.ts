/** Where systemd runs the module, a plugin whose unit systemd refuses is left out, by name, before anything changes. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { findPrograms } from "../../src/system/host/programs.ts";
import { type Appliance, general, makeAppliance } from "../support/appliance.ts";

const skip = findPrograms().systemdAnalyze === undefined && "systemd-analyze is not installed";
const TARGET = "metwork-mfserv-services.target";
let configHome: string;
let appliance: Appliance;

const app = (more: string): string => `${general}[app_main]\n_cmd_and_args = sleep 1000\nnumprocesses = 1\n${more}`;

before(async () => {
  configHome = mkdtempSync(join(tmpdir(), "mw-units-"));
  process.env["XDG_CONFIG_HOME"] = configHome;
  appliance = await makeAppliance();
  appliance.plugin("mfserv", "good", { "config.ini": app("") });
  // More microseconds than systemd can count.
  appliance.plugin("mfserv", "bad", { "config.ini": app("max_age = 999999999999999\n") });
});
after(async () => {
  await appliance[Symbol.asyncDispose]();
  rmSync(configHome, { recursive: true });
});

test("a unit that systemd refuses leaves its plugin out, and says which and why", { skip }, async () => {
  const units = join(configHome, "systemd", "user");
  mkdirSync(units, { recursive: true });
  symlinkSync(join(appliance.home, "mfserv/tmp/config_auto/systemd", TARGET), join(units, TARGET));
  const { code, stdout } = await appliance.run("metwork", "apply", "--json", "mfserv");
  assert.equal(code, 0);
  const { leftOut, notes } = JSON.parse(stdout);
  assert.deepEqual(leftOut, ["bad"]);
  const [note] = notes.filter((one: { code: string }) => one.code === "MF5006");
  assert.equal(note.plugin, "bad");
  assert.match(note.message, /systemd refuses a unit of app\.bad\.main: .*RuntimeMaxSec/);
  assert.match(note.at.file, /\/bad\/config\.ini$/);
});

test("where another supervisor runs it, systemd is not asked", { skip }, async () => {
  rmSync(join(configHome, "systemd"), { recursive: true, force: true });
  appliance.write("etc/metwork.config.d/mfserv/plugins/bad.ini", "[custom]\nx = 1\n");
  const { leftOut } = await appliance.json<{ leftOut: string[] }>("metwork", "apply", "--json", "mfserv");
  assert.deepEqual(leftOut, []);
});
