import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  decodeTags,
  encodeTags,
  enterStep,
  formatTags,
  identify,
  readIdentity,
  setStepTag,
  stepCounter,
} from "./tags.ts";

const STEP = { plugin: "p", step: "s" };
const text = fc.string({
  unit: fc.oneof(fc.string({ minLength: 1, maxLength: 1 }), fc.constantFrom("\n", "\0", "\udce9", "é", "🎈")),
});

test("tags come back from what is stored on a file, as ASCII-safe UTF-8", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(text, text)), (entries) => {
      const tags = new Map(entries.filter(([key]) => key !== "__proto__"));
      const stored = Buffer.from(encodeTags(tags), "utf8").toString("utf8");
      assert.deepEqual(new Map([...(decodeTags(stored) ?? [])].sort()), new Map([...tags].sort()));
    }),
  );
});

test("what is no tags is not read as tags", () => {
  for (const bad of ["", "x", "null", "[]", '["a"]', '{"a": 1}', '{"a": "b"']) {
    assert.equal(decodeTags(bad), undefined, bad);
  }
});

test("the .tags format: sorted, a line per tag", () => {
  const tags = new Map([
    ["latest.b", "2"],
    ["0.a", "x = y"],
    ["first.c", "two\nlines"],
  ]);
  assert.equal(formatTags(tags), "0.a = x = y\nfirst.c = two\\nlines\nlatest.b = 2\n");
});

test("the lines are sorted whatever the names are, and whatever was written before", () => {
  const name = fc.oneof(fc.constantFrom("a", "a = b", "a = ", "a.b", "a b"), text);
  fc.assert(
    fc.property(fc.array(fc.array(fc.tuple(name, text)), { minLength: 1, maxLength: 4 }), (files) => {
      for (const tags of files.map((entries) => new Map(entries))) {
        const lines = [...tags].map(([key, value]) => `${key} = ${value.replaceAll("\n", "\\n")}\n`);
        for (let again = 0; again < 2; again++) assert.equal(formatTags(tags), lines.toSorted().join(""));
      }
    }),
  );
});

test("entering a step counts from 0 and dates with the predecessor's colon", () => {
  const tags = new Map<string, string>();
  assert.equal(stepCounter(tags), -1);
  assert.equal(enterStep(tags, STEP, Date.UTC(2024, 1, 3, 4, 5, 6, 78)), 0);
  setStepTag(tags, 0, STEP, "size", "12");
  assert.equal(enterStep(tags, STEP, 0), 1);
  assert.deepEqual(Object.fromEntries(tags), {
    "latest.core.step_counter": "1",
    "0.p.s.enter_step": "2024-02-03T04:05:06:078000",
    "0.p.s.size": "12",
    "latest.p.s.size": "12",
    "1.p.s.enter_step": "1970-01-01T00:00:00:000000",
  });
});

test("who a file is, is set once", () => {
  const tags = new Map<string, string>();
  assert.equal(
    identify(tags, { basename: "a", directory: "incoming" }, () => "u1"),
    true,
  );
  assert.equal(
    identify(tags, { basename: "b", directory: "other", uid: "u3" }, () => "u2"),
    false,
  );
  assert.deepEqual(readIdentity(tags), { uid: "u1", basename: "a", directory: "incoming" });
});
