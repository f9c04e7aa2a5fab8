/** What tells plugins and their builds apart: names, hashes, and what a user has set for one. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Developer, makeDeveloper } from "../support/developer.ts";

let developer: Developer;
before(async () => {
  developer = await makeDeveloper();
});
after(() => developer[Symbol.asyncDispose]());

test("plugins_validate_name says whether a word can be a plugin's name", async () => {
  const { run, appliance } = developer;
  const verdicts = ["maps", "Maps_2-x", "plugin_maps", "__maps", "base", "config", "a b", "é"].map(async (name) => {
    const { code, stdout } = await run(appliance.home, "plugins_validate_name", name);
    return [name, code, stdout.trim().split(/\W/)[0]];
  });
  assert.deepEqual(await Promise.all(verdicts), [
    ["maps", 0, "OK"],
    ["Maps_2-x", 0, "OK"],
    ["plugin_maps", 1, "ERROR"],
    ["__maps", 1, "ERROR"],
    ["base", 1, "ERROR"],
    ["config", 1, "ERROR"],
    ["a b", 1, "ERROR"],
    ["é", 1, "ERROR"],
  ]);
});

test("a build has its hash, as a file and installed; what a user has set outlives it, with the new beside it", async () => {
  const { appliance, type, run } = developer;
  const home = await developer.create("static", "foobar");
  const first = await developer.release(home);
  const hash = await type(home, "plugins.hash", first);
  assert.match(hash, /^[0-9a-f]{32}\n$/);
  await type(appliance.home, "plugins.install", first);
  assert.equal(await type(home, "plugins.hash", "foobar"), hash);
  assert.equal((await run(home, "plugins.hash", "nobody")).code, 1);

  const override = join(appliance.home, "mfserv/config/plugins/foobar.ini");
  writeFileSync(override, "[custom]\nplace = here\n");
  const config = join(home, "config.ini");
  writeFileSync(config, `${readFileSync(config, "utf8")}\n[custom]\nplace = there\nmore = yes\n`);
  const second = await developer.release(home);
  assert.notEqual(await type(home, "plugins.hash", second), hash);
  await type(appliance.home, "plugins.install", "--force", second);
  assert.equal(readFileSync(override, "utf8"), "[custom]\nplace = here\n");
  assert.match(readFileSync(`${override}.new`, "utf8"), /^# ?more ?= ?yes$/m);
  await type(appliance.home, "plugins.uninstall", "foobar");
  assert.ok(existsSync(override));
  assert.ok(!existsSync(`${override}.new`));
});
