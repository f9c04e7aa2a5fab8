import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { BatchThread } from "./batch-thread.ts";

/** A thread that answers with its batches, and at "die" with its death. */
const ECHO = `import { parentPort } from "node:worker_threads";
parentPort.on("message", (batch) => {
  if (batch.length === 0) parentPort.close();
  else if (batch.includes("die")) process.exit(1);
  else parentPort.postMessage(batch);
});`;
const IDLE_MS = 5;

function echo(batchMax = () => 2) {
  const answers: unknown[] = [];
  const left: string[] = [];
  let onChange = (): void => undefined;
  const thread = new BatchThread<string>({
    script: new URL(`data:text/javascript,${encodeURIComponent(ECHO)}`),
    batchMax,
    idleMs: IDLE_MS,
    message: (batch) => [...batch],
    answered: (_, answer) => {
      answers.push(answer);
      onChange();
    },
    lost: (some) => {
      left.push(...some);
      onChange();
    },
  });
  const change = (): Promise<void> =>
    new Promise((resolve) => {
      onChange = resolve;
    });
  return { thread, answers, left, change };
}

test("what waits is told in batches, one after the other", async () => {
  const { thread, answers, change } = echo();
  thread.start();
  for (const name of ["a", "b", "c"]) thread.add(name);
  thread.send();
  assert.deepEqual([thread.busy, thread.waiting], [2, 1]);
  while (answers.length < 2) await change();
  assert.deepEqual(answers, [["a", "b"], ["c"]]);
});

test("how many are told of is asked anew for each message", async () => {
  let next = 0;
  const { thread, answers, change } = echo(() => ++next);
  thread.start();
  for (const name of ["a", "b", "c"]) thread.add(name);
  thread.send();
  while (answers.length < 2) await change();
  assert.deepEqual(answers, [["a"], ["b", "c"]]);
});

test("who waits when the thread is to rest is told of all the same", async () => {
  const { thread, answers, change } = echo();
  thread.start();
  thread.add("a");
  thread.send();
  await change();
  thread.add("b");
  // The thread's own timer, which is as long, began earlier and comes first.
  await sleep(IDLE_MS);
  thread.send();
  while (answers.length < 2) await change();
  while (thread.isRunning) await sleep(IDLE_MS);
});

test("what a thread that dies has not answered is given back", async () => {
  const { thread, left, change } = echo();
  thread.start();
  for (const name of ["die", "b", "c"]) thread.add(name);
  thread.send();
  while (left.length < 3) await change();
  assert.deepEqual([left, thread.isRunning], [["die", "b", "c"], false]);
});
