import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import type { FlowStep } from "../../src/core/flow/types.ts";
import { openMagic } from "../../src/kit/linux/magic.ts";
import { Looker } from "../../src/kit/looker.ts";
import { archiveStep, Pipeline, png, rule, until } from "./flow-harness.ts";

const LATEST = "latest.guess_file_type.main";

const directory = mkdtempSync(join(tmpdir(), "metwork-magic-"));
after(() => rmSync(directory, { recursive: true }));

const bytes = (...values: readonly (string | number[])[]): Buffer =>
  Buffer.concat(values.map((value) => (typeof value === "string" ? Buffer.from(value, "latin1") : Buffer.from(value))));

const contents: readonly (string | Buffer)[] = [
  "",
  "\n",
  "plain text\n",
  "no newline",
  "dos\r\nlines\r\n",
  "accents: é à ü\n",
  "日本語\n",
  Buffer.from("latin: \xe9\xe0\n", "latin1"),
  Buffer.from("\ufeffwith a mark\n", "utf16le"),
  '{"json": [1, 2, 3]}\n',
  "a,b,c\n1,2,3\n4,5,6\n",
  '<?xml version="1.0"?>\n<a/>\n',
  "<!DOCTYPE html>\n<html><title>été</title></html>\n",
  "#!/bin/sh\necho\n",
  "#!/usr/bin/env python3\nimport os\nprint(1)\n",
  "#include <stdio.h>\nint main(void) { return 0; }\n",
  "%PDF-1.4\n%%EOF\n",
  "%!PS-Adobe-3.0\n",
  "GRIB\0\0\0\u0001rest7777",
  "BUFR\0\0\0\u0004rest7777",
  bytes("CDF", [1], "\0".repeat(40)),
  bytes([0x89], "HDF\r\n", [0x1a], "\n", "\0".repeat(64)),
  png(1),
  png(2, 30_000),
  png(3).subarray(0, 25),
  gzipSync("some text"),
  gzipSync("some text").subarray(0, 12),
  deflateSync("some text"),
  brotliCompressSync("some text"),
  bytes("BZh91AY&SY", [1, 2, 3, 4]),
  bytes("PK", [3, 4, 20, 0, 0, 0, 8, 0], "\0".repeat(30)),
  bytes("GIF89a", [1, 0, 1, 0, 0x80, 0, 0]),
  bytes([0xff, 0xd8, 0xff, 0xe0, 0, 0x10], "JFIF", [0, 1, 1, 0, 0, 1, 0, 1, 0, 0]),
  bytes("II*\0", [8, 0, 0, 0, 0, 0]),
  bytes([0x7f], "ELF", [2, 1, 1, 0], "\0".repeat(60)),
  bytes("RIFF", [36, 0, 0, 0], "WAVEfmt ", [16, 0, 0, 0, 1, 0, 1, 0, 0x44, 0xac, 0, 0]),
  Buffer.alloc(4096),
  Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919 + (index >> 3)) & 255)),
  "From: a@b.c\nTo: d@e.f\nSubject: x\n\nbody\n",
  "SQLite format 3\0".padEnd(120, "\0"),
];

const paths = contents.map((content, index) => {
  const path = join(directory, `file${index}`);
  writeFileSync(path, content);
  return path;
});
const env = { ...process.env, LC_ALL: "C.UTF-8" };
const expected = execFileSync("file", ["-b", ...paths], { env, encoding: "utf8" })
  .trimEnd()
  .split("\n");

test("descriptions are those of `file -b`, several at a time", async () => {
  const describe = openMagic(3);
  assert.deepEqual(await Promise.all(paths.map(describe)), expected);
  assert.ok(new Set(expected).size >= 28, "the files are varied");
});

test("many at once say the same as one by one, whatever cannot be looked at", async () => {
  const absent = join(directory, "absent");
  const looker = new Looker({ headerLength: 60, databases: [null, join(directory, "no.mgc")] }, 3);
  const first = await looker.look(paths[2] ?? "");
  assert.equal(first.begin, "plain text");
  // The later ones are asked of a thread that runs.
  for (let round = 0; round < 3; round++) {
    const looked = await Promise.all([...paths, absent, ...paths].map((path) => looker.look(path)));
    assert.deepEqual(looked[paths.length], { begin: undefined, described: [missing(absent), NO_DATABASE] });
    const both = looked.toSpliced(paths.length, 1);
    assert.deepEqual(both, [...both.slice(paths.length), ...both.slice(0, paths.length)]);
    for (const [index, { begin, described }] of looked.slice(0, paths.length).entries()) {
      assert.equal(begin, beginning(contents[index] ?? ""));
      assert.deepEqual(described, [expected[index], NO_DATABASE]);
    }
  }
});

test("a database that is none is an error of each file, not a crash", async () => {
  await assert.rejects(openMagic(1, join(directory, "absent.mgc"))(paths[0] ?? ""), /libmagic: /);
});

const NO_DATABASE = new Error(`libmagic: could not find any valid magic files!`);

function missing(path: string): string {
  return `cannot open \`${path}' (No such file or directory)`;
}

function beginning(content: string | Buffer): string {
  return Buffer.from(content)
    .subarray(0, 60)
    .toString("latin1")
    .replace(/[^ -~]/g, "")
    .trim();
}

test("a database of one's own: beside the system's or alone, a header as long as asked, the size only when wanted", async () => {
  const flow = new Pipeline();
  const database = join(flow.root, "magic");
  writeFileSync(database, "0\tstring\tRADAR\tour radar format\n");
  const types = (customOnly: boolean): FlowStep["work"] => ({
    do: "guess_file_type",
    to: { plugin: "switch", step: "main" },
    customMagic: database,
    headerLength: 5,
    sizeTag: false,
    customOnly,
  });
  const start = async (customOnly: boolean): Promise<void> => {
    const config = flow.config([archiveStep(flow.archive)], [rule("our radar*", "archive", `${LATEST}.custom_magic`)]);
    const steps = config.steps.map((one) =>
      one.plugin === "guess_file_type" ? { ...one, work: types(customOnly) } : one,
    );
    flow.configure({ ...config, steps });
    await flow.start();
  };
  const typed = (name: string): readonly string[] =>
    [...flow.tags(name)].flatMap(([tag, value]) =>
      tag.startsWith(`${LATEST}.`) ? [`${tag.slice(LATEST.length + 1)}=${value}`] : [],
    );
  try {
    await start(false);
    flow.drop("both", "RADAR data\n");
    await until("it is archived", () => flow.archived().length === 1);
    assert.deepEqual(typed("both"), ["ascii_header=RADAR", "custom_magic=our radar format", "system_magic=ASCII text"]);
    await flow.stop();
    await start(true);
    flow.drop("alone", "RADAR data\n");
    await until("it is archived", () => flow.archived().length === 2);
    assert.deepEqual(typed("alone"), ["ascii_header=RADAR", "custom_magic=our radar format"]);
  } finally {
    await flow.close();
  }
});
