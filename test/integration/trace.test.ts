import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { TAG } from "../../src/core/flow/tags.ts";
import type { FlowConfig } from "../../src/core/flow/types.ts";
import { type Story, tellStories, type Visit } from "../../src/core/trace/story.ts";
import { writeTags } from "../../src/kit/tags.ts";
import { TraceReader } from "../../src/trace/query.ts";
import { listSegments } from "../../src/trace/segment.ts";
import { archiveStep, Pipeline, png, rule, says, step, until } from "./flow-harness.ts";

const MAIN = join(import.meta.dirname, "..", "..", "src", "main", "trace.ts");
const NAME = "first.core.original_basename";

function traced(flow: Pipeline, config: FlowConfig): FlowConfig {
  const settings = {
    directory: join(flow.root, "trace"),
    keep: true,
    maxAgeS: 86_400,
    maxBytes: 64 * 1024 * 1024,
    digest: true,
    removed: join(flow.dataIn, "tmp", "digest"),
  };
  return { ...config, trace: { argv: [process.execPath, MAIN], settings } };
}

function stories(flow: Pipeline, what: string): readonly Story[] {
  const reader = new TraceReader(join(flow.root, "trace"));
  try {
    return tellStories(reader.passagesOf(reader.find(what, 100)), reader.open());
  } finally {
    reader.close();
  }
}

function leaves(visit: Visit): readonly Visit[] {
  return visit.children.length === 0 ? [visit] : visit.children.flatMap(leaves);
}

/** A story in short: steps and endings, children in brackets. */
function shape(visits: readonly Visit[]): string {
  return visits
    .map(({ plugin, ending, children }) => `${plugin} ${ending}${children.length > 0 ? ` (${shape(children)})` : ""}`)
    .sort()
    .join(", ");
}

const ARCHIVED = "guess_file_type passed (switch passed (archive stored))";

describe("the trace of a pipeline", () => {
  const flow = new Pipeline();
  before(async () => {
    const blocked = join(flow.root, "blocked");
    writeFileSync(blocked, "no directory");
    const steps = [
      archiveStep(flow.archive),
      archiveStep(join(flow.root, "second"), "second"),
      archiveStep(blocked, "failing"),
      step("gone", { do: "delete" }),
    ];
    const rules = [
      rule("one.*", "archive", NAME),
      rule("many*", "archive", NAME),
      rule("copies.*", "archive,second,gone", NAME),
      rule("bad.*", "failing", NAME),
    ];
    await flow.startRedis();
    flow.configure(traced(flow, flow.config(steps, rules)));
    await flow.start();
  });
  after(() => flow.close());

  test("tells each file's way with its copies, its failure, or that nobody wanted it", async () => {
    for (const name of ["one.png", "copies.png", "bad.png", "none.png"]) flow.drop(name, png(name.charCodeAt(1)));
    const shapes = (): string[] =>
      ["one.png", "copies.png", "bad.png", "none.png"].map((name) => shape(stories(flow, name)[0]?.visits ?? []));
    const expected = [
      ARCHIVED,
      "guess_file_type passed (switch passed (archive stored, gone removed, second stored))",
      "guess_file_type passed (switch passed (failing buried))",
      "guess_file_type passed (switch unmatched)",
    ];
    await until("all are told", () => JSON.stringify(shapes()) === JSON.stringify(expected)).catch(() =>
      assert.deepEqual(shapes(), expected),
    );
    const [story] = stories(flow, "bad.png");
    assert.deepEqual(
      [story?.name, story?.directory, story?.size],
      ["bad.png", "incoming", png("bad".charCodeAt(1)).length],
    );
    const failed = story?.visits[0]?.children[0]?.children[0];
    assert.match(failed?.detail ?? "", /ENOTDIR|EEXIST/);
    assert.equal(failed?.path, join(flow.dataIn, "trash", "failing.main", "bad.png"));
  });

  test("a file that a listener made, with the counter it gives, is an arrival like others", async () => {
    const staged = join(flow.stage, "listened");
    writeFileSync(staged, "from a broker");
    writeTags(
      staged,
      staged,
      new Map([
        [TAG.counter, "0"],
        [TAG.uid, "f".repeat(32)],
        ["0.mqtt.main.topic", "x"],
      ]),
    );
    renameSync(staged, join(flow.incoming, "one.listened"));
    await until("it is told", () => stories(flow, "f".repeat(32)).length === 1);
    const reader = new TraceReader(join(flow.root, "trace"));
    assert.deepEqual(
      reader.arrivals("one.list*", 0, Date.now() + 1000).map(({ uid }) => uid),
      ["f".repeat(32)],
    );
    reader.close();
  });

  test("gives removed files a digest too, whether a step or nobody wanted them, and lets go of them", async () => {
    const content = "removed and known all the same";
    flow.drop("copies.txt", content);
    flow.drop("nobody.txt", `${content}, by nobody`);
    const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
    const ends = (name: string): readonly string[] =>
      stories(flow, name)
        .flatMap(({ visits }) => visits.flatMap(leaves))
        .map((visit) => `${visit.plugin} ${visit.sha256}`)
        .sort();
    const [known, other] = [sha256(content), sha256(`${content}, by nobody`)];
    await until(
      "each end has its digest",
      () => ends("copies.txt").length === 3 && !ends("copies.txt").join().includes("undefined"),
    );
    assert.deepEqual(ends("copies.txt"), [`archive ${known}`, `gone ${known}`, `second ${known}`]);
    await until("nobody's has it", () => ends("nobody.txt")[0] === `switch ${other}`);
    await until("nothing of them is left", () => readdirSync(join(flow.dataIn, "tmp", "digest")).length === 0);
  });

  test("gives kept files a digest when there is time, by which they are found", async () => {
    await until("it has its digest", () => last(stories(flow, "one.png")[0])?.sha256 !== undefined);
    const sha256 = last(stories(flow, "one.png")[0])?.sha256 ?? "";
    assert.deepEqual(
      stories(flow, sha256).map(({ name }) => name),
      ["one.png"],
    );
    assert.deepEqual(
      stories(flow, "on?.p*").map(({ name }) => name),
      ["one.png"],
    );
  });

  test("a trace that is killed is started again, and told what it missed", async () => {
    const before = flow.archived().length;
    for (const pid of childrenOf(flow.daemonPid)) process.kill(pid, "SIGKILL");
    await until("that is noticed", () => flow.log.includes("the trace's process ended (SIGKILL)"));
    for (let index = 0; index < 20; index++) flow.drop(`many_killed${index}`, String(index));
    await until("all are archived", () => flow.archived().length === before + 20);
    await until("all are told", () => stories(flow, "many_killed*").length === 20);
    for (const name of flow.archived().filter((one) => one.startsWith("many_killed"))) rmSync(join(flow.archive, name));
  });

  test("a file of it that is damaged, or no database, holds nothing up; it is set aside and another begun", async () => {
    const [segment] = listSegments(join(flow.root, "trace"));
    assert.ok(segment !== undefined);
    await flow.stop();
    for (const part of ["-wal", "-shm"]) rmSync(segment.path + part, { force: true });
    writeFileSync(segment.path, "this is no database, but it is long enough to be taken for one. ".repeat(200));
    await flow.start();
    for (let index = 0; index < 50; index++) flow.drop(`many${index}`, String(index));
    await until("all are archived", () => flow.archived().length >= 52);
    await until("all are told", () => stories(flow, "many*").length === 50);
    assert.ok(existsSync(join(flow.root, "trace", "unreadable.sqlite")));
    await says(flow, /is set aside and a new one begun/);
    assert.deepEqual(new Set(stories(flow, "many*").map(({ visits }) => shape(visits))), new Set([ARCHIVED]));
  });

  test("where it cannot be written at all the pipeline goes on, and what is missing is counted", async () => {
    await flow.stop();
    const directory = join(flow.root, "trace");
    rmSync(directory, { recursive: true });
    writeFileSync(directory, "in the way");
    await flow.start();
    const before = flow.archived().length;
    flow.drop("one.lost", "x");
    await until("it is archived", () => flow.archived().length === before + 1);
    await until("it is said", () => flow.log.includes("the trace cannot be written"));
    rmSync(directory);
    flow.drop("one.kept", "x");
    await until("the next is told", () => existsSync(directory) && stories(flow, "one.kept").length === 1);
    await until("that is said", () => flow.log.includes("the trace is written again"));
    const reader = new TraceReader(directory);
    // It tries twice; between the two the way may have become free.
    assert.equal(reader.lost(0, Date.now() + 1000) + stories(flow, "one.lost").length, 1);
    reader.close();
    assert.equal(readdirSync(flow.incoming).length, 0);
  });
});

/** The daemon's only child is the trace. */
function childrenOf(pid: number): readonly number[] {
  const words = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
  return words.filter((word) => word !== "").map(Number);
}

function last(story: Story | undefined): Visit | undefined {
  let visit = story?.visits[0];
  while (visit?.children[0] !== undefined) visit = visit.children[0];
  return visit;
}
