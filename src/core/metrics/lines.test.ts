import assert from "node:assert/strict";
import { test } from "node:test";
import { datagrams, influxLine, statsdLine } from "./lines.ts";
import { readRequest, requestLines } from "./requests.ts";

test("a line of the line protocol has sorted tags, typed fields, and escapes what would end a name", () => {
  assert.equal(
    influxLine(
      "metwork plugin",
      { plugin: "a,b", "t g": "x=y z", empty: "" },
      { n: 3, f: 0.5, s: 'say "no"\\', b: true },
    ),
    'metwork_plugin,plugin=a\\,b,t\\ g=x\\=y\\ z n=3i,f=0.5,s="say \\"no\\"\\\\",b=true\n',
  );
});

test("a line without a finite field is none", () => {
  assert.equal(influxLine("m", {}, { f: Number.NaN }), undefined);
});

test("a statsd line keeps its tags in the name, and no value can add another", () => {
  assert.equal(statsdLine("hits", { plugin: "p:1|c\n", app: "" }, 2, "c"), "hits,plugin=p_1_c_,app=_:2|c\n");
});

test("lines are packed whole into datagrams", () => {
  const lines = Array.from({ length: 10 }, (_, index) => `metric${index}:1|c\n`);
  const packed = datagrams(lines, 40);
  assert.ok(packed.every((one) => one.length <= 40 && one.endsWith("\n")));
  assert.equal(packed.join(""), lines.join(""));
});

test("requests of the access log become one count for each kind and one timer each", () => {
  const line = (status: number, duration: number, type = "dynamic"): string =>
    JSON.stringify({ uri: "/p", duration, status, plugin: "p", app: "main", type });
  const requests = [line(200, 0.012), line(200, 0.001), line(404, 0, "static")].flatMap(
    (text) => readRequest(text) ?? [],
  );
  assert.deepEqual(requestLines(requests), [
    "request_counter,plugin=p,app=main,type=dynamic,status_code=200:2|c\n",
    "request_counter,plugin=p,app=main,type=static,status_code=404:1|c\n",
    "request_timer,plugin=p,app=main,type=dynamic,status_code=200:12|ms\n",
    "request_timer,plugin=p,app=main,type=dynamic,status_code=200:1|ms\n",
    "request_timer,plugin=p,app=main,type=static,status_code=404:0|ms\n",
  ]);
});

for (const line of [
  "",
  "{",
  '{"plugin":"#core#","status":200,"duration":0}',
  '{"plugin":"p","status":"200","duration":0}',
]) {
  test(`no request: ${line}`, () => assert.equal(readRequest(line), undefined));
}
