import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { hasWaitingConnections, listenUnix, listenUnixOver } from "./linux/socket.ts";
import { connectMessages, fitsSocketAddress, serveMessages } from "./sock.ts";

describe("messages over a unix socket", () => {
  let directory: string;
  let path: string;
  let close: () => void;
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "metwork-sock-"));
    path = join(directory, "s");
    close = await serveMessages(listenUnix(path), (message, peer) => peer.send({ echo: message }));
  });
  after(() => {
    close();
    rmSync(directory, { recursive: true });
  });

  for (const message of [{ a: 1 }, 'é\n"\u2028', null, { text: "x".repeat(1_000_000) }]) {
    it(`carries ${JSON.stringify(message).slice(0, 20)}`, async () => {
      const answer = await new Promise((resolve) => {
        void connectMessages(path, { message: resolve, close: () => undefined }).then((peer) => peer?.send(message));
      });
      assert.deepEqual(answer, { echo: message });
    });
  }

  it("puts messages together from any pieces", async () => {
    const bytes = Buffer.from(`{"n":"é"}\n{"n":2}\n`);
    const answer = await new Promise<string>((resolve) => {
      let text = "";
      const socket = connect(path).on("data", (chunk) => {
        text += chunk;
        if (text.split("\n").length === 3) resolve(text);
      });
      const send = (at: number): void => {
        if (at < bytes.length) socket.write(bytes.subarray(at, at + 1), () => setImmediate(send, at + 1));
      };
      socket.on("connect", () => send(0));
    });
    assert.equal(answer, '{"echo":{"n":"é"}}\n{"echo":{"n":2}}\n');
  });

  it("disconnects who does not speak JSON, and goes on", async () => {
    const socket = connect(path);
    socket.write("GET / HTTP/1.1\r\n");
    await new Promise((resolve) => socket.on("close", resolve));
    const peer = await connectMessages(path, { message: () => undefined, close: () => undefined });
    assert.ok(peer);
    peer.close();
  });

  it("gives nothing where nobody listens", async () => {
    const on = { message: () => undefined, close: () => assert.fail("it was never open") };
    assert.equal(await connectMessages(join(directory, "nobody"), on), undefined);
  });
});

describe("listening unix sockets", () => {
  it("take a path over from a living one, privately", async () => {
    const directory = mkdtempSync(join(tmpdir(), "metwork-sock-"));
    const path = join(directory, "s");
    const answering = async (text: string) => serveMessages(listenUnixOver(path), (_message, peer) => peer.send(text));
    const ask = (): Promise<unknown> =>
      new Promise((resolve) => {
        void connectMessages(path, { message: resolve, close: () => undefined }).then((peer) => peer?.send(1));
      });
    const closeOld = await answering("old");
    assert.equal(await ask(), "old");
    const closeNew = await answering("new");
    assert.equal(await ask(), "new");
    assert.equal(statSync(path).mode & 0o777, 0o600);
    closeOld();
    closeNew();
    rmSync(directory, { recursive: true });
  });

  it("tell whether somebody waits in the backlog", async () => {
    const directory = mkdtempSync(join(tmpdir(), "metwork-sock-"));
    const path = join(directory, "s");
    const fd = listenUnix(path);
    assert.equal(hasWaitingConnections(fd), false);
    const waiting = connect(path);
    await new Promise((resolve) => waiting.on("connect", resolve));
    assert.equal(hasWaitingConnections(fd), true);
    const close = await serveMessages(fd, () => undefined);
    waiting.end();
    await new Promise((resolve) => waiting.resume().on("close", resolve));
    close();
    rmSync(directory, { recursive: true });
  });

  for (const [length, fits] of [
    [107, true],
    [108, false],
  ] as const) {
    it(`${length} bytes ${fits ? "fit" : "do not fit"}`, () => {
      assert.equal(fitsSocketAddress("x".repeat(length)), fits);
      assert.equal(fitsSocketAddress("é".repeat(length / 2) + "x".repeat(length % 2)), fits);
    });
  }

  it("refuse a path that is too long or taken", () => {
    assert.throws(() => listenUnix(`/tmp/${"x".repeat(103)}`), { code: "ENAMETOOLONG" });
    assert.throws(() => listenUnix("/"), { code: "EADDRINUSE" });
    assert.throws(() => listenUnixOver("/nowhere/s"), { code: "ENOENT" });
  });
});
