import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { claimId, decodeClaim, encodeClaim } from "./claim-name.ts";
import { byteLength, NAME_MAX } from "./names.ts";
import { recover, splitName } from "./recovery.ts";

const UID = "0123456789abcdef0123456789abcdef";
const UNIQUE = "mw0123456789-1";

test("a name that can be carried comes back, any other is refused", () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1, maxLength: 255, unit: "binary" }),
      fc.constantFrom("incoming", "a~b"),
      (basename, directory) => {
        const name = encodeClaim(UNIQUE, { uid: UID, directory, basename });
        if (name === undefined) return;
        assert.ok(byteLength(name) <= NAME_MAX);
        assert.deepEqual(decodeClaim(name), { uid: UID, directory, basename });
        assert.equal(claimId(name), UNIQUE);
      },
    ),
  );
  assert.equal(
    encodeClaim(UNIQUE, { uid: UID, directory: "incoming", basename: "a~b.png" }),
    `${UNIQUE}~${UID}~incoming~a~b.png`,
  );
  for (const basename of ["é", "new\nline", "n".repeat(220)]) {
    assert.equal(encodeClaim(UNIQUE, { uid: UID, directory: "incoming", basename }), undefined, basename);
  }
});

test("names that carry nothing", () => {
  for (const name of ["plain", UNIQUE, `${UNIQUE}~short~incoming~a`, `${UNIQUE}~${UID}~incoming`, ""]) {
    assert.equal(decodeClaim(name), undefined, name);
  }
});

const to = { plugin: "p-1", step: "s_2" };
const carried = `${UNIQUE}~${UID}~incoming~x.part.archive.main`;
const cases: readonly { title: string; names: readonly string[]; expected: readonly unknown[] }[] = [
  {
    title: "a claim goes back",
    names: [UNIQUE, carried],
    expected: [
      { do: "requeue", name: UNIQUE },
      { do: "requeue", name: carried },
    ],
  },
  {
    title: "copies of an original that is still there are thrown away",
    names: [UNIQUE, splitName(UNIQUE, "part", 1, to)],
    expected: [
      { do: "requeue", name: UNIQUE },
      { do: "discard", name: splitName(UNIQUE, "part", 1, to) },
    ],
  },
  {
    title: "also when the original's name carries who it is",
    names: [splitName(carried, "part", 1, to), carried],
    expected: [
      { do: "discard", name: splitName(UNIQUE, "part", 1, to) },
      { do: "requeue", name: carried },
    ],
  },
  {
    title: "decided deliveries are made",
    names: [splitName(UNIQUE, "part", 1, to), splitName(UNIQUE, "last", 0, to)],
    expected: [
      { do: "deliver", name: splitName(UNIQUE, "part", 1, to), to },
      { do: "deliver", name: splitName(UNIQUE, "last", 0, to), to },
    ],
  },
  { title: "hidden files are none", names: [".metwork.x"], expected: [] },
];
for (const { title, names, expected } of cases) {
  test(`after a death: ${title}`, () => assert.deepEqual(recover(names), expected));
}
