import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { readCode } from "./code.ts";

const home = mkdtempSync(join(tmpdir(), "code-"));
after(() => rmSync(home, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(home, path)), { recursive: true });
  writeFileSync(join(home, path), text);
}
const digest = (read: readonly string[] = []): string | undefined => readCode(home, new Set(read))?.digest;

test("what is included and not excluded is code, in directories that come later too", () => {
  write("main/app.py", "1");
  assert.equal(digest(), undefined);
  write(".autorestart_includes", "*.py\n*.json\nnginx*\n");
  write(".autorestart_excludes", "/local\n__pycache__\ndata.json\n");
  let last = digest();
  const changes = (path: string, counts: boolean): void => {
    write(path, `${Math.random()}`);
    const now = digest();
    assert.equal(now !== last, counts, path);
    last = now;
  };
  for (const path of ["main/app.py", "later/deep/new.py", "nginx_extra.conf", "settings.json"]) changes(path, true);
  for (const path of ["page.html", "local/lib/x.py", "main/__pycache__/x.py", "main/data.json", ".git/x.py"])
    changes(path, false);
  rmSync(join(home, "later"), { recursive: true });
  assert.notEqual(digest(), last);
});

test("who watches it is told of every directory and file of it, and of both lists", () => {
  write("main/app.py", "2");
  const inputs = readCode(home, new Set())?.inputs ?? [];
  for (const path of ["", "main", "main/app.py", ".autorestart_includes", ".autorestart_excludes"])
    assert.ok(inputs.includes(join(home, path)), path);
  assert.ok(!inputs.includes(join(home, "local/lib/x.py")));
});

test("a file whose content counts elsewhere is not counted twice", () => {
  const before = digest(["settings.json"]);
  write("settings.json", "other");
  assert.equal(digest(["settings.json"]), before);
});
