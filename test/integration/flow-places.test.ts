import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { readTags, writeTags } from "../../src/kit/tags.ts";
import { archiveStep, Pipeline, png, rule, step, until } from "./flow-harness.ts";

const MEMORY = "/dev/shm";
const other = existsSync(MEMORY) && statSync(MEMORY).dev !== statSync(tmpdir()).dev;
const BIN = new URL("../../bin/", import.meta.url).pathname;

describe("where files come from and go to", () => {
  let flow: Pipeline;
  beforeEach(() => {
    flow = new Pipeline();
  });
  afterEach(() => flow.close());

  test("from and to another file system, with tags, nothing left over", { skip: !other }, async () => {
    const far = mkdtempSync(join(MEMORY, "metwork-flow-"));
    try {
      const config = flow.config([archiveStep(join(far, "archive"))], [rule("PNG image*", "archive")]);
      const source = join(far, "source");
      flow.configure({
        ...config,
        watched: [...config.watched, { directory: source, steps: ["guess_file_type.main"], external: true }],
      });
      await flow.start();
      writeFileSync(join(source, "far.png"), png(1));
      await until("archived", () => flow.archived(join(far, "archive")).length === 1 && flow.inside().length === 0);
      assert.deepEqual(readFileSync(join(far, "archive", "far.png")), png(1));
      assert.match(readFileSync(join(far, "archive", "far.png.tags"), "utf8"), /original_dirname = source\n/);
      assert.deepEqual(readdirSync(source), []);
      assert.equal(readdirSync(join(far, "archive")).length, 2);
    } finally {
      // It would make a watched directory again.
      await flow.stop();
      rmSync(far, { recursive: true });
    }
  });

  test("killed while it copies to and from another file system: each file is there once", {
    skip: !other,
  }, async () => {
    const far = mkdtempSync(join(MEMORY, "metwork-flow-"));
    const [source, archive] = [join(far, "source"), join(far, "archive")];
    try {
      const config = flow.config([archiveStep(archive)], [rule("PNG image*", "archive")]);
      const watched = { directory: source, steps: ["guess_file_type.main"], external: true };
      flow.configure({ ...config, watched: [...config.watched, watched] });
      const points = ["copied-in", "copied", "pair-half", "placed"];
      for (const point of points) {
        await flow.start({ METWORK_KILL_AT: point });
        writeFileSync(join(far, `${point}.png`), png(1));
        renameSync(join(far, `${point}.png`), join(source, `${point}.png`));
        await until(`it dies at ${point}`, () => !flow.isRunning);
        assert.equal(existsSync(join(source, `${point}.png`)), point === "copied-in");
        assert.equal(existsSync(join(archive, `${point}.png`)), point === "placed");
        assert.equal(flow.inside().length, 1, "the claim is there");
        await flow.start();
        await until(
          "it is archived",
          () => flow.archived(archive).includes(`${point}.png`) && flow.inside().length === 0,
        );
        await flow.stop();
      }
      assert.deepEqual(flow.archived(archive), points.map((point) => `${point}.png`).sort());
      assert.equal(readdirSync(archive).length, 2 * points.length, "nothing hidden is left");
      assert.deepEqual(readdirSync(source), []);
      for (const point of points) {
        const tags = readFileSync(join(archive, `${point}.png.tags`), "utf8");
        assert.match(tags, /^latest\.core\.step_counter = 2$/m);
        assert.match(tags, /^first\.core\.original_dirname = source$/m);
      }
    } finally {
      await flow.stop();
      rmSync(far, { recursive: true });
    }
  });

  test("a step that does not run keeps its files, tags on them, until it does", async () => {
    const later = { ...archiveStep(flow.archive), lanes: 0 };
    const rules = [rule("PNG image*", "archive")];
    flow.configure(flow.config([later], rules));
    await flow.start();
    flow.drop("waits.png", png(1));
    const waiting = join(flow.dataIn, "step.archive.main");
    await until("it waits", () => existsSync(waiting) && readdirSync(waiting).length === 1);
    const { tags } = readTags(join(waiting, readdirSync(waiting)[0] ?? ""));
    assert.equal(tags.get("first.core.original_basename"), "waits.png");
    assert.equal(tags.get("latest.core.step_counter"), "1");
    flow.configure(flow.config([archiveStep(flow.archive)], rules));
    flow.signal("SIGHUP");
    await until("archived", () => flow.archived().length === 1);
    assert.equal(flow.tags("waits.png").size, 13);
    assert.equal(readTags(join(flow.archive, "waits.png")).place, undefined);
  });

  test("tags too large for the file itself go along all the same", async () => {
    const rules = [rule("PNG image*", "hop"), rule("done", "archive", "user.state", "equal")];
    const hop = step("hop", {
      do: "move",
      to: { to: "step", step: { plugin: "archive", step: "main" } },
      basename: "x",
      dropTags: false,
    });
    flow.configure(flow.config([hop, { ...archiveStep(flow.archive), lanes: 0 }], rules));
    await flow.start();
    const staged = join(flow.stage, "large.png");
    writeFileSync(staged, png(1));
    writeTags(staged, staged, new Map([["user.large", "x".repeat(60_000)]]));
    execFileSync(join(BIN, "inject_file"), ["--incoming", staged], {
      env: { ...process.env, MFDATA_DATA_IN_DIR: flow.dataIn, METWORK_ALLOW_USAGE_BY_ROOT: "1" },
    });
    const waiting = join(flow.dataIn, "step.archive.main");
    await until("it waits", () => existsSync(waiting) && readdirSync(waiting).length === 2);
    assert.equal(flow.inside().length, 2, "the file and its side-car, no other");
    flow.configure(flow.config([archiveStep(flow.archive)], rules));
    flow.signal("SIGHUP");
    await until("archived", () => flow.archived().length === 1 && flow.inside().length === 0);
    assert.equal(flow.tags("large.png").get("user.large")?.length, 60_000);
    assert.equal(flow.tags("large.png").get("first.core.original_dirname"), "incoming");
  });

  test("failed files: deleted, or moved with their tags, as the step says; a circle ends in trash", async () => {
    const work = { do: "archive", directory: "/proc/nowhere", basename: "x", tagsSuffix: ".tags" } as const;
    const quarantine = join(flow.root, "quarantine");
    const byName = "first.core.original_basename";
    flow.configure(
      flow.config(
        [
          step("deleted", work, { onFailure: { do: "delete" } }),
          step("moved", work, { onFailure: { do: "move", to: { to: "directory", path: quarantine } } }),
          step("passed", work, {
            onFailure: { do: "move", to: { to: "step", step: { plugin: "archive", step: "main" } } },
          }),
          step("circle", {
            do: "move",
            to: { to: "step", step: { plugin: "circle", step: "main" } },
            basename: "x",
            dropTags: false,
          }),
          archiveStep(flow.archive),
        ],
        ["deleted", "moved", "passed", "circle"].map((name) => rule(`${name}.*`, name, byName)),
      ),
    );
    await flow.start();
    for (const name of ["deleted", "moved", "passed", "circle"]) flow.drop(`${name}.txt`, "text");
    const isSettled = (): boolean =>
      flow.archived().length === 1 && existsSync(quarantine) && readdirSync(quarantine).length === 2;
    await until("all settled", isSettled);
    const trash = join(flow.dataIn, "trash", "circle.main");
    await until("the circle ended", () => existsSync(trash) && flow.inside().length === 2);
    assert.deepEqual(readdirSync(quarantine).sort(), ["moved.txt", "moved.txt.tags"]);
    assert.ok(flow.tags("passed.txt").has("3.archive.main.enter_step"));
    assert.equal(readdirSync(trash).length, 2, "only the circle's file and tags");
  });

  test("inject_file and the tag commands", async () => {
    flow.configure(flow.config([archiveStep(flow.archive)], [rule("x", "archive", "my.tag", "equal")]));
    await flow.start();
    const run = (name: string, ...args: readonly string[]): string =>
      execFileSync(join(BIN, name), args, {
        env: { ...process.env, MFDATA_DATA_IN_DIR: flow.dataIn, METWORK_ALLOW_USAGE_BY_ROOT: "1" },
        encoding: "utf8",
      });
    const staged = join(flow.stage, "tagged.txt");
    writeFileSync(staged, "text");
    run("set_tag", staged, "my.tag", "x");
    run("set_tag", staged, "a.tag", "y = z");
    assert.equal(run("print_tags", staged), "a.tag = y = z\nmy.tag = x\n");
    assert.equal(run("get_tag", staged, "a.tag"), "y = z\n");
    assert.equal(run("get_tag", staged, "absent"), "");
    run("inject_file", staged);
    await until("archived", () => flow.archived().length === 1);
    const tags = flow.tags("tagged.txt");
    assert.equal(tags.get("first.core.original_dirname"), "step.guess_file_type.main");
    assert.equal(tags.get("a.tag"), "y");
    run("inject_file", "--move", "--incoming", "--random-basename", staged);
    await until("archived", () => flow.archived().length === 2);
    assert.ok(!existsSync(staged));
    mkdirSync(join(flow.root, "nothing"));
    assert.throws(() => run("inject_file", join(flow.root, "nothing")), { status: 1 });
    assert.throws(() => run("inject_file", "--plugin", "a/b", join(flow.archive, "tagged.txt")), { status: 2 });
  });
});
