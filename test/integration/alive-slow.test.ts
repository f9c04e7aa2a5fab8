/** Workers that answer late: one alone is replaced and no request is lost; of an app that is slow as a whole only is told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { http, until } from "../../scripts/support/client.ts";
import type { ModuleStatus } from "../../src/system/lifecycle/status.ts";
import { failedOf } from "../support/load.ts";
import { makeStreet, type Street } from "../support/street.ts";

const ask = async ({ appliance }: Street, what: string): Promise<number> =>
  Number((await http(`http://127.0.0.1:${appliance.ports.mfserv}/victim?${what}`)).body);

test("one that stays slow is replaced without losing a request; the next has to wait", async (context) => {
  await using street = await makeStreet("numprocesses = 3\nslow_worker_window = 6\n");
  const neighbour = street.askNeighbour();
  const victim = street.askVictim();
  for (const load of [neighbour, victim]) context.after(() => load.stop());
  const replaced = async (pid: number) => {
    const own = (await street.instances()).find((one) => one.pid === pid);
    const { value } = await until(
      "it is replaced",
      async () => {
        const now = (await street.instances()).find(({ instance }) => instance === own?.instance);
        return now?.pid !== undefined && now.pid !== pid ? now : undefined;
      },
      60_000,
    );
    return value;
  };
  const first = await replaced(await ask(street, "do=lag&size=100"));
  assert.match(
    first.intervention?.what ?? "",
    /^replaced: half of its requests took \d+ ms, those of the others \d+ ms$/,
  );
  assert.equal(first.restarts, 0);
  const second = await replaced(await ask(street, "do=lag&size=100"));
  assert.ok((second.intervention?.at ?? 0) - (first.intervention?.at ?? 0) >= 6_000, street.supervisorLog());
  const figures = [await victim.stop(), await neighbour.stop()];
  for (const each of figures) assert.equal(failedOf(each), 0, JSON.stringify(figures));
});

test("all of an app's are slow: none is replaced, and metwork status says so until it is over", async (context) => {
  await using street = await makeStreet("numprocesses = 2\nslow_worker_window = 3\n");
  const victim = street.askVictim();
  context.after(() => victim.stop());
  const before = await street.running();
  // What is usual is known after six parts of the window, a second each, and those that are compared with them.
  const begun = performance.now();
  await until("it was asked for a while", () => (performance.now() - begun > 15_000 ? true : undefined));
  const check = async () => {
    const ran = await street.appliance.run("metwork", "status", "mfserv", "--json");
    const [status]: ModuleStatus[] = JSON.parse(ran.stdout);
    return status?.checks.find(({ name }) => name === "app.victim.main");
  };
  assert.equal((await check())?.state, "OK");
  await untilAll(street, before, 150);
  const { value } = await until("it is told", async () => {
    const found = await check();
    return found?.state === "WARNING" ? found : undefined;
  });
  assert.match(value.message ?? "", /^all its workers are slow: half of the requests take 1\d\d ms, before \d+ ms$/);
  assert.deepEqual(await street.running(), before);
  await untilAll(street, before, 0);
  await until("it is over", async () => ((await check())?.state === "OK" ? true : undefined));
  assert.match(
    street.supervisorLog(),
    /app\.victim\.main: all its workers are slow.*\n(?:.*\n)*.* it is as quick as before/,
  );
  const figures = await victim.stop();
  assert.equal(failedOf(figures), 0, JSON.stringify(figures));
  assert.deepEqual(await street.running(), before);
});

/** Makes every worker answer so late from now on. */
async function untilAll(street: Street, pids: readonly number[], lagMs: number): Promise<void> {
  const told = new Set<number>();
  await until("each has heard it", async () => {
    told.add(await ask(street, `do=lag&size=${lagMs}`));
    return pids.every((pid) => told.has(pid)) ? true : undefined;
  });
}
