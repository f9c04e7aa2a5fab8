import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { format } from "../src/core/base/diagnostic.ts";
import { detect } from "../src/core/detect/detect.ts";
import { splitWords } from "../src/core/plugin/shlex.ts";
import { gatherFacts } from "../src/system/serve/facts.ts";
import { root } from "./support/appliance.ts";

/**
 * A case is a file: the command, then the files it meets as `-- path --` and their text, then `-- expected --`: what is
 * detected, or the refusal. `UPDATE_GOLDEN=1` writes what is there now; read the diff before committing it.
 */
const CASES = join(import.meta.dirname, "detect");
const UPDATE = process.env["UPDATE_GOLDEN"] === "1";

describe("detection", () => {
  for (const name of readdirSync(CASES).sort()) {
    test(name.replace(".txt", ""), async () => {
      const file = join(CASES, name);
      const whole = readFileSync(file, "utf8");
      const [given = "", expected = ""] = whole.split(/^-- expected --\n/m);
      const actual = await detected(given);
      if (UPDATE) writeFileSync(file, `${given}-- expected --\n${actual}`);
      else assert.equal(actual, expected);
    });
  }
});

async function detected(given: string): Promise<string> {
  const [command = "", ...files] = given.split(/^-- (.+) --\n/m);
  const split = splitWords(command.replace(/^metwork serve /, "").trim());
  assert.ok(split.ok);
  const [target = ".", ...words] = split.words.map(({ text }) => text).filter((word) => word !== "--");
  const directory = mkdtempSync(join(tmpdir(), "metwork-detect-"));
  try {
    for (let index = 0; index < files.length; index += 2) {
      const [path = "", program] = (files[index] ?? "").split(" (");
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), files[index + 1] ?? "", { mode: program === undefined ? 0o644 : 0o755 });
    }
    const facts = await gatherFacts(target, { cwd: directory, root, arguments: words });
    const result = facts.ok ? detect(facts.value) : facts;
    const text = result.ok
      ? `${JSON.stringify(result.value, null, 2)}\n`
      : result.notes.map((note) => `${format(note)}\n`).join("");
    return text.replaceAll(directory, "/home/user/code");
  } finally {
    rmSync(directory, { recursive: true });
  }
}
