import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readTags } from "../../kit/tags.ts";
import { listenerTags, type Saving, Store } from "./store.ts";

interface Place extends Disposable {
  readonly dataIn: string;
  readonly target: string;
  readonly refusing: string;
  open(target?: string): Store;
}

function place(): Place {
  const root = mkdtempSync(join(tmpdir(), "metwork-store-"));
  const [dataIn, target, refusing] = [join(root, "in"), join(root, "in", "incoming"), join(root, "refusing.json")];
  return {
    dataIn,
    target,
    refusing,
    open: (into = target) => new Store({ dataIn, target: into, owner: "ears.mqttlistener.1", refusing }),
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** Does both steps of a message, as one alone would. */
function take(saving: Saving): void {
  saving.write();
  saving.place();
}

/** The path of the one file in a directory. */
function only(directory: string): string {
  const [name = "nothing", ...more] = readdirSync(directory).filter((each) => !each.startsWith("."));
  assert.deepEqual(more, []);
  return join(directory, name);
}

const tags = () => listenerTags("ears", { mqttlistener_topic: "weather" });

test("a message becomes a file with its tags; nothing stays where it was made", () => {
  using at = place();
  take(at.open().saving(Buffer.from("content"), tags()));
  const path = only(at.target);
  assert.equal(readFileSync(path, "utf8"), "content");
  const found = readTags(path).tags;
  assert.equal(found.get("0.ears.main.mqttlistener_topic"), "weather");
  assert.equal(found.get("latest.core.step_counter"), "0");
  assert.match(found.get("first.core.original_uid") ?? "", /^[0-9a-f]{32}$/);
  assert.deepEqual(readdirSync(join(at.dataIn, "tmp", "ears.mqttlistener.1")), []);
});

test("tags too large for the file itself come along beside it", () => {
  using at = place();
  const large = listenerTags("ears", { mqttlistener_topic: "x".repeat(20_000) });
  const store = at.open();
  const saving = store.saving(Buffer.from("a"), large);
  assert.equal(saving.write().length, 2);
  saving.place();
  assert.equal(readTags(only(at.target)).tags.size, 3);
  rmSync(only(at.target));
  take(store.holding("7", Buffer.from("b"), large));
  take(store.releasing("7"));
  assert.equal(readTags(only(at.target)).tags.size, 3);
});

test("what is held survives a death, is published once, and replaced by one of its name", () => {
  using at = place();
  take(at.open().holding("7", Buffer.from("first"), tags()));
  const after = at.open();
  assert.deepEqual([after.held(), existsSync(at.target) && readdirSync(at.target).length], [["7"], 0]);
  take(after.holding("7", Buffer.from("second"), tags()));
  for (let times = 0; times < 2; times++) take(after.releasing("7"));
  assert.equal(readFileSync(only(at.target), "utf8"), "second");
  take(after.releasingAll());
  assert.equal(readdirSync(at.target).length, 1);
});

test("what a death left half made is removed by the next; other files of a directory outside are not touched", () => {
  using at = place();
  const outside = join(at.dataIn, "..", "elsewhere");
  at.open(outside);
  for (const name of [".metwork.ears.mqttlistener.1.mw0-1", ".metwork.other.1.mw0-1", "theirs"]) {
    writeFileSync(join(outside, name), "x");
  }
  take(at.open(outside).saving(Buffer.from("y"), tags()));
  const names = readdirSync(outside).sort();
  assert.deepEqual([names[0], names.length, names[2]], [".metwork.other.1.mw0-1", 3, "theirs"]);
});

test("while the pipeline takes none, and while there is no place to put it, saving throws and leaves nothing", () => {
  using at = place();
  const store = at.open();
  writeFileSync(at.refusing, "");
  const saving = store.saving(Buffer.from("x"), tags());
  assert.throws(() => saving.write(), /takes no files now/);
  rmSync(at.refusing);
  rmSync(at.target, { recursive: true });
  saving.write();
  assert.throws(() => saving.place(), /ENOENT/);
  saving.discard();
  assert.deepEqual(readdirSync(join(at.dataIn, "tmp", "ears.mqttlistener.1")), []);
});
