import assert from "node:assert/strict";
import { test } from "node:test";
import { readMessage } from "./protocol.ts";

const good: readonly { readonly said: object; readonly read: object }[] = [
  {
    said: { op: "hello", protocol: 1, step: "my-plugin/main", more: "ignored" },
    read: { op: "hello", step: { plugin: "my-plugin", step: "main" }, sdk: "unknown" },
  },
  { said: { op: "next" }, read: { op: "next", count: 1 } },
  { said: { op: "stop" }, read: { op: "stop" } },
  {
    said: { op: "emit", id: 1, path: "/a/\udce9", to: "p/s", tags: { a: "b" } },
    read: {
      op: "emit",
      id: 1,
      path: "/a/\udce9",
      to: { plugin: "p", step: "s" },
      mode: "move",
      tags: new Map([["a", "b"]]),
    },
  },
  { said: { op: "tag", id: 1, set: { a: "b", c: null } }, read: { op: "tag", id: 1, set: { a: "b", c: null } } },
  {
    said: { op: "done", id: 1, outcome: "failed" },
    read: { op: "done", id: 1, outcome: "failed", reason: "it says so" },
  },
];
for (const { said, read } of good) {
  test(`understood: ${JSON.stringify(said)}`, () => assert.deepEqual(readMessage(said), read));
}

const bad: readonly unknown[] = [
  null,
  "hello",
  {},
  { op: "other" },
  { op: "hello", protocol: 2, step: "p/s" },
  { op: "hello", protocol: 1, step: "p" },
  { op: "hello", protocol: 1, step: "../s" },
  { op: "next", count: 0 },
  { op: "next", count: 1.5 },
  { op: "emit", id: 1, path: "relative", to: "p/s" },
  { op: "emit", id: 1, path: "/a\0b", to: "p/s" },
  { op: "emit", id: 1, path: "/a", to: "/tmp" },
  { op: "emit", id: 1, path: "/a", to: "p/s", mode: "steal" },
  { op: "emit", id: 1, path: "/a", to: "p/s", tags: { a: null } },
  { op: "emit", path: "/a", to: "p/s" },
  { op: "tag", id: 1, set: { a: 1 } },
  { op: "tag", id: 1, set: ["a"] },
  { op: "done", id: "1", outcome: "ok" },
  { op: "done", id: 1, outcome: "maybe" },
];
for (const said of bad) {
  test(`refused, with a reason: ${JSON.stringify(said)}`, () => assert.equal(typeof readMessage(said), "string"));
}
