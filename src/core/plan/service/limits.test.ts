import assert from "node:assert/strict";
import { test } from "node:test";
import { limitsOfProgram } from "./limits.ts";

const CASES = [
  [["node", "server.js"], { addressSpace: 9, openFiles: 3 }, { memory: 9, openFiles: 3 }],
  [["/opt/m/layers/nodejs/bin/node"], { addressSpace: 9, memory: 4 }, { memory: 4 }],
  [["npm", "start"], { addressSpace: 4, memory: 9 }, { memory: 4 }],
  [["node"], { memory: 9 }, { memory: 9 }],
  [["python3", "node"], { addressSpace: 9 }, { addressSpace: 9 }],
  [[], { addressSpace: 9 }, { addressSpace: 9 }],
] as const;
for (const [argv, given, expected] of CASES) {
  test(`limits of ${argv.join(" ") || "nothing"}: ${JSON.stringify(given)} are ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(limitsOfProgram(argv, given), expected);
  });
}
