import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { plan } from "../src/core/plan/plan.ts";
import { nginxDiagnostic } from "../src/system/apply/blame.ts";
import { addPlugin, readInput, temporaryHome } from "./support/planned.ts";

const RUNS = "_cmd_and_args = serve.py\nnumprocesses = 1\n";
const HTTP = `_extra_nginx_http_conf_filename = http.conf\n[app_main]\n${RUNS}`;
const OLD = { "config.ini": HTTP, "http.conf": "upstream shared {\n  server 127.0.0.1:9;\n}\n" };
const FRESH = { "config.ini": HTTP, "http.conf": "# mine\nupstream shared {\n  server 127.0.0.1:9;\n}\n" };

/** What nginx says (`TREE`, `FRESH` and `OLD` stand for directories, `N` for the line that holds the text), and who it is. */
const CASES: readonly (readonly [what: string, line: string, n: string, plugin: string | undefined, at: string])[] = [
  [
    "a line of a fragment",
    '[emerg] unknown directive "x" in TREE/nginx/fresh/http.conf:2',
    "",
    "fresh",
    "FRESH/http.conf:2",
  ],
  [
    "the fragment of the one that changed",
    '[emerg] duplicate upstream "shared" in TREE/nginx/old/http.conf:1',
    "",
    "fresh",
    "FRESH/http.conf:2",
  ],
  ["a file that a fragment includes", '[emerg] unknown directive "x" in OLD/more.inc:7', "", "old", "OLD/more.inc:7"],
  [
    "a generated location",
    "[emerg] something is odd in TREE/nginx.conf:N",
    "location = /fresh {",
    "fresh",
    "FRESH/config.ini:10",
  ],
  [
    "a generated group of sockets",
    "[emerg] something is odd in TREE/nginx.conf:N",
    "upstream app.fresh.main {",
    "fresh",
    "FRESH/config.ini:10",
  ],
  ["a word without a place", '[emerg] unknown "shared" variable', "", "fresh", "FRESH/http.conf:2"],
  ["the only one that changed", "[emerg] could not build something", "", "fresh", "FRESH/http.conf:1"],
  [
    "a line of the log",
    '2026/11/22 03:00:00 [emerg] 12#12: unknown directive "x" in TREE/nginx/fresh/http.conf:3',
    "",
    "fresh",
    "FRESH/http.conf:3",
  ],
];

for (const [what, line, n, plugin, at] of CASES) {
  test(`blames ${what}`, async () => {
    using home = temporaryHome("mfserv");
    const places = {
      OLD: addPlugin(home.paths, "old", OLD),
      FRESH: addPlugin(home.paths, "fresh", FRESH),
      TREE: "/tree",
    };
    const { input } = await readInput(home.paths);
    const planned = plan(input);
    assert.ok(planned.ok);
    const lines = planned.value.tree.get("nginx.conf")?.text.split("\n") ?? [];
    const number = lines.findIndex((one) => n !== "" && one.includes(n)) + 1;
    const placed = (text: string): string =>
      text.replace(/TREE|OLD|FRESH/g, (name) => places[name as keyof typeof places]);
    const suspects = { plan: planned.value, input, isChanged: ({ name }: { name: string }) => name === "fresh" };
    const found = nginxDiagnostic(placed(line).replace(":N", `:${number}`), places.TREE, suspects);
    assert.deepEqual([found.plugin, `${found.at?.file}:${found.at?.line}`], [plugin, placed(at)]);
  });
}

test("blames an option of the module when no plugin is new", async () => {
  using home = temporaryHome("mfserv");
  const { input } = await readInput(home.paths);
  const planned = plan(input);
  assert.ok(planned.ok);
  const line = "nginx: [emerg] bind() to 0.0.0.0:18868 failed (98: Address already in use)";
  const found = nginxDiagnostic(line, "/tree", { plan: planned.value, input });
  assert.deepEqual([found.at?.file, found.plugin], [join(home.paths.home, "config/config.ini"), undefined]);
  assert.match(`${found.message} ${found.fix}`, /`nginx\.port`.*another port/);
});
