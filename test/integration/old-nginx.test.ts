import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { Socket } from "node:net";
import { describe, test } from "node:test";
import { findPrograms } from "../../src/system/host/programs.ts";
import { startNginx, workerSocket } from "../support/nginx.ts";
import { addPlugin } from "../support/planned.ts";

const programs = findPrograms();
const skip = programs.nginx === undefined ? "nginx is not installed" : false;
const REQUESTS = 25;

/** Of each connection that a worker got, in order: how many requests came on it. And what they said of it. */
async function connectionsOf(nginxVersion: string): Promise<{ uses: number[]; said: Set<string | undefined> }> {
  await using stack = new AsyncDisposableStack();
  const nginx = stack.use(
    await startNginx(
      "mfserv",
      (paths) => {
        addPlugin(paths, "hello", { "config.ini": "[app_main]\n_cmd_and_args = node server.js\nnumprocesses = 1\n" });
      },
      { ...programs, nginxVersion },
    ),
  );
  const uses = new Map<Socket, number>();
  const said = new Set<string | undefined>();
  const worker = createServer((request, reply) => {
    uses.set(request.socket, (uses.get(request.socket) ?? 0) + 1);
    said.add(request.headers.connection);
    reply.end("hello");
  }).listen(workerSocket(nginx.paths, "hello", "main", 1));
  stack.defer(() => {
    worker.close();
    worker.closeAllConnections();
  });
  await once(worker, "listening");
  for (let index = 0; index < REQUESTS; index++) assert.equal((await nginx.ask("/hello")).body, "hello");
  return { uses: [...uses.values()], said };
}

describe("what an older nginx is given", { skip }, () => {
  test("without a word for how long connections are kept: each request has its own", async () => {
    const { uses, said } = await connectionsOf("1.14.1");
    assert.deepEqual(
      uses,
      Array.from({ length: REQUESTS }, () => 1),
    );
    assert.deepEqual([...said], ["close"]);
  });

  test("with a word for idle ones only: each has ten requests at most", async () => {
    const { uses, said } = await connectionsOf("1.18.0");
    assert.ok(Math.max(...uses) > 1 && Math.max(...uses) <= 10, uses.join(" "));
    assert.deepEqual([...said], [undefined]);
  });
});
