import assert from "node:assert/strict";
import { test } from "node:test";
import { figuresOf } from "./served.ts";

const line = (plugin: string, status: number, seconds: number): string =>
  `{ "@timestamp": "2026-01-01T00:00:00+00:00", "from": "127.0.0.1", "host": "h", "method": "GET", "uri": "/\\"status\\": 500,", ` +
  `"duration": ${seconds}, "status": ${status}, "request_length": 1, "reply_length": 2, "plugin": "${plugin}", "request_id": "x" }`;

test("requests are counted by plugin, failures are those from 500 on, the 99th of 100 gives the time", () => {
  const lines = Array.from({ length: 100 }, (_, index) => line("a", index === 99 ? 502 : 200, (index + 1) / 1000));
  const { all, plugins } = figuresOf([...lines, line("b", 404, 2), "half a li"].join("\n"));
  assert.deepEqual(plugins, {
    a: { requests: 100, failed: 1, p99Ms: 99 },
    b: { requests: 1, failed: 0, p99Ms: 2000 },
  });
  assert.deepEqual(all, { requests: 101, failed: 1, p99Ms: 100 });
});

test("nobody asked: there is no time to tell", () => {
  assert.deepEqual(figuresOf(""), { all: { requests: 0, failed: 0 }, plugins: {} });
});
