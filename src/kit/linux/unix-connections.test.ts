import assert from "node:assert/strict";
import { closeSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { listenUnix } from "./socket.ts";
import { listeningInode, unixConnections } from "./unix-connections.ts";

async function connected(path: string): Promise<Socket> {
  const socket = connect(path);
  await new Promise((resolve) => socket.once("connect", resolve));
  return socket;
}

test("connections are seen at the path a socket was bound to, before and after they are accepted", async () => {
  const directory = mkdtempSync(join(tmpdir(), "unix table "));
  const path = join(directory, "a socket");
  const fd = listenUnix(path);
  const seen = () => unixConnections().get(path);
  try {
    assert.deepEqual(seen(), { waiting: 0, accepted: 0 });
    renameSync(path, `${path}.moved`);
    const clients = [await connected(`${path}.moved`), await connected(`${path}.moved`)];
    assert.deepEqual(seen(), { waiting: 2, accepted: 0 });

    const accepted: Socket[] = [];
    const both = Promise.withResolvers<void>();
    const server = createServer((socket) => {
      if (accepted.push(socket) === 2) both.resolve();
    });
    server.listen({ fd });
    await both.promise;
    assert.deepEqual(seen(), { waiting: 0, accepted: 2 });
    for (const socket of [...clients, ...accepted]) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    assert.equal(seen(), undefined);
  } finally {
    rmSync(directory, { recursive: true });
    try {
      closeSync(fd);
    } catch {
      // The server has closed it.
    }
  }
});

test("sockets without a path do not count", () => {
  const lines = [
    "Num       RefCount Protocol Flags    Type St Inode Path",
    "0000000000000001: 00000002 00000000 00010000 0001 01    12 /a",
    "0000000000000002: 00000003 00000000 00000000 0001 03    13 /a",
    "0000000000000003: 00000003 00000000 00000000 0001 02 13000 /a",
    "0000000000000004: 00000003 00000000 00000000 0001 03    14",
  ];
  assert.deepEqual([...unixConnections(lines.join("\n"))], [["/a", { waiting: 1, accepted: 1 }]]);
  assert.equal(listeningInode("/a", lines.reverse().join("\n")), 12);
  assert.equal(listeningInode("a", lines.join("\n")), undefined);
});
