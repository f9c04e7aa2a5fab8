/** `plugins.hotswap`: nobody notices, the figures prove it, and what does not serve is taken back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { http } from "../../scripts/support/client.ts";
import { swapBadly, swapPlugin } from "../chaos/swapped-plugin.ts";
import { failedOf } from "../support/load.ts";
import { makeStreet } from "../support/street.ts";

test("swaps under 50 connections, an upload and a websocket fail nothing, and the printed figures say so", async () => {
  const { seen, proofs, ...other } = await swapPlugin({ swaps: 3, requests: 1_000, uploadBytes: 10 * 1024 * 1024 });
  assert.equal(failedOf(seen), 0, JSON.stringify(seen));
  assert.equal(other.uploaded, other.uploads);
  assert.equal(other.echoed, other.messages);
  assert.ok(other.uploads > 0 && other.messages > 0);
  assert.equal(proofs.length >= 3, true);
  for (const { served } of proofs) {
    assert.equal(served.failed, 0);
    assert.ok(served.requests > 0);
  }
});

test("a version that does not serve is taken back while the old one serves on", async () => {
  await using street = await makeStreet();
  const url = `http://127.0.0.1:${street.appliance.ports.mfserv}/victim`;
  const load = street.askVictim();
  const { code, output } = await swapBadly(street, "console.log('no luck'); process.exit(3);");
  assert.equal(code, 3, output);
  assert.match(output, /no luck/);
  assert.match(output, /served meanwhile: \d+ requests, 0 failed/);
  const figures = await load.stop();
  assert.equal(failedOf(figures), 0, JSON.stringify(figures));
  // What is installed is the old version again: also a worker that is started anew runs it.
  const [killed] = await street.running();
  assert.ok(killed);
  process.kill(killed, "SIGKILL");
  await street.gone(killed);
  assert.equal((await http(url)).status, 200);
});
