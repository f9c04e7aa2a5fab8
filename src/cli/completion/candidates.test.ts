import assert from "node:assert/strict";
import { test } from "node:test";
import { commands } from "../registry.ts";
import { candidates } from "./candidates.ts";

const SOURCES = {
  modules: ["mfdata", "mfserv"],
  plugins: () => ["hello", "welcome"],
  generations: () => ["69355d172529e8e6", "cd6d97b5b13171f1"],
  options: () => ["nginx.port", "nginx.timeout"],
};

/** `|` stands for the cursor, after the beginning of a word. */
const cases: readonly (readonly [line: string, expected: readonly string[] | RegExp])[] = [
  ["metwork his|", ["history"]],
  ["metwork plugins ins|", ["install"]],
  ["metwork status |", ["mfdata", "mfserv"]],
  ["metwork status mfdata mfs|", ["mfserv"]],
  ["metwork plan --q|", ["--quiet"]],
  ["metwork plan --module |", ["mfdata", "mfserv"]],
  ["metwork rollback mfserv 69|", ["69355d172529e8e6"]],
  ["metwork rollback cd|", ["cd6d97b5b13171f1"]],
  ["metwork config |", /explain/],
  ["metwork config explain mfserv nginx.p|", ["nginx.port"]],
  ["plugins.uninstall he|", ["hello"]],
  ["mfserv.start --no|", ["--noinit"]],
  ["mfserv_wrapper ls |", []],
  ["metwork _c|", []],
  ["metwork nonsense |", []],
];

for (const [line, expected] of cases) {
  test(line, () => {
    const words = line.replace("|", "").split(" ");
    const found = candidates(commands, words.slice(0, -1), words.at(-1) ?? "", SOURCES);
    if (expected instanceof RegExp) assert.match(found.join(" "), expected);
    else assert.deepEqual(found, expected);
  });
}

test("every command and every option can be completed", () => {
  for (const { name, options } of commands.filter((command) => !command.name.startsWith("_"))) {
    const words = name.split(" ");
    assert.ok(
      candidates(commands, ["metwork", ...words.slice(0, -1)], words.at(-1) ?? "", SOURCES).includes(
        words.at(-1) ?? "",
      ),
    );
    const offered = candidates(commands, ["metwork", ...words], "--", SOURCES);
    for (const option of Object.keys(options)) assert.ok(offered.includes(`--${option}`), `${name} --${option}`);
  }
});
