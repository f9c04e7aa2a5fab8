import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { claimId, decodeClaim, encodeClaim } from "./claim-name.ts";
import { byteLength, NAME_MAX } from "./names.ts";

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
