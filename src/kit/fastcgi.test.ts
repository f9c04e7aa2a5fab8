import assert from "node:assert/strict";
import { test } from "node:test";
import { fastcgiGet } from "./fastcgi.ts";

test("a question is a request of its own: begun, with its parameters, without a body", () => {
  const long = `/${"x".repeat(200)}/index.php`;
  let rest = fastcgiGet(long, "/a");
  const records: { type: number; content: Buffer }[] = [];
  while (rest.length > 0) {
    assert.deepEqual([...rest.subarray(0, 1), ...rest.subarray(2, 4)], [1, 0, 1]);
    const length = rest.readUInt16BE(4);
    records.push({ type: rest[1] ?? 0, content: rest.subarray(8, 8 + length) });
    rest = rest.subarray(8 + length + (rest[6] ?? 0));
  }
  assert.deepEqual(
    records.map(({ type, content }) => [type, content.length > 0]),
    [
      [1, true],
      [4, true],
      [4, false],
      [5, false],
    ],
  );
  const params = records[1]?.content ?? Buffer.alloc(0);
  const at = params.indexOf("SCRIPT_FILENAME");
  assert.deepEqual([...params.subarray(at - 5, at)], [15, 0x80, 0, 0, long.length]);
  assert.equal(params.subarray(at + 15, at + 15 + long.length).toString(), long);
});
