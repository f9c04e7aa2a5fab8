import assert from "node:assert/strict";
import { mock, test } from "node:test";
import type { Lane } from "./lane.ts";
import { Pace } from "./pace.ts";
import { Rests } from "./rests.ts";

/** A step of its own program with so many files waiting in memory, and the steps there are; a clock to be set. */
function plant(waiting: number) {
  const clock = { ms: 1000 };
  const directory = { queued: 0 };
  const pace = new Pace();
  const next = { external: true, limit: 4096, taking: 0, room: -waiting, pace } as unknown as Lane;
  const lanes = new Map([
    ["guess_file_type.main", { external: false } as Lane],
    ["own.main", next],
  ]);
  const over: string[] = [];
  const rests = new Rests(
    (key) => over.push(key),
    () => directory.queued,
    () => clock.ms,
  );
  const finish = (files: number, everyMs: number): void => {
    for (let index = 0; index < files; index++) {
      clock.ms += everyMs;
      pace.finished(clock.ms);
    }
  };
  const bring = (from: string): boolean => {
    rests.brought(`/in/tmp/${from}/mw0123456789-1`, next, lanes);
    return rests.rests(from);
  };
  return { clock, directory, next, over, rests, finish, bring };
}

test("a step whose files fill the memory for a brisk one rests until few are left", () => {
  const { next, over, rests, finish, bring } = plant(600);
  finish(200, 0.5);
  assert.ok(bring("guess_file_type.main"));
  next.room = -100;
  rests.eased(next);
  assert.deepEqual(over, []);
  next.room = -60;
  rests.eased(next);
  assert.deepEqual(over, ["guess_file_type.main"]);
  assert.ok(!rests.rests("guess_file_type.main"));
});

test("once files are in the directory of a brisk step, who brings more rests until none is left there; not for thousands", () => {
  const { directory, next, over, rests, finish, bring } = plant(0);
  directory.queued = 140;
  finish(200, 0.5);
  assert.ok(bring("guess_file_type.main"));
  directory.queued = 1;
  rests.eased(next);
  assert.deepEqual(over, []);
  directory.queued = 0;
  rests.eased(next);
  assert.deepEqual(over, ["guess_file_type.main"]);
  directory.queued = 3000;
  finish(200, 0.5);
  assert.ok(!bring("guess_file_type.main"));
});

test("nobody rests for a slow step, for few files, or in the step itself", () => {
  const slow = plant(2000);
  slow.finish(200, 3);
  assert.ok(!slow.bring("guess_file_type.main"));
  const empty = plant(100);
  empty.finish(200, 0.5);
  assert.ok(!empty.bring("guess_file_type.main"));
  const own = plant(600);
  own.finish(200, 0.5);
  assert.ok(!own.bring("own.main"));
});

test("a step that had nothing to do is taken for brisk at first: once memory is full it could not show it any more", () => {
  const { clock, next, rests, finish, bring } = plant(0);
  assert.ok(!bring("guess_file_type.main"));
  next.room = -600;
  clock.ms += 30;
  assert.ok(bring("guess_file_type.main"));
  finish(64, 1.9);
  assert.ok(rests.rests("guess_file_type.main"));
  finish(64, 5);
  assert.ok(!rests.rests("guess_file_type.main"));
});

test("a rest ends when the brisk step stops finishing files", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const { clock, over, finish, bring } = plant(600);
    finish(200, 0.5);
    assert.ok(bring("guess_file_type.main"));
    mock.timers.tick(128);
    assert.deepEqual(over, []);
    clock.ms += 200;
    mock.timers.tick(128);
    assert.deepEqual(over, ["guess_file_type.main"]);
  } finally {
    mock.timers.reset();
  }
});
