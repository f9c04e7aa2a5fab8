import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readTags } from "../../kit/tags.ts";
import { listenerTags, Store } from "./store.ts";

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
    open: (into = target) => new Store({ dataIn, target: into, owner: "ears.mqttlistener.1", refusing, durable: true }),
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}

const tags = () => listenerTags("ears", { mqttlistener_topic: "weather" });

test("a message becomes a file with its tags; nothing stays where it was made", () => {
  using at = place();
  const path = at.open().save(Buffer.from("content"), tags());
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
  assert.equal(readTags(store.save(Buffer.from("a"), large)).tags.size, 3);
  store.hold("7", Buffer.from("b"), large);
  assert.equal(readTags(store.release("7") ?? "").tags.size, 3);
});

test("what is held survives a death, is published once, and replaced by one of its name", () => {
  using at = place();
  at.open().hold("7", Buffer.from("first"), tags());
  const after = at.open();
  assert.deepEqual([after.held(), existsSync(at.target) && readdirSync(at.target).length], [["7"], 0]);
  after.hold("7", Buffer.from("second"), tags());
  assert.equal(readFileSync(after.release("7") ?? "", "utf8"), "second");
  assert.equal(after.release("7"), undefined);
  assert.equal(readdirSync(at.target).length, 1);
});

test("what a death left half made is removed by the next; other files of a directory outside are not touched", () => {
  using at = place();
  const outside = join(at.dataIn, "..", "elsewhere");
  at.open(outside);
  for (const name of [".metwork.ears.mqttlistener.1.mw0-1", ".metwork.other.1.mw0-1", "theirs"]) {
    writeFileSync(join(outside, name), "x");
  }
  const path = at.open(outside).save(Buffer.from("y"), tags());
  assert.deepEqual(readdirSync(outside).sort(), [".metwork.other.1.mw0-1", path.split("/").at(-1), "theirs"].sort());
});

test("while the pipeline takes none, and while there is no place to put it, saving throws and leaves nothing", () => {
  using at = place();
  const store = at.open();
  writeFileSync(at.refusing, "");
  assert.throws(() => store.save(Buffer.from("x"), tags()), /takes no files now/);
  rmSync(at.refusing);
  rmSync(at.target, { recursive: true });
  assert.throws(() => store.save(Buffer.from("x"), tags()), /ENOENT/);
  assert.deepEqual(readdirSync(join(at.dataIn, "tmp", "ears.mqttlistener.1")), []);
});
