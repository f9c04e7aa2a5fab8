import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeHint, encodeHint } from "./hint.ts";

test("the message has the predecessor's four fields and comes back", () => {
  const hint = { directory: "/in/incoming", filename: 'a\n\udce9".png', event: "created" } as const;
  const message = encodeHint(hint, 1_700_000_000_250);
  assert.deepEqual(JSON.parse(message), { ...hint, event_timestamp: 1_700_000_000.25 });
  assert.deepEqual(decodeHint(message), hint);
});

test("another program's message is understood, one that leads elsewhere is not", () => {
  const message = (filename: unknown, directory: unknown = "/in"): string => JSON.stringify({ directory, filename });
  assert.deepEqual(decodeHint(message("a")), { directory: "/in", filename: "a", event: "exists" });
  for (const bad of ["", "{", "null", "7", message("../a"), message(".."), message(""), message(3), message("a", 3)]) {
    assert.equal(decodeHint(bad), undefined, bad);
  }
});
