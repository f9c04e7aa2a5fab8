import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { type AppProbe, appProbes, probeTarget } from "../src/core/plan/nginx/probes.ts";
import { probeApps } from "../src/system/apply/health.ts";
import { addPlugin, readInput, temporaryHome } from "./support/planned.ts";

const RUNS = "_cmd_and_args = serve.py\nnumprocesses = 1\n";

const APPS: readonly (readonly [what: string, keys: string, host: string | undefined, path: string])[] = [
  ["at its shortest address", "", "127.0.0.1", "/foo/"],
  [
    "at its own domain when it has no path",
    "_prefix_based_routing = 0\n_virtualdomain_based_routing = 1\n",
    "foo.box",
    "/",
  ],
  [
    "never at a wildcard",
    "_prefix_based_routing = 0\n_virtualdomain_based_routing = 1\nvirtualdomain_based_routing_extra_vhosts = *.a.org\n",
    "foo.box",
    "/",
  ],
  ["where its author says", "_http_test_endpoint = foo/health me\n", "127.0.0.1", "/foo/health%20me"],
  ["not when no address leads to it", "_prefix_based_routing = 0\n", undefined, ""],
];

for (const [what, keys, host, path] of APPS) {
  test(`an app is asked ${what}`, async () => {
    using home = temporaryHome("mfserv");
    addPlugin(home.paths, "foo", { "config.ini": `[app_main]\n${RUNS}${keys}` });
    const { input, notes } = await readInput(home.paths);
    assert.deepEqual(notes, []);
    const [probe] = appProbes(input, new Set(["app.foo.main"]));
    assert.deepEqual([probe?.host, probe?.path ?? ""], [host, path]);
    assert.deepEqual(appProbes(input, new Set(["app.foo.other"])), []);
    assert.deepEqual(probeTarget(input), { port: 18868, tls: false });
  });
}

const AT = { file: "/p/config.ini", line: 3, col: 1, length: 1 };
const PROBE: AppProbe = { plugin: "p", service: "app.p.main", host: "h.org", path: "/ok", timeoutS: 1, at: AT };
/** Healthy is found out at once, however long there is time for it. */
const PATIENT: AppProbe = { ...PROBE, timeoutS: 60 };
const OK = { status: 200, body: "OK" };

const ANSWERS: readonly (readonly [what: string, probe: AppProbe, says: RegExp | undefined])[] = [
  ["any answer", { ...PATIENT, path: "/500" }, undefined],
  ["its host", { ...PATIENT, path: "/host", expected: { status: 200, body: "for h.org" } }, undefined],
  ["an answer that becomes right in time", { ...PATIENT, path: "/late", expected: OK }, undefined],
  ["502, which nginx says", { ...PROBE, path: "/502" }, /502/],
  ["504, which nginx says", { ...PROBE, path: "/504" }, /504/],
  ["another status", { ...PROBE, path: "/500", expected: OK }, /answers 500, not 200/],
  ["another body", { ...PROBE, path: "/host", expected: OK }, /does not hold "OK"/],
  ["no answer", { ...PROBE, path: "/never" }, /in time/],
];

for (const [what, probe, says] of ANSWERS) {
  test(`${what} is ${says === undefined ? "health" : "illness"}`, async () => {
    const begun = Date.now();
    const server = createServer((asked, answer) => {
      if (asked.url === "/never") return;
      const late = asked.url === "/late" && Date.now() - begun > 100;
      answer.statusCode = Number(/\d+/.exec(asked.url ?? "")?.[0] ?? (asked.url === "/late" && !late ? 503 : 200));
      answer.end(asked.url === "/host" ? `for ${asked.headers.host}` : "OK");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const ill = await probeApps({ port: (server.address() as AddressInfo).port, tls: false }, [probe]);
    server.closeAllConnections();
    server.close();
    const note = ill.get("p")?.[0];
    if (says === undefined) assert.equal(note, undefined);
    else assert.match(note?.message ?? "", says);
    if (note !== undefined) assert.deepEqual([note.at, note.plugin], [AT, "p"]);
  });
}

test("nobody there is illness", async () => {
  const ill = await probeApps({ port: 1, tls: false }, [PROBE]);
  assert.match(ill.get("p")?.[0]?.message ?? "", /ECONNREFUSED/);
});
