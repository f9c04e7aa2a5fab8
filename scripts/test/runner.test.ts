import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { judgeTap } from "./bats-tests.ts";
import { explain } from "./explain.ts";
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
    title: "fails and leaves a timer",
    text: `test("a", () => { setInterval(() => {}, 1000); throw new Error("boom"); });
      describe("s", () => { test("b", () => new Promise((resolve) => setTimeout(resolve, 6_000))); });`,
    outcomes: ["failed", "passed"],
    says: /boom[\s\S]*left open kept the process/,
  },
  {
    title: "leaves a timer",
    text: 'test("a", () => { setInterval(() => {}, 1000); });',
    outcomes: ["passed", "failed"],
    says: /did not end within/,
    deadlineMs: 12_000,
  },
  {
    title: "never ends",
    text: 'test("a", () => new Promise(() => setInterval(() => {}, 1000)));',
    outcomes: ["failed"],
    says: /did not end within/,
    deadlineMs: 1_000,
  },
];

describe("runNodeFile judges a file that", { concurrency: true }, () => {
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

const manyLines = Array.from({ length: 400 }, (_, line) => `line ${line}`);

const errors: readonly { title: string; thrown: () => void; headline: RegExp; says: RegExp }[] = [
  {
    title: "a difference of many lines",
    thrown: () => assert.deepEqual([...manyLines, ...manyLines], manyLines),
    headline: /^Expected values to be strictly deep-equal:\n\+ {3}'line 0',\n\+ {3}'line 1',$/,
    says: /^Expected values[\s\S]+ {3}'line 0'[\s\S]+\[\d+ lines left out\]\n[\s\S]+'line 399'\n[\s\S]+at thrown \(.*runner\.test\.ts/,
  },
  {
    title: "a long value",
    thrown: () => assert.equal("x".repeat(9000), "y"),
    headline: /^Expected values to be strictly equal:\n\+ '?x{150,160} \[8\d+ characters left out\]\n- 'y'$/,
    says: /x{300} \[8\d+ characters left out\]\n- 'y'/,
  },
  {
    title: "an author's words",
    thrown: () => assert.match("one, one, two", /^one, two$/, "one file came twice"),
    headline: /^one file came twice$/,
    says: /^one file came twice\n[\s\S]+\nactual: 'one, one, two'\nexpected: \/\^one, two\$\/$/,
  },
  {
    title: "its causes",
    thrown: () => {
      throw new AggregateError([new Error("left"), Object.assign(new Error("right"), { code: "EIO" })], "both", {
        cause: new Error("deeper"),
      });
    },
    headline: /^both$/,
    says: /^both\n[\s\S]+because of deeper\n[\s\S]+because of left\n[\s\S]+because of right\n[\s\S]+\ncode: 'EIO'$/,
  },
];

describe("a failed test is explained by", () => {
  for (const { title, thrown, headline, says } of errors) {
    it(title, () => {
      let caught: unknown;
      try {
        thrown();
      } catch (error) {
        caught = error;
      }
      const told = explain(caught);
      assert.match(told.headline, headline);
      assert.match(told.detail, says);
      assert.ok(told.detail.length < 10_000, `${told.detail.length} characters`);
    });
  }

  it("what the file wrote, which is cut as well", async () => {
    const text = `for (let line = 0; line < 5000; line++) console.log("said " + line);
      test("a", () => { throw new Error("boom"); });`;
    writeFileSync(join(home, "talks.test.ts"), head + text);
    const { results } = await runNodeFile(home, "talks.test.ts", home, 60_000);
    assert.match(results[0]?.detail ?? "", /boom[\s\S]+said 0\n[\s\S]+\[\d+ lines left out\]\n[\s\S]+said 4999$/);
    assert.ok((results[0]?.detail.split("\n").length ?? 0) < 120);
  });
});

it("the report ends with each failed test in short, then the numbers", () => {
  const script = `
    import { failed } from "${import.meta.dirname}/result.ts";
    import { showFailures, showSummary, showTotal } from "${import.meta.dirname}/show.ts";
    const good = { name: "fine", outcome: "passed", detail: "" };
    const reports = [
      { file: "a.test.ts", ms: 1, results: [good, failed("first", "one reason\\nand all the rest")] },
      { file: "b.test.ts", ms: 1, results: [good, failed("second", "${"another\\n".repeat(300)}", "another")] },
    ];
    showFailures(reports);
    showSummary(reports);
    showTotal(reports);`;
  const argv = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", script];
  const lines = execFileSync(process.execPath, argv, { encoding: "utf8" }).split("\n");
  assert.deepEqual(lines.slice(lines.indexOf("failed:")), [
    "failed:",
    "  a.test.ts > first",
    "    one reason",
    "    and all the rest",
    "  b.test.ts > second",
    "    another",
    "",
    "2 passed, 2 failed",
    "",
  ]);
  assert.ok(lines.includes("FAIL b.test.ts > second"));
  assert.ok(lines.includes("  [100 lines left out]"));
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
