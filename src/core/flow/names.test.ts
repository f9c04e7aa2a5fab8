import assert from "node:assert/strict";
import { posix } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import {
  byteLength,
  fits,
  isBasename,
  NAME_MAX,
  nameFromBytes,
  nameFromLatin1,
  nameToBytes,
  pathIn,
  sidecarName,
  sidecarOwner,
  splitPath,
  systemPath,
  truncate,
} from "./names.ts";

const bytes = fc.uint8Array({ minLength: 1, maxLength: NAME_MAX });

test("every sequence of bytes comes back", () => {
  fc.assert(fc.property(bytes, (name) => nameToBytes(nameFromBytes(name)).equals(Buffer.from(name))));
});

test("and through JSON, as in a message", () => {
  fc.assert(
    fc.property(bytes, (name) => {
      const text: string = JSON.parse(JSON.stringify(nameFromBytes(name)));
      return nameToBytes(text).equals(Buffer.from(name));
    }),
  );
});

test("text is itself, U+FFFD included", () => {
  for (const text of ["plain", "é 日本 🎈", "\ufffd", "a\ufffd\u{10ffff}"]) {
    assert.equal(nameFromBytes(Buffer.from(text)), text);
    assert.equal(systemPath(text), text);
  }
});

test("bytes that are no UTF-8 are escaped as Python does", () => {
  assert.equal(nameFromBytes(Buffer.from("a\xe9b", "latin1")), "a\udce9b");
  assert.deepEqual(systemPath("/d/a\udce9b"), Buffer.from("/d/a\xe9b", "latin1"));
  assert.equal(nameFromBytes(Buffer.from([0xed, 0xa0, 0x80])), "\udced\udca0\udc80", "an encoded surrogate");
  assert.equal(nameFromBytes(Buffer.from([0xef, 0xbf, 0xbd, 0xff])), "\ufffd\udcff");
});

test("a name listed in Latin-1 is the one its bytes are", () => {
  fc.assert(
    fc.property(bytes, (name) =>
      assert.equal(nameFromLatin1(Buffer.from(name).toString("latin1")), nameFromBytes(name)),
    ),
  );
});

test("a name fits by its bytes, whatever its characters take", () => {
  fc.assert(
    fc.property(bytes, fc.nat(300), (name, limit) => {
      const text = nameFromBytes(name);
      assert.equal(fits(text, limit), byteLength(text) <= limit);
    }),
  );
  assert.deepEqual([fits("é".repeat(128), NAME_MAX), fits("é".repeat(127), NAME_MAX)], [false, true]);
});

test("truncation keeps whole characters within the limit", () => {
  fc.assert(
    fc.property(bytes, fc.nat(300), (name, limit) => {
      const text = nameFromBytes(name);
      const cut = truncate(text, limit);
      assert.ok(byteLength(cut) <= limit && text.startsWith(cut));
      assert.ok(cut === text || byteLength(cut) > limit - 4);
    }),
  );
});

test("a side-car's name fits whatever the file's is", () => {
  const digest = (): string => "d".repeat(64);
  const long = sidecarName("n".repeat(NAME_MAX), digest);
  assert.deepEqual([sidecarName("file", digest), long], [".metwork.tags.file", `.metwork.tags.${"d".repeat(64)}`]);
  assert.deepEqual([".metwork.tags.file", long, ".metwork.file"].map(sidecarOwner), ["file", undefined, undefined]);
});

test("a basename leads nowhere else", () => {
  for (const bad of ["", ".", "..", "a/b", "/", "a\0"]) assert.equal(isBasename(bad), false, JSON.stringify(bad));
  for (const good of ["a", "...", "a\nb", " "]) assert.equal(isBasename(good), true, JSON.stringify(good));
});

test("paths are put together and taken apart as node:path does", () => {
  const part = fc.oneof(fc.constantFrom("", "/", ".", "..", "a", "a/b", "./a", "a//b", "a/"), fc.string());
  fc.assert(
    fc.property(fc.array(part), part, (parts, name) => {
      const directory = `/${parts.join("/")}`;
      const path = pathIn(directory, name);
      assert.equal(path, posix.join(directory, name));
      if (!path.endsWith("/")) assert.deepEqual(splitPath(path), [posix.dirname(path), posix.basename(path)]);
    }),
  );
});
