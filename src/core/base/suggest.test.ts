import assert from "node:assert/strict";
import { test } from "node:test";
import { suggest } from "./suggest.ts";

const NAMES = ["port", "workers", "timeout", "upload_max_body_size", "flag"];
const CASES: readonly (readonly [typed: string, meant: string | undefined])[] = [
  ["prot", "port"],
  ["PORT", "port"],
  ["worker", "workers"],
  ["timout", "timeout"],
  ["upload_max_bodysize", "upload_max_body_size"],
  ["falg", "flag"],
  ["certificate", undefined],
  ["xy", undefined],
  ["", undefined],
];
for (const [typed, meant] of CASES) {
  test(`"${typed}" means ${meant}`, () => assert.equal(suggest(typed, NAMES), meant));
}
