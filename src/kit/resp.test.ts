import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeCommand, type Reply, readReply } from "./resp.ts";

test("a command counts bytes, not characters", () => {
  assert.equal(encodeCommand(["LPUSH", "é", 7]), "*3\r\n$5\r\nLPUSH\r\n$2\r\né\r\n$1\r\n7\r\n");
});

test("every kind of reply is read, and where it ends", () => {
  const read = (text: string) => readReply(Buffer.from(text), 0);
  assert.deepEqual(read("+OK\r\nrest"), { reply: "OK", end: 5 });
  assert.deepEqual(read(":-3\r\n"), { reply: -3, end: 5 });
  assert.deepEqual(read("$-1\r\n"), { reply: null, end: 5 });
  assert.deepEqual(read("*-1\r\n"), { reply: null, end: 5 });
  assert.deepEqual(read("$6\r\na\r\nbé\r\n"), { reply: "a\r\nbé", end: 12 });
  assert.deepEqual(read("-LOADING wait\r\n")?.reply, new Error("LOADING wait"));
  assert.throws(() => read("HTTP/1.1 400\r\n"), /RESP/);
});

test("what is not there whole is waited for, wherever it was cut", () => {
  const reply = fc.letrec<{ any: Reply }>((tie) => ({
    any: fc.oneof(
      { depthSize: "small" },
      fc.string({ unit: "grapheme" }),
      fc.integer(),
      fc.constant(null),
      fc.array(tie("any"), { maxLength: 4 }),
    ),
  })).any;
  fc.assert(
    fc.property(reply, fc.nat(), (expected, at) => {
      const bytes = Buffer.from(encode(expected));
      assert.deepEqual(readReply(bytes, 0), { reply: expected, end: bytes.length });
      assert.equal(readReply(bytes.subarray(0, at % bytes.length), 0), undefined);
    }),
  );
});

function encode(reply: Reply): string {
  if (typeof reply === "string") return `$${Buffer.byteLength(reply)}\r\n${reply}\r\n`;
  if (typeof reply === "number") return `:${reply}\r\n`;
  if (reply === null) return "$-1\r\n";
  if (reply instanceof Error) return `-${reply.message}\r\n`;
  return `*${reply.length}\r\n${reply.map(encode).join("")}`;
}
