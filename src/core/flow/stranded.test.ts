import assert from "node:assert/strict";
import { test } from "node:test";
import { counts, parseStepKey, strandedRooms, whyStranded } from "./stranded.ts";

const steps = new Map([
  ["a.main", 1],
  ["a.off", 0],
  ["b.x_reinject", 1],
]);

test("directories of steps that run, and those of nobody, are no matter", () => {
  const data = ["incoming", "trash", "tmp", "step.a.main", "step.a.main_reinject", "step.b.x_reinject", "step.bad"];
  assert.deepEqual(strandedRooms(data, ["a.main", "a.main.work", "nginx"], steps), []);
});

test("each room of a step that nobody runs is found, its waiting room for retries too", () => {
  const rooms = strandedRooms(["step.gone.main", "step.gone.main_reinject", "step.a.off"], ["gone.main"], steps);
  assert.deepEqual(
    rooms.map(({ of, room, directory }) => `${of.plugin}/${of.step} ${room} ${directory}`),
    [
      "gone/main waiting step.gone.main",
      "gone/main retrying step.gone.main_reinject",
      "a/off waiting step.a.off",
      "gone/main inWork tmp/gone.main",
    ],
  );
  const why = (key: string) => whyStranded(parseStepKey(key) ?? { plugin: "", step: "" }, steps, new Set(["a"]));
  assert.deepEqual([why("gone.main"), why("a.was"), why("a.off")], ["no plugin", "no step", "no process"]);
});

test("scratch files and hidden ones do not count", () => {
  assert.ok(counts("inWork", "mw0123456789-1"));
  assert.ok(counts("inWork", `mw0123456789-1~${"0".repeat(32)}~incoming~a.png`));
  assert.ok(!counts("inWork", "0123456789abcdef"));
  assert.ok(counts("waiting", "a.png"));
  assert.ok(!counts("waiting", ".metwork.tags.a.png"));
});
