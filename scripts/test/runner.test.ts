import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { judgeTap } from "./bats-tests.ts";
import { processesOf, reap } from "./leaks.ts";
import { runNodeFile } from "./node-tests.ts";

const home = mkdtempSync(join(tmpdir(), "runner-"));
after(() => rmSync(home, { recursive: true, force: true }));
const head = 'import { test, describe } from "node:test";\n';

const files: readonly {
  title: string;
  text: string;
  outcomes: readonly string[];
  says: RegExp;
  deadlineMs?: number;
}[] = [
  {
    title: "passes",
    text: 'test("a", () => {}); describe("s", () => { test("b", () => {}); });',
    outcomes: ["passed", "passed"],
    says: /^$/,
  },
  {
    title: "fails",
    text: 'test("a", () => { console.log("seen"); throw new Error("boom"); }); test("b", () => {});',
    outcomes: ["failed", "passed"],
    says: /boom[\s\S]*output of the file:\nseen/,
  },
  {
    title: "skips",
    text: 'test("a", { skip: "why" }, () => {}); test("b", { todo: true }, () => { throw 1; });',
    outcomes: ["skipped", "skipped"],
    says: /whyto do/,
  },
  {
    title: "breaks at load",
    text: 'throw new Error("at load");',
    outcomes: ["failed"],
    says: /exit code 1[\s\S]*at load/,
  },
  {
    title: "leaves early with 0",
    text: 'test("a", () => {}); test("b", () => { process.exit(0); });',
    outcomes: ["failed"],
    says: /declares no test|ended early/,
  },
  {
    title: "leaves early with 3",
    text: 'test("a", () => { process.exit(3); });',
    outcomes: ["failed"],
    says: /exit code 3/,
  },
  {
    title: "throws after its test",
    text: 'test("a", () => { setTimeout(() => { throw new Error("late"); }, 20); });',
    outcomes: ["passed", "failed"],
    says: /late/,
  },
  { title: "declares nothing", text: "export {};", outcomes: ["failed"], says: /declares no test/ },
  {
    title: "never ends",
    text: 'test("a", () => new Promise(() => setInterval(() => {}, 1000)));',
    outcomes: ["failed"],
    says: /did not end within/,
    deadlineMs: 1_000,
  },
];

describe("runNodeFile judges a file that", () => {
  for (const { title, text, outcomes, says, deadlineMs = 60_000 } of files) {
    it(title, async () => {
      const name = `${title.replaceAll(" ", "-")}.test.ts`;
      writeFileSync(join(home, name), head + text);
      const { results } = await runNodeFile(home, name, home, deadlineMs);
      assert.deepEqual(
        results.map(({ outcome }) => outcome),
        outcomes,
      );
      assert.match(results.map(({ detail }) => detail).join(""), says);
    });
  }
});

const taps: readonly { title: string; stdout: string; code: number; outcomes: readonly string[]; says: RegExp }[] = [
  {
    title: "passes and skips",
    stdout: "1..2\nok 1 a in 3ms\nok 2 b # skip no root\n",
    code: 0,
    outcomes: ["passed", "skipped"],
    says: /^no root$/,
  },
  {
    title: "fails",
    stdout: "1..1\nnot ok 1 a\n# (in test file x, line 3)\n#   `false' failed\n",
    code: 1,
    outcomes: ["failed"],
    says: /line 3\)\n {2}`false'/,
  },
  { title: "stops midway", stdout: "1..2\nok 1 a\n", code: 1, outcomes: ["passed", "failed"], says: /1 of 2/ },
  { title: "says nothing", stdout: "", code: 1, outcomes: ["failed"], says: /0 of \?/ },
  { title: "has no tests", stdout: "1..0\n", code: 0, outcomes: ["failed"], says: /declares no test/ },
  {
    title: "fails outside its tests",
    stdout: "1..1\nok 1 a\n",
    code: 1,
    outcomes: ["passed", "failed"],
    says: /exit code 1/,
  },
];

describe("judgeTap judges output that", () => {
  for (const { title, stdout, code, outcomes, says } of taps) {
    it(title, () => {
      const results = judgeTap({ stdout, stderr: "", code, timedOut: false, ms: 1 });
      assert.deepEqual(
        results.map(({ outcome }) => outcome),
        outcomes,
      );
      assert.match(results.map(({ detail }) => detail).join(""), says);
    });
  }
});

describe("reap", () => {
  for (const [by, env, cwd] of [
    ["the mark in its environment", { METWORK_TEST_RUN: `leak.${process.pid}` }, "/"],
    ["the directory it is in", {}, home],
  ] as const) {
    it(`finds a left process by ${by} and kills it`, async () => {
      const mark = { id: `leak.${process.pid}`, directory: home };
      const child = spawn("sleep", ["60"], { env: { PATH: process.env["PATH"], ...env }, cwd, stdio: "ignore" });
      const ended = new Promise((resolve) => child.on("exit", (_, signal) => resolve(signal)));
      const leaks = await reap(mark, 100);
      assert.deepEqual(
        leaks.map(({ pid }) => pid),
        [child.pid],
      );
      assert.equal(await ended, "SIGKILL");
      assert.deepEqual(processesOf(mark), []);
    });
  }
});
