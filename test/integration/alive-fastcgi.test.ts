/** A php-fpm whose processes all hang is noticed by its silence, like a worker that speaks HTTP. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { http, until } from "../../scripts/support/client.ts";
import { general } from "../support/appliance.ts";
import { lacks } from "../support/developer.ts";
import { failedOf } from "../support/load.ts";
import { makeStreet } from "../support/street.ts";

/** php-fpm itself lets a request take ten minutes, and has one process for all. */
const COMMAND = "_cmd_and_args = php_wrapper {plugin_name} {app_name} {unix_socket_path} 600 1\n";
const APP = `[app_main]\n${COMMAND}_gateway_interface_mode = fastcgi\nnumprocesses = 1\ntimeout = 1\nliveness_interval = 1\n`;
const SERVICES = ["app.stuck.main", "app.fine.main"] as const;

test("a FastCGI server that answers nothing is killed, one that answers is left alone", {
  skip: lacks({ program: /^php-fpm/ }),
}, async () => {
  await using street = await makeStreet();
  const { appliance } = street;
  const ask = (path: string) => http(`http://127.0.0.1:${appliance.ports.mfserv}${path}`);
  for (const name of ["stuck", "fine"]) {
    const needs = { ".layerapi2_dependencies": "php@mfext\nroot@mfserv\n" };
    const pages = { "main/index.php": "<?php echo 'well';", "main/hang.php": "<?php set_time_limit(0); while (true);" };
    appliance.plugin("mfserv", name, { "config.ini": `${general}${APP}`, ...needs, ...pages });
  }
  await appliance.ok("metwork", "apply", "mfserv");
  const [[stuck], fine] = await Promise.all([street.running(SERVICES[0]), street.running(SERVICES[1])]);
  assert.ok(stuck);
  const neighbour = street.askNeighbour();

  assert.equal((await ask("/stuck/hang.php")).status, 504);
  await until("its silence is noticed", async () => {
    const [seen] = await street.instances(SERVICES[0]);
    return seen?.intervention?.what === "killed: it answered nothing for 2 s" ? true : undefined;
  });
  // It is killed when its silence is noted, and ended a moment later.
  await street.gone(stuck, SERVICES[0]);
  assert.equal((await ask("/stuck/")).body, "well");

  const left = await street.instances(SERVICES[1]);
  assert.deepEqual(
    left.map(({ pid, restarts, intervention }) => ({ pid, restarts, intervention })),
    fine.map((pid) => ({ pid, restarts: 0, intervention: undefined })),
  );
  const figures = await neighbour.stop();
  assert.equal(failedOf(figures), 0, JSON.stringify(figures));
});
