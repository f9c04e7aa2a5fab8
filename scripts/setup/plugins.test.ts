import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import { builder, markBuilt, needBuilding } from "./plugins.ts";

const root = mkdtempSync(join(tmpdir(), "plugins-"));
after(() => rmSync(root, { recursive: true, force: true }));

/** Writes a file that was last changed `secondsAgo`. */
function write(path: string, secondsAgo: number): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, "");
  const time = Date.now() / 1000 - secondsAgo;
  utimesSync(file, time, time);
}

describe("needBuilding", () => {
  it("is false without a builder", () => assert.equal(needBuilding(root), false));

  it("is true until it was built, false after, and true again when a source, the builder or a product changes", () => {
    write(builder, 60);
    write("templates/plugins/mfdata/switch/config.ini", 60);
    assert.equal(needBuilding(root), true);
    markBuilt(root);
    assert.equal(needBuilding(root), true, "nothing was built");
    write("modules/mfdata/share/plugins/switch-1.metwork.mfdata.plugin", 0);
    assert.equal(needBuilding(root), false);
    write("templates/plugins/mfdata/switch/config.ini", -5);
    assert.equal(needBuilding(root), true);
    write("templates/plugins/mfdata/switch/config.ini", 60);
    assert.equal(needBuilding(root), false);
    write(builder, -5);
    assert.equal(needBuilding(root), true);
    write(builder, 60);
    rmSync(join(root, "modules"), { recursive: true });
    assert.equal(needBuilding(root), true);
  });
});
