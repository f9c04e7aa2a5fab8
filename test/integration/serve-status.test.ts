/** What plugins say of themselves: `_http_test_endpoint` and `bin/plugin.status`, in `metwork status` and `plugins.status`. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Check } from "../../src/system/lifecycle/check.ts";
import { general } from "../support/appliance.ts";
import { type Developer, makeDeveloper } from "../support/developer.ts";

let developer: Developer;

const app = (test: string): string => `${general}
[app_main]
_cmd_and_args = node {plugin_dir}/server.js
numprocesses = 1
_http_test_endpoint = /well/health
${test}
`;
const server = `require("node:http").createServer((request, response) => {
  response.statusCode = request.url.endsWith("/health") ? 201 : 200;
  response.end("all is OK here");
}).listen({ fd: 3 });`;

before(async () => {
  developer = await makeDeveloper();
  const { appliance } = developer;
  appliance.plugin("mfserv", "well", {
    "config.ini": app("_http_test_expected_status_code = 201"),
    "server.js": server,
    "bin/plugin.status": '#!/bin/sh\ntest "$MFSERV_CURRENT_PLUGIN_NAME/$(pwd)" = "well/$MFSERV_CURRENT_PLUGIN_DIR"\n',
  });
  appliance.plugin("mfserv", "poorly", {
    "config.ini": general,
    "bin/plugin.status": "#!/bin/sh\necho the disk of ours is full\nexit 3\n",
  });
  await appliance.ok("metwork", "apply", "mfserv");
});
after(async () => {
  await developer[Symbol.asyncDispose]();
});

test("plugins.status asks the endpoint and the plugin's own program, in its environment", async () => {
  const { appliance, type, run } = developer;
  const well: Check[] = JSON.parse(await type(appliance.home, "plugins.status", "--json", "well"));
  assert.deepEqual(
    well.map(({ name, state }) => [name, state]),
    [
      ["app.well.main", "OK"],
      ["app.well.main answers at /well/health", "OK"],
      ["plugin well: its plugin.status", "OK"],
    ],
  );
  const all = await run(appliance.home, "plugins.status");
  assert.equal(all.code, 1);
  assert.match(
    all.stdout,
    /plugin poorly: its plugin\.status[^\n]*ERROR[^\n]*\n +ended with 3: the disk of ours is full/,
  );
  assert.equal((await run(appliance.home, "plugins.status", "nobody")).code, 1);
});

test("metwork status shows the same, and calls the module healthy all the same", async () => {
  const seen = await developer.appliance.run("metwork", "status", "mfserv");
  assert.equal(seen.code, 0, seen.stdout);
  assert.match(seen.stdout, /the disk of ours is full/);
  assert.match(seen.stdout, /SOME ERRORS DETECTED in plugins: poorly/);
});

test("an answer that is not the expected one is told", async () => {
  const { appliance, run } = developer;
  // An override: nothing is swapped for it, so nothing is probed by the change itself.
  appliance.write(
    "mfserv/config/plugins/well.ini",
    "[app_main]\n_http_test_expected_body = splendid\n_http_test_timeout = 1\n",
  );
  const seen = await run(appliance.home, "plugins.status", "well");
  assert.equal(seen.code, 1, seen.stdout);
  assert.match(seen.stdout, /answers at \/well\/health[^\n]*ERROR[^\n]*\n[^\n]*does not hold "splendid"/);
});
