/** A change is told as done when every connection finds it, also while nginx's old workers are still about to leave. */
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { http, until } from "../../scripts/support/client.ts";
import { general, makeAppliance } from "../support/appliance.ts";
import { settled } from "../support/settled.ts";

const ROUNDS = 6;
const CONNECTIONS = 30;
/** With so many locations nginx runs without Lua, and its old workers take connections for a tenth of a second. */
const ROUTES = Array.from({ length: 160 }, (_, index) => `/route${index}`);

test("a route that conf_monitor says is applied is found by every connection from then on", async () => {
  await using appliance = await makeAppliance();
  const home = join(appliance.home, "mfserv");
  const config = (routes: readonly string[]): string =>
    `${general}[app_main]\n_static_url_prefix =\n_static_directory =\nprefix_based_routing_extra_routes = ${routes.join(";")}\n`;
  appliance.plugin("mfserv", "roads", { "config.ini": config(ROUTES), "main/index.html": "here" });
  await appliance.ok("metwork", "start", "mfserv");
  await settled(home);
  const lastApply = join(home, "var/last_apply.json");
  const answers: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = statSync(lastApply).mtimeMs;
    appliance.plugin("mfserv", "roads", { "config.ini": config([...ROUTES, `/new${round}`]) });
    await until("it is applied", () => statSync(lastApply).mtimeMs !== before || undefined);
    const url = `http://127.0.0.1:${appliance.ports.mfserv}/new${round}/`;
    const all = await Promise.all(Array.from({ length: CONNECTIONS }, () => http(url)));
    answers.push(...all.map(({ status }) => status));
  }
  assert.deepEqual(
    new Set(answers),
    new Set([200]),
    `${answers.filter((status) => status !== 200).length} of ${answers.length}`,
  );
});
