import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { archiveStep, Pipeline, rule, says, until } from "./flow-harness.ts";
import { give, ownStep, RawStep } from "./steps-harness.ts";

describe("the step protocol", () => {
  let flow: Pipeline;
  let steps: RawStep[];
  beforeEach(async () => {
    flow = new Pipeline();
    steps = [];
    flow.configure(flow.config([ownStep("own"), archiveStep(flow.archive)], [rule("*", "own")]));
    await flow.start();
  });
  afterEach(async () => {
    for (const one of steps) one.end();
    await flow.close();
  });

  function worker(): RawStep {
    const made = new RawStep(flow);
    steps.push(made);
    return made;
  }

  const waiting = (): string[] => readdirSync(join(flow.dataIn, "step.own.main"));
  const trash = (): string[] => {
    const directory = join(flow.dataIn, "trash", "own.main");
    return existsSync(directory) ? readdirSync(directory).sort() : [];
  };

  test("the socket is its user's; files wait until a worker asks, and it gets no more than it asked for", async () => {
    assert.equal(statSync(join(flow.root, "flow.socket")).mode & 0o777, 0o600);
    for (let index = 0; index < 5; index++) give(flow, "own", `f${index}`, "x");
    const step = worker();
    step.say({ op: "hello", protocol: 1, step: "own/main", sdk: "test" });
    await until("it is welcome", () => step.heard.length > 0);
    assert.deepEqual(step.heard, [{ op: "welcome", protocol: 1 }]);
    assert.equal(waiting().length, 5);
    step.say({ op: "next", count: 2 });
    const [first, second] = await step.files(2);
    assert.equal(waiting().length, 3);
    const tags = first?.["tags"] as Record<string, string>;
    assert.match(String(tags["first.core.original_basename"]), /^f\d$/);
    assert.equal(tags["latest.core.step_counter"], "0");
    assert.equal(first?.["attempt"], 1);
    assert.match(String(first?.["path"]), /\/tmp\/own\.main\/mw[0-9a-z-]+$/);
    step.say(
      { op: "done", id: first?.["id"], outcome: "ok" },
      { op: "done", id: second?.["id"], outcome: "failed", reason: "no" },
    );
    await until("one is in trash", () => trash().length === 2);
    await until("the other is gone", () => !existsSync(String(first?.["path"])));
    await says(flow, /Bad processing status for file: f\d: no/);
  });

  test("outputs leave with the file, all or none, their tags and its tags kept", async () => {
    give(flow, "own", "input", "in");
    const step = worker();
    step.hello("own");
    const [file] = await step.files(1);
    const id = file?.["id"];
    const made = join(flow.root, "made");
    writeFileSync(made, "derived");
    const tags = { ...(file?.["tags"] as object), "first.core.original_basename": "made" };
    step.say(
      { op: "tag", id, set: { mine: "1", "first.core.original_dirname": null } },
      { op: "emit", id, path: made, to: "archive/main", mode: "move", tags },
      {
        op: "emit",
        id,
        path: file?.["path"],
        to: "archive/main",
        mode: "copy",
        tags: { ...tags, "first.core.original_basename": "copy" },
      },
      { op: "emit", id, path: file?.["path"], to: "archive/main", mode: "move" },
    );
    step.say({ op: "next" });
    assert.deepEqual(flow.archived(), []);
    step.say({ op: "done", id, outcome: "ok" });
    await until("all three are archived", () => flow.archived().length === 3 && flow.inside().length === 0);
    assert.deepEqual(flow.archived(), ["copy", "input", "made"]);
    assert.equal(readFileSync(join(flow.archive, "made"), "utf8"), "derived");
    assert.equal(readFileSync(join(flow.archive, "copy"), "utf8"), "in");
    assert.equal(existsSync(made), false);
    assert.equal(flow.tags("input").get("mine"), "1");
    assert.equal(flow.tags("input").get("latest.core.step_counter"), "1");

    give(flow, "own", "bad", "in");
    const [, bad] = await step.files(2);
    step.say(
      { op: "emit", id: bad?.["id"], path: join(flow.root, "nowhere"), to: "archive/main" },
      { op: "emit", id: bad?.["id"], path: bad?.["path"], to: "archive/main" },
      { op: "done", id: bad?.["id"], outcome: "ok" },
    );
    await until("it failed", () => trash().length === 2);
    assert.equal(flow.archived().length, 3);
  });

  test("the connection is the lease: a file goes back as it came, and after three deaths to trash", async () => {
    give(flow, "own", "innocent", "x");
    give(flow, "own", "poison", "x");
    const first = worker();
    first.hello("own", 2);
    await first.files(2);
    first.end();
    await until("both are back", () => waiting().length === 2);
    for (let death = 2; death <= 3; death++) {
      const step = worker();
      step.hello("own", 5);
      for (let seen = 1; ; seen++) {
        const file = (await step.files(seen))[seen - 1];
        const tags = file?.["tags"] as Record<string, string>;
        assert.equal(file?.["alone"], true, "suspects are given alone");
        assert.equal(file?.["attempt"], death);
        assert.equal(tags["latest.core.step_counter"], "0");
        if (tags["first.core.original_basename"] === "poison") break;
        step.say({ op: "done", id: file?.["id"], outcome: "ok" });
      }
      step.end();
      await until("it is dealt with", () => waiting().length > 0 || trash().length > 0);
    }
    await until("it is in trash", () => trash().length === 2);
    assert.deepEqual(trash(), ["poison", "poison.tags"]);
    const tags = readFileSync(join(flow.dataIn, "trash", "own.main", "poison.tags"), "utf8");
    assert.match(tags, /^latest\.own\.main\.poison = 3 workers died with it in their hands$/m);
  });

  test("who breaks the rules is told, disconnected, and its files go on", async () => {
    give(flow, "own", "file", "x");
    const bad = worker();
    bad.hello("own");
    await bad.files(1);
    bad.say({ op: "done", id: 999, outcome: "ok" });
    await until("it is disconnected", () => bad.closed);
    assert.deepEqual(bad.heard.at(-1), { op: "error", message: "it does not hold file 999" });
    const other = worker();
    other.say({ op: "hello", protocol: 2, step: "own/main" });
    await until("it is disconnected", () => other.closed);
    assert.match(String(other.heard.at(-1)?.["message"]), /protocol 2 is not spoken here/);
    const good = worker();
    good.hello("own");
    const [file] = await good.files(1);
    good.say({ op: "done", id: file?.["id"], outcome: "ok" });
    await until("nothing is left", () => flow.inside().length === 0);
  });

  test("a step that comes later, and one that leaves: its workers hear of it", async () => {
    const early = worker();
    early.hello("later");
    give(flow, "later", "file", "x");
    flow.configure(flow.config([ownStep("later")], []));
    flow.signal("SIGHUP");
    await early.files(1);
    const own = worker();
    own.hello("own");
    flow.configure(flow.config([ownStep("own")], []));
    flow.signal("SIGHUP");
    await until("it may go", () => early.heard.some(({ op }) => op === "stop"));
    early.say({ op: "done", id: early.heard[1]?.["id"], outcome: "ok" });
    await until("the other is welcome", () => own.heard.length === 1);
    own.say({ op: "stop" });
    await until("it may go", () => own.heard.some(({ op }) => op === "stop"));
    give(flow, "own", "second", "x");
    await until("it waits", () => waiting().length === 1);
  });
});
