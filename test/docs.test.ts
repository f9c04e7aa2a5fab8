import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { commands } from "../src/cli/registry.ts";

const root = join(import.meta.dirname, "..");
const pages = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "src/README.md", ...markdownBelow("docs")];

for (const page of pages) {
  test(`${page}: every source file, folder and page it names is there`, () => {
    const text = readFileSync(join(root, page), "utf8");
    const named = [...text.matchAll(/`((?:src|test|templates|layers|modules|scripts|bin|docs|bench)\/[\w./-]*)`/g)];
    // Code may look like a link.
    const linked = [...text.replace(/^```.*?^```/gms, "").matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)];
    const missing = [
      ...named.map(([, path = ""]) => join(root, path)),
      ...linked.map(([, path = ""]) => join(root, dirname(page), path)),
    ].filter((path) => !existsSync(path));
    assert.deepEqual(missing, []);
  });
}

test("src/README.md names every room and folder of the source", () => {
  const text = readFileSync(join(root, "src/README.md"), "utf8");
  const rooms = ["core", "system"].flatMap((room) => {
    return readdirSync(join(root, "src", room), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `${room}/${entry.name}`);
  });
  const tops = readdirSync(join(root, "src"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const missing = [...rooms, ...tops.map((entry) => `${entry.name}/`)].filter((room) => !text.includes(`\`${room}`));
  assert.deepEqual(missing, []);
});

test("every command the README shows exists", () => {
  const text = readFileSync(join(root, "README.md"), "utf8");
  const known = new Set(commands.flatMap((command) => [...command.aliases, `metwork ${command.name}`]));
  const blocks = [...text.matchAll(/^```\n(.*?)^```/gms)].map(([, block = ""]) => block).join("");
  const shown = [...blocks.matchAll(/^(?:bin\/)?(metwork (?:\w+)(?: explain)?|mf\w+_wrapper)(?: ([\w.]+))?/gm)];
  assert.ok(shown.length >= 6);
  for (const [, command = "", inner] of shown) {
    assert.ok(known.has(command), command);
    if (command.endsWith("_wrapper") && inner !== "make") assert.ok(known.has(inner ?? ""), inner ?? command);
  }
});

test("every link in bin/ means a command, and every alias has its link", () => {
  const links = readdirSync(join(root, "bin")).filter((name) => name !== "metwork" && name !== "cronwrap.sh");
  const aliases = commands.flatMap((command) => command.aliases);
  assert.deepEqual(links.sort(), [...aliases].sort());
});

function markdownBelow(directory: string): string[] {
  return readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".md"))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}
