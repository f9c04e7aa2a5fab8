import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { readTags } from "../../src/kit/tags.ts";
import { archiveStep, Pipeline, png, rule, step, until } from "./flow-harness.ts";

describe("a running pipeline", () => {
  const flow = new Pipeline();
  const moved = join(flow.root, "moved");
  const rules = [
    rule("PNG image*", "archive"),
    rule("gzip compressed*", "archive"),
    rule("JSON*", "mover"),
    rule("*.both", "archive*,second*", "first.core.original_basename"),
    rule("*.copies", "archive,second,deleter", "first.core.original_basename"),
    rule("(", "archive", "first.core.original_basename", "regex"),
    rule("*.any", "archive", "first.core.original_basename"),
    rule("*.bad", "broken", "first.core.original_basename"),
  ];
  const steps = [
    archiveStep(flow.archive),
    archiveStep(join(flow.root, "second"), "second"),
    step("mover", {
      do: "move",
      to: { to: "directory", path: moved },
      basename: "{ORIGINAL_BASENAME}",
      chmod: 0o604,
      dropTags: true,
    }),
    step("deleter", { do: "delete" }),
    step("broken", { do: "archive", directory: "/proc/nowhere", basename: "x", tagsSuffix: ".tags" }),
  ];

  before(async () => {
    await flow.startRedis();
    flow.configure(flow.config(steps, rules));
    await flow.start();
  });
  after(() => flow.close());
  beforeEach(() => {
    for (const directory of [flow.archive, join(flow.root, "second"), moved, join(flow.dataIn, "trash")]) {
      rmSync(directory, { recursive: true, force: true });
    }
  });
  const archived = (name: string): Promise<void> =>
    until(`${name} is archived`, () => flow.archived().includes(name) && flow.inside().length === 0);

  test("files go where their type says, with all their tags", async () => {
    flow.drop("a.png", png(1));
    flow.drop("b.gz", gzipSync("text"));
    flow.drop("c.json", '{"a": 1}\n');
    flow.drop("d.txt", "some text\n");
    await until("all are there", () => flow.archived().length === 2 && flow.archived(moved).length === 1);
    assert.deepEqual(flow.archived(), ["a.png", "b.gz"]);
    assert.deepEqual(readFileSync(join(flow.archive, "a.png")), png(1));
    assert.equal(statSync(join(moved, "c.json")).mode & 0o777, 0o604);
    const trash = join(flow.dataIn, "trash", "switch.nomatch");
    await until("d.txt is kept", () => flow.archived(trash).includes("d.txt") && flow.inside().length === 2);
    assert.deepEqual(readdirSync(trash).sort(), ["d.txt", "d.txt.tags"]);

    const tags = flow.tags("a.png");
    const magic = execFileSync("file", ["-b", join(flow.archive, "a.png")], { encoding: "utf8" }).trim();
    assert.deepEqual(
      [...tags.keys()],
      [
        "0.guess_file_type.main.ascii_header",
        "0.guess_file_type.main.enter_step",
        "0.guess_file_type.main.size",
        "0.guess_file_type.main.system_magic",
        "1.switch.main.enter_step",
        "2.archive.main.enter_step",
        "first.core.original_basename",
        "first.core.original_dirname",
        "first.core.original_uid",
        "latest.core.step_counter",
        "latest.guess_file_type.main.ascii_header",
        "latest.guess_file_type.main.size",
        "latest.guess_file_type.main.system_magic",
      ],
    );
    assert.equal(tags.get("latest.guess_file_type.main.system_magic"), magic);
    assert.equal(tags.get("latest.guess_file_type.main.size"), String(png(1).length));
    assert.equal(tags.get("first.core.original_basename"), "a.png");
    assert.equal(tags.get("first.core.original_dirname"), "incoming");
    assert.match(tags.get("first.core.original_uid") ?? "", /^[0-9a-f]{32}$/);
    assert.match(tags.get("1.switch.main.enter_step") ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d:\d{6}$/);
    assert.equal(readTags(join(flow.archive, "a.png")).place, undefined, "no tags are left on the file");
  });

  test("an equal name never overwrites: the second gets a name of its own, with its extension and tags", async () => {
    flow.drop("same.png", png(1));
    await archived("same.png");
    flow.drop("same.png", png(2));
    await until("both are there", () => flow.archived().length === 2);
    const other = flow.archived().find((name) => name !== "same.png") ?? "";
    assert.match(other, /^same~[0-9a-f]{8}\.png$/);
    assert.deepEqual(readFileSync(join(flow.archive, "same.png")), png(1));
    assert.deepEqual(readFileSync(join(flow.archive, other)), png(2));
    assert.equal(flow.tags(other).get("first.core.original_basename"), "same.png");
  });

  test("a file written in place is never taken before it is closed", async () => {
    const fds = Array.from({ length: 20 }, (_, index) => openSync(join(flow.incoming, `slow${index}.any`), "w"));
    for (let part = 0; part < 5; part++) {
      for (const fd of fds) writeSync(fd, `part ${part}\n`.repeat(50));
      const before = flow.log.split("running ").length;
      flow.signal("SIGHUP");
      await until("every directory is listed again", () => flow.log.split("running ").length > before);
      flow.drop(`whole${part}.any`, "whole");
      await until("one that is whole is archived", () => flow.archived().includes(`whole${part}.any`));
    }
    const slow = (): readonly string[] => flow.archived().filter((name) => name.startsWith("slow"));
    assert.deepEqual(slow(), []);
    for (const fd of fds) closeSync(fd);
    await until("all are archived", () => slow().length === 20);
    for (const name of slow()) assert.equal(statSync(join(flow.archive, name)).size, 5 * 50 * 7, name);
  });

  test("a hard link made into a directory arrives, even when its other name goes at once", async () => {
    for (const name of ["stays.any", "goes.any"]) writeFileSync(join(flow.stage, name), "linked");
    linkSync(join(flow.stage, "stays.any"), join(flow.incoming, "stays.any"));
    linkSync(join(flow.stage, "goes.any"), join(flow.incoming, "goes.any"));
    unlinkSync(join(flow.stage, "goes.any"));
    await until("both arrived", () => flow.archived().length === 2);
    assert.equal(flow.tags("stays.any").get("first.core.original_basename"), "stays.any");
    assert.equal(
      readTags(join(flow.stage, "stays.any")).place,
      undefined,
      "the producer's own name has no tags of ours",
    );
  });

  test("unfinished, foreign and hidden things stay where they are", async () => {
    for (const name of ["x.any.t", "x.any.tmp", "x.any.working"]) writeFileSync(join(flow.incoming, name), "x");
    mkdirSync(join(flow.incoming, "directory.any"));
    symlinkSync("/etc/passwd", join(flow.incoming, "link.any"));
    flow.drop("last.any", "x");
    await until("the last one is archived", () => flow.archived().includes("last.any"));
    assert.deepEqual(flow.archived(), ["last.any"]);
    assert.equal(readdirSync(flow.incoming).length, 5);
    renameSync(join(flow.incoming, "x.any.t"), join(flow.incoming, "x.any"));
    await until("a finished one goes", () => flow.archived().includes("x.any"));
    for (const name of readdirSync(flow.incoming)) rmSync(join(flow.incoming, name), { recursive: true });
  });

  const torture: readonly (string | Buffer)[] = [
    "with space.any",
    "new\nline.any",
    "quote'\".any",
    "per%dcent%Y.any",
    "back\\slash.any",
    "-dash.any",
    "a~b.any",
    "{ORIGINAL_UID}.any",
    "é 日本 🎈.any",
    `${"n".repeat(251)}.any`,
    `${"é".repeat(125)}.any`,
    "x.part.archive.main.any",
    Buffer.from("latin-\xe9\xff.any", "latin1"),
  ];
  test("whatever Linux allows in a name arrives under that name", async () => {
    for (const name of torture) {
      writeFileSync(join(flow.stage, "file"), "x");
      renameSync(join(flow.stage, "file"), Buffer.concat([Buffer.from(`${flow.incoming}/`), Buffer.from(name)]));
    }
    const names = (): Buffer[] => readdirSync(flow.archive, { encoding: "buffer" });
    await until("all arrived", () => flow.inside().length === 0 && names().length === 2 * torture.length);
    for (const name of torture) {
      assert.ok(
        names().some((other) => other.equals(Buffer.from(name))),
        `${JSON.stringify(String(name))} is there`,
      );
    }
  });

  test("several targets: each gets the content, tags of its own, and no other's fate", async () => {
    flow.drop("one.both", "shared");
    flow.drop("two.copies", "copied");
    const second = join(flow.root, "second");
    await until("delivered", () => flow.inside().length === 0 && readdirSync(flow.archive).length === 4);
    await until("delivered twice", () => readdirSync(second).length === 4);
    assert.equal(statSync(join(second, "one.both")).ino, statSync(join(flow.archive, "one.both")).ino);
    assert.notEqual(statSync(join(second, "two.copies")).ino, statSync(join(flow.archive, "two.copies")).ino);
    assert.ok(flow.tags("one.both").has("2.archive.main.enter_step"));
    assert.ok(!flow.tags("one.both").has("2.second.main.enter_step"));
    assert.equal(readFileSync(join(second, "two.copies"), "utf8"), "copied");
  });

  test("a failed file is kept in trash under its name, with its tags", async () => {
    flow.drop("it is.bad", "content");
    const trash = join(flow.dataIn, "trash", "broken.main");
    await until("it is in trash", () => flow.inside().length === 2);
    assert.deepEqual(readdirSync(trash).sort(), ["it is.bad", "it is.bad.tags"]);
    assert.match(readFileSync(join(trash, "it is.bad.tags"), "utf8"), /^2\.broken\.main\.enter_step = /m);
    await until("it is said", () =>
      /\[WARNING\] \(mfdata\.broken\.main#\d+\) Bad processing status for file: /.test(flow.log),
    );
  });

  test("exotic files do not harm", async () => {
    const exotic = [
      Buffer.alloc(0),
      Buffer.alloc(5_000_000),
      Buffer.from([0x7f, 0x45, 0x4c, 0x46]),
      png(3).subarray(0, 20),
    ];
    for (const [index, content] of exotic.entries()) flow.drop(`exotic${index}.any`, content);
    await until("all arrived", () => flow.archived().length === exotic.length);
    assert.equal(flow.tags("exotic0.any").get("latest.guess_file_type.main.system_magic"), "empty");
  });

  test("a directory that is taken away is made and watched again", async () => {
    rmSync(flow.incoming, { recursive: true });
    await until("it is back", () => readdirSync(flow.dataIn).includes("incoming"));
    await until("it is watched", () => {
      appendFileSync(join(flow.incoming, "again.any"), "x");
      return flow.archived().length > 0;
    });
    await until("the last of them has ended", () => flow.inside().length === 0);
  });

  test("counters, traces and queues are in Redis, and nothing else", async () => {
    flow.drop("counted.any", "x");
    await archived("counted.any");
    await until("counted", async () => !(await flow.redis("GET counter.archive.main")).startsWith("$-1"));
    const keys = (await flow.redis("KEYS *")).split("\r\n").filter((line) => /[a-z]/.test(line));
    assert.deepEqual([...new Set(keys.map((key) => key.split(/[.@]/)[0]))].sort(), ["counter", "latest", "trace"]);
  });

  test("a stop finishes what is in work and is quick", async () => {
    for (let index = 0; index < 50; index++) flow.drop(`stop${index}.any`, "x");
    const start = performance.now();
    assert.equal(await flow.stop(), 0);
    assert.ok(performance.now() - start < 30_000);
    const inTmp = flow.inside().filter((path) => path.startsWith(join(flow.dataIn, "tmp")));
    assert.deepEqual(inTmp, []);
    const names = [...flow.archived(), ...flow.inside().map((path) => basename(path))];
    assert.equal(names.length, 50);
    await flow.start();
    await until("the rest is archived", () => flow.archived().length === 50);
  });
});
