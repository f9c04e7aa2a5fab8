import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { StepLog } from "../tell/log.ts";
import { Intake } from "./intake.ts";
import { listenerTags, type Saving, Store } from "./store.ts";

const root = mkdtempSync(join(tmpdir(), "metwork-intake-"));
process.once("exit", () => rmSync(root, { recursive: true, force: true }));

interface World {
  readonly intake: Intake;
  readonly warnings: string[];
  /** What became of each, in the order it was told. */
  readonly told: string[];
  take(name: string, saving: Saving, wanted?: () => boolean): void;
}

function world(options: { readonly durable?: boolean; readonly patient?: boolean } = {}): World {
  const [warnings, told]: [string[], string[]] = [[], []];
  const say = (): void => undefined;
  const log: StepLog = { debug: say, info: say, warning: (text) => warnings.push(text), error: say };
  const intake = new Intake({ durable: true, patient: true, log, ...options });
  const take = (name: string, saving: Saving, wanted: () => boolean = () => true): void =>
    intake.take(saving, wanted, (stored) => told.push(`${name} ${stored ? "stored" : "not"}`));
  return { intake, warnings, told, take };
}

/** One that writes nothing, and fails as often as it is told. */
function saving(did: string[], name: string, failures = { write: 0, place: 0 }): Saving {
  const left = { ...failures };
  const act = (step: "write" | "place"): readonly string[] => {
    if (left[step]-- > 0) throw new Error(`no ${step}`);
    did.push(`${step} ${name}`);
    return [];
  };
  return { write: () => act("write"), place: () => act("place"), discard: () => void did.push(`discard ${name}`) };
}

test("those that come together are all written before the first is placed, and told in their order", async () => {
  const { intake, told, take } = world();
  const did: string[] = [];
  for (const name of ["a", "b", "c"]) take(name, saving(did, name));
  await intake.idle();
  assert.deepEqual(did, ["write a", "write b", "write c", "place a", "place b", "place c"]);
  assert.deepEqual(told, ["a stored", "b stored", "c stored"]);
});

for (const step of ["write", "place"] as const) {
  test(`one that fails to ${step} holds back those after it, not those before, and is told of once`, async () => {
    const { intake, told, warnings, take } = world();
    const did: string[] = [];
    take("a", saving(did, "a"));
    take("b", saving(did, "b", { write: 0, place: 0, [step]: 2 }));
    take("c", saving(did, "c"));
    while (told.length === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(told, ["a stored"]);
    await intake.idle();
    assert.deepEqual(told, ["a stored", "b stored", "c stored"]);
    assert.deepEqual(warnings, [`a message waits, unacknowledged: no ${step}`]);
    assert.ok(did.indexOf("place c") > did.indexOf("place b"));
  });
}

test("a disk that does not even let go of what it did not take ends nothing", async () => {
  const { intake, told, warnings, take } = world();
  const stubborn = saving([], "a", { write: 0, place: 1 });
  const discard = (): void => {
    throw new Error("no discard");
  };
  take("a", { ...stubborn, discard });
  await intake.idle();
  assert.deepEqual(told, ["a stored"]);
  assert.match(warnings.join("\n"), /leaves something behind: no discard\na message waits, unacknowledged: no place/);
});

test("what the disk does not take is not stored, and tried again", async () => {
  const { intake, told, take } = world();
  const path = join(root, "later");
  let tries = 0;
  take("a", {
    write: () => {
      if (tries++ > 0) writeFileSync(path, "");
      return [path];
    },
    place: () => [],
    discard: () => undefined,
  });
  await intake.idle();
  assert.deepEqual([told, tries], [["a stored"], 2]);
});

test("impatient: after one failure all that wait are given back", async () => {
  const { intake, told, take } = world({ patient: false });
  take("a", saving([], "a", { write: 1, place: 0 }));
  take("b", saving([], "b"));
  await intake.idle();
  assert.deepEqual(told, ["a not", "b not"]);
});

test("one nobody wants any more is not stored; the others are", async () => {
  const { intake, told, take } = world({ durable: false });
  const did: string[] = [];
  take("a", saving(did, "a"), () => false);
  take("b", saving(did, "b"));
  await intake.idle();
  assert.deepEqual(
    [told, did],
    [
      ["a not", "b stored"],
      ["write b", "place b"],
    ],
  );
});

test("files of three hundred messages are there when they are told of, whole", async () => {
  const dataIn = join(root, "in");
  const target = join(dataIn, "incoming");
  const store = new Store({ dataIn, target, owner: "ears.mqttlistener.1", refusing: join(root, "refusing.json") });
  const { intake, told, take } = world();
  for (let index = 0; index < 300; index++) {
    take(`${index}`, store.saving(Buffer.from(`message ${index}`), listenerTags("ears", {})));
  }
  await intake.idle();
  assert.deepEqual(
    told,
    Array.from({ length: 300 }, (_, index) => `${index} stored`),
  );
  const contents = new Set(readdirSync(target).map((name) => readFileSync(join(target, name), "utf8")));
  assert.equal(contents.size, 300);
});
