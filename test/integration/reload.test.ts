import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { until } from "../../scripts/support/client.ts";
import { runtimeLayout } from "../../src/core/module/paths.ts";
import { type House, openHouse, sayFigures } from "../support/installs.ts";
import { failedOf, startLoad } from "../support/load.ts";

describe("a reload of nginx", () => {
  let house: House;
  let master: number;

  before(async () => {
    house = await openHouse();
    master = Number(readFileSync(runtimeLayout(`${house.appliance.home}/mfserv`).nginxPid, "utf8"));
  });

  after(async () => {
    await house[Symbol.asyncDispose]();
  });

  /** Reloads, and waits until a new worker runs. */
  const reload = async (): Promise<void> => {
    const old = new Set(childrenOf(master));
    process.kill(master, "SIGHUP");
    await until("a new worker runs", () => childrenOf(master).some((pid) => !old.has(pid)) || undefined);
  };

  test("leaves an idle connection one more answer, which says that it is the last", async () => {
    // A machine that lets no worker run for 75 ms gets a plain reload.
    for (let tries = 5; ; tries--) {
      const client = rawClient(house.appliance.ports.mfserv);
      assert.match(await client.ask(), /^HTTP\/1\.1 200 [\s\S]*\r\nConnection: keep-alive\r\n/);
      const old = childrenOf(master);
      await reload();
      await until("the old workers were told to quit", () => old.every(isShuttingDown) || undefined);
      if (!client.open() && tries > 1) continue;
      assert.equal(client.open(), true);
      assert.match(await client.ask(), /^HTTP\/1\.1 200 [\s\S]*\r\nConnection: close\r\n/);
      await until("the connection ends", () => !client.open() || undefined);
      return;
    }
  });

  test("resets no connection under load, and its old workers end", async () => {
    const load = startLoad({ port: house.appliance.ports.mfserv, paths: ["/host_static/"], keepAlive: 20, fresh: 2 });
    // A plain reload gives some 13; so does this one where the machine lets no worker run for 75 ms.
    const gentle: number[] = [];
    const stale: number[] = [];
    while (gentle.length < 4 && stale.length < 20) {
      const { requests, stale: before } = load.figures;
      await until("requests flow", () => load.figures.requests > requests + 500 || undefined);
      await reload();
      const after = load.figures.requests;
      await until("requests flow after it", () => load.figures.requests > after + 100 || undefined);
      stale.push(load.figures.stale - before);
      if (load.figures.stale - before <= 3) gentle.push(stale.length);
    }
    const figures = await load.stop();
    assert.equal(failedOf(figures), 0, sayFigures(figures));
    assert.equal(gentle.length, 4, `repeated requests of each reload: ${stale}`);
  });

  test("by installs and uninstalls fails no request to other plugins", async (context) => {
    const load = house.load();
    for (let number = 0; number < 3; number++) await house.visit(number);
    const figures = await load.stop();
    context.diagnostic(sayFigures(figures));
    assert.ok(figures.requests > 500);
    assert.equal(failedOf(figures), 0, sayFigures(figures));
  });

  test("leaves no old worker behind", async () => {
    await until("one worker is left", () => childrenOf(master).length === 1 || undefined);
  });
});

function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return children.split(" ").filter(Boolean).map(Number);
}

/** Also when it has ended meanwhile. */
function isShuttingDown(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("shutting down");
  } catch {
    return true;
  }
}

/** One connection, asked by hand. */
function rawClient(port: number) {
  let open = true;
  let text = "";
  const socket = connect(port, "127.0.0.1");
  socket.setEncoding("latin1").on("data", (chunk: string) => {
    text += chunk;
  });
  socket.on("error", () => undefined);
  socket.on("close", () => {
    open = false;
  });
  return {
    open: () => open,
    /** The whole answer, as it came. */
    async ask(): Promise<string> {
      text = "";
      socket.write("GET /host_node HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
      await until("the answer", () => text.includes("Hello World from host_node!") || undefined);
      return text;
    },
  };
}
