import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { encodeHint } from "../../core/flow/hint.ts";
import { readReply } from "../../kit/resp.ts";
import { HintQueue } from "./queue.ts";

const COUNT = 2000;
const log = { debug: fail, info: () => undefined, warning: () => undefined, error: fail };

function fail(message: string): never {
  throw new Error(message);
}

/** Speaks as much of Redis as a queue needs; who waits for a list without messages waits for ever. `asked` hears for which lists. */
function serverOf(lists: Readonly<Record<string, string[]>>, asked: (keys: readonly string[]) => void): Server {
  const answer = ([command, ...words]: readonly string[]): string => {
    if (command === "PING") return "+PONG\r\n";
    const keys = words.filter((word) => word in lists);
    asked(keys);
    const key = keys.find((one) => lists[one]?.length);
    if (key === undefined) return command === "LMPOP" ? "*-1\r\n" : "";
    const taken = lists[key]?.splice(0, Number(words.at(-1))) ?? [];
    const bulks = taken.map((message) => `$${Buffer.byteLength(message)}\r\n${message}\r\n`);
    return `*2\r\n$${key.length}\r\n${key}\r\n*${taken.length}\r\n${bulks.join("")}`;
  };
  return createServer((socket) => {
    socket.setEncoding("utf8").on("data", (text) => {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; ) {
        const { reply, end } = readReply(bytes, at) ?? fail("a command came in parts");
        at = end;
        socket.write(answer(reply as readonly string[]));
      }
    });
  });
}

test("a step that has enough for now is not kept waiting by steps that have nothing", { timeout: 10_000 }, async () => {
  const root = mkdtempSync(join(tmpdir(), "metwork-queue-"));
  const hints = Array.from({ length: COUNT }, (_, index) =>
    encodeHint({ directory: "/in/incoming", filename: `f${index}`, event: "created" }, 0),
  );
  const taken: string[] = [];
  const done = Promise.withResolvers<void>();
  let hasEnough = false;
  const takeAll = (key: string): void => {
    for (let hint = queue.take(key); hint !== undefined; hint = queue.take(key)) taken.push(hint.filename);
    if (taken.length === COUNT) done.resolve();
  };
  const server = serverOf({ "step.busy.main": hints, "step.idle.main": [] }, (keys) => {
    if (hasEnough || keys.includes("step.busy.main")) return;
    hasEnough = true;
    takeAll("busy.main");
  });
  await once(server.listen(join(root, "redis.socket")), "listening");
  const queue: HintQueue = new HintQueue(
    join(root, "redis.socket"),
    {
      ready: (key) => {
        if (hasEnough) takeAll(key);
      },
      lost: () => undefined,
    },
    log,
  );
  try {
    queue.serve(["busy.main", "idle.main"]);
    await done.promise;
    assert.deepEqual(taken.slice(0, 3), ["f0", "f1", "f2"]);
  } finally {
    queue.close();
    server.close();
    rmSync(root, { recursive: true });
  }
});
