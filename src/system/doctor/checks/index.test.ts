import assert from "node:assert/strict";
import { test } from "node:test";
import { files, host, judge, stopped, web } from "../../../../test/support/doctor.ts";
import { bytes, duration } from "./findings.ts";
import { hostChecks, moduleChecks } from "./index.ts";

const ids = [...hostChecks, ...moduleChecks].map(({ id }) => id);

test("every check has a name of its own", () => {
  assert.equal(new Set(ids).size, ids.length);
});

test("nothing is said of a healthy machine, running or stopped", () => {
  for (const module of [web({}), files({}), web({ run: stopped }), files({ run: stopped, redis: undefined })]) {
    assert.deepEqual(
      ids.flatMap((id) => judge(id, module, host()) ?? []),
      [],
    );
  }
});

test("a check says of what is closed to this user that it could not look", () => {
  const closed = web({ hidden: ["/rt/var", "/rt/var/plugins"], run: { ...stopped, state: "RUNNING" } });
  for (const id of ["supervisor", "layers", "leftovers", "last-apply"]) {
    assert.deepEqual(
      judge(id, closed, host())?.map(({ state, message }) => [state, message]),
      [["UNKNOWN", "could not look: op may not look into it"]],
    );
  }
  assert.deepEqual(judge("ports", closed, host()), []);
});

test("amounts and times read well", () => {
  assert.deepEqual([0, 1023, 1536, 2 ** 30, 5e15].map(bytes), [
    "0 bytes",
    "1023 bytes",
    "1.5 KiB",
    "1.0 GiB",
    "4547 TiB",
  ]);
  assert.deepEqual([0, 61_000, 3_600_000, 3 * 86_400_000].map(duration), ["0 seconds", "1 minute", "1 hour", "3 days"]);
});
