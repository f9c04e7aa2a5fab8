import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openLogs } from "./log.ts";
import { JsonCopies } from "./log-copies.ts";

test("what is said goes to the JSON file and to the log server, as grave as each asks for", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "metwork-copies-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const server = createSocket("udp4").bind(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const path = join(directory, "all.json");
  const copies = new JsonCopies(7);
  copies.adopt({
    file: { path, mode: 0o600, level: "WARNING" },
    server: { port: server.address().port, level: "ERROR" },
  });
  const nowhere = { stdout: () => undefined, stderr: () => undefined };
  const logs = openLogs(nowhere, 7, (...said) => copies.tell(...said));
  const step = logs.named("p.s", "INFO");
  const heard = once(server, "message");
  step.info("quiet");
  step.warning('with "quotes"');
  logs.named("flow", "INFO").error("loud");
  assert.match(
    String((await heard)[0]),
    /^<12>\{"timestamp":"[^"]+Z","level":"error","name":"mfdata\.flow","pid":7,"event":"loud","plugin":"#core#"\}\0$/,
  );
  copies.adopt(undefined);
  step.error("nobody asks for it");
  await copies.close();
  // Closing the former file is not waited for by who logs.
  const lines = (): readonly string[] => (existsSync(path) ? readFileSync(path, "utf8").trimEnd().split("\n") : []);
  const deadline = Date.now() + 30_000;
  while (lines().length < 2 && Date.now() < deadline) await new Promise((resolve) => setImmediate(resolve));
  const [first, second, ...others] = lines().map((line) => JSON.parse(line));
  assert.deepEqual(
    { ...first, timestamp: "" },
    { timestamp: "", level: "warning", name: "mfdata.p.s", pid: 7, event: 'with "quotes"', plugin: "p" },
  );
  assert.equal(second.event, "loud");
  assert.deepEqual(others, []);
});
