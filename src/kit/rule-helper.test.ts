import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { RuleHelperSpec } from "../core/flow/types.ts";
import { RuleHelper } from "./rule-helper.ts";

const root = join(import.meta.dirname, "..", "..");
const LIMITS = { slowMs: 300, hangMs: 2000, restMs: 60_000, restMaxMs: 60_000 };
const TAGS = new Map([
  ["first.core.original_basename", "obs_1.csv"],
  ["odd", "\udcff"],
]);

interface Language {
  readonly argv: readonly [string, ...string[]];
  readonly file: string;
  readonly code: string;
  readonly edited: string;
}

const LANGUAGES: Readonly<Record<RuleHelperSpec["language"], Language>> = {
  python: {
    argv: ["python3", "-u", join(root, "layers/python3/lib/metwork_rules/helper.py")],
    file: "rules.py",
    code: `
import time, os
import names
print("loading is no answer")
def is_mine(xaf): return xaf.tags["first.core.original_basename"].startswith(names.PREFIX)
def odd(xaf): return xaf.tags[b"odd"] == b"\\xff" and xaf.basename() == "f"
def fails(xaf): raise ValueError("no such thing")
def slow(xaf): time.sleep(0.5); return True
def hangs(xaf):
    while True: pass
def dies(xaf): os._exit(9)
`,
    edited: "def is_mine(xaf): return False\n",
  },
  js: {
    argv: [process.execPath, join(root, "src/main/js_rules.ts")],
    file: "rules.mjs",
    code: `
import { PREFIX } from "./names.mjs";
console.log("loading is no answer");
export const is_mine = ({ tags }) => tags["first.core.original_basename"].startsWith(PREFIX);
export const odd = async ({ path, tags }) => tags.odd === "\\udcff" && path.endsWith("/f");
export function fails() { throw new Error("no such thing"); }
export const slow = () => new Promise((resolve) => setTimeout(() => resolve(true), 500));
export function hangs() { for (;;); }
export function dies() { process.exit(9); }
`,
    edited: "export const is_mine = () => false;\n",
  },
};

for (const [language, { argv, file, code, edited }] of Object.entries(LANGUAGES)) {
  describe(`rules in ${language}`, () => {
    function start(context: { after: (undo: () => void) => void }) {
      const cwd = mkdtempSync(join(tmpdir(), "metwork-rules-"));
      writeFileSync(join(cwd, file), code);
      writeFileSync(join(cwd, "names.py"), 'PREFIX = b"obs"\n');
      writeFileSync(join(cwd, "names.mjs"), 'export const PREFIX = "obs";\n');
      writeFileSync(join(cwd, "f"), "content");
      const said: string[] = [];
      const env = { PATH: process.env["PATH"] ?? "", METWORK_RULES_HOME: cwd };
      const spec = { plugin: "p", language: language as RuleHelperSpec["language"], argv, cwd, env };
      const helper = new RuleHelper(spec, (message) => said.push(message), LIMITS);
      context.after(() => {
        helper.close();
        rmSync(cwd, { recursive: true, force: true });
      });
      const ask = async (...names: string[]): Promise<string> => {
        const rules = names.map((name) => `${cwd}:rules.${name}`);
        return (await helper.ask(join(cwd, "f"), TAGS, rules)).map(({ verdict }) => verdict).join(" ");
      };
      return { cwd, said, ask };
    }

    test("answers with the tags of the file, exceptions are told and match nothing, slow ones are told", async (context) => {
      const { ask, said } = start(context);
      assert.equal(await ask("is_mine", "odd", "fails", "slow", "none"), "yes yes no yes no");
      for (const told of [
        /rules\.fails failed.*no such thing/,
        /rules\.slow (?:took|has been running)/,
        /loading is no answer/,
      ]) {
        assert.ok(
          said.some((line) => told.test(line)),
          `${told}: ${said}`,
        );
      }
    });

    test("one that hangs or ends its process gets no answer, the others get theirs, and it is left alone", async (context) => {
      const { ask, said } = start(context);
      const answers = Promise.all([ask("is_mine", "hangs", "odd"), ask("is_mine"), ask("dies", "odd")]);
      assert.deepEqual(await answers, ["yes unknown yes", "yes", "unknown yes"]);
      const silent = (): number => said.filter((line) => /rules\.hangs gave no answer/.test(line)).length;
      const before = silent();
      assert.ok(before > 0, String(said));
      assert.equal(await ask("hangs", "is_mine"), "unknown yes");
      assert.equal(silent(), before, "it was not asked again");
    });

    test("an edited file, or one it imports, counts from the next question on", async (context) => {
      const { cwd, ask } = start(context);
      assert.equal(await ask("is_mine"), "yes");
      writeFileSync(join(cwd, "names.py"), 'PREFIX = b"other"\n');
      writeFileSync(join(cwd, "names.mjs"), 'export const PREFIX = "other";\n');
      await until(async () => (await ask("is_mine")) === "no");
      writeFileSync(join(cwd, "names.py"), 'PREFIX = b"obs_"\n');
      writeFileSync(join(cwd, "names.mjs"), 'export const PREFIX = "obs_";\n');
      await until(async () => (await ask("is_mine")) === "yes");
      writeFileSync(join(cwd, file), edited);
      await until(async () => (await ask("is_mine")) === "no");
    });
  });
}

test("a program that cannot be started gives no answers", async () => {
  const spec = { plugin: "p", language: "python" as const, argv: ["/nowhere/python3"] as const, cwd: "/", env: {} };
  const helper = new RuleHelper(spec, () => undefined, LIMITS);
  const [answer] = await helper.ask("/f", TAGS, ["/d:rules.f"]);
  assert.equal(answer?.verdict, "unknown");
  helper.close();
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await holds())) assert.ok(performance.now() < deadline, "not within 60 s");
}
