import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { choosePort } from "./private.ts";

test("a port is chosen that nobody listens on; one that is asked for is taken or refused", async () => {
  const chosen = (await choosePort(undefined)) ?? 0;
  assert.ok(chosen > 1023);
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  assert.equal(await choosePort(port), undefined);
  server.close();
  await once(server, "close");
  assert.equal(await choosePort(port), port);
});
