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
  // Two, so that the slow one has enough of them under way, which it gets fewer of the slower it is.
  const loads = [street.askNeighbour(), street.askVictim(), street.askVictim()];
  for (const load of loads) context.after(() => load.stop());
  const replaced = async (pid: number) => {
    const own = (await street.instances()).find((one) => one.pid === pid);
    const { value } = await until(
      "it is replaced",
      async () => {
        const now = (await street.instances()).find(({ instance }) => instance === own?.instance);
        return now?.pid !== undefined && now.pid !== pid ? now : undefined;
      },
      120_000,
    );
    return value;
  };
  const first = await replaced(await ask(street, "do=lag&size=200"));
  assert.match(
    first.intervention?.what ?? "",
    /^replaced: half of its requests took \d+ ms, those of the others \d+ ms$/,
  );
  assert.equal(first.restarts, 0);
  const second = await replaced(await ask(street, "do=lag&size=200"));
  assert.ok((second.intervention?.at ?? 0) - (first.intervention?.at ?? 0) >= 6_000, street.supervisorLog());
  const figures = await Promise.all(loads.map((load) => load.stop()));
  for (const each of figures) assert.equal(failedOf(each), 0, JSON.stringify(figures));
});

/** How late every worker answers, as usual and when all are slow, in milliseconds: what the machine is busy with is little beside it. */
const [USUAL, SLOW] = [50, 300];

test("all of an app's are slow: none is replaced, and metwork status says so until it is over", async (context) => {
  await using street = await makeStreet("numprocesses = 2\nslow_worker_window = 3\n");
  const before = await street.running();
  await untilAll(street, before, USUAL);
  const loads = [street.askVictim(), street.askVictim()];
  for (const load of loads) context.after(() => load.stop());
  // What is usual is known after six parts of the window, a second each, and those that are compared with them.
  const begun = performance.now();
  await until("it was asked for a while", () => (performance.now() - begun > 15_000 ? true : undefined));
  const check = async () => {
    const ran = await street.appliance.run("metwork", "status", "mfserv", "--json");
    const [status]: ModuleStatus[] = JSON.parse(ran.stdout);
    return status?.checks.find(({ name }) => name === "app.victim.main");
  };
  assert.equal((await check())?.state, "OK");
  await untilAll(street, before, SLOW);
  const { value } = await until("it is told", async () => {
    const found = await check();
    return found?.state === "WARNING" ? found : undefined;
  });
  const said = /^all its workers are slow: half of the requests take (\d+) ms, before (\d+) ms$/;
  const [, now, usual] = said.exec(value.message ?? "") ?? assert.fail(value.message);
  assert.ok(Number(now) >= 3 * USUAL && Number(usual) >= USUAL, `${value.message}`);
  assert.deepEqual(await street.running(), before);
  await untilAll(street, before, USUAL);
  await until("it is over", async () => ((await check())?.state === "OK" ? true : undefined));
  assert.match(
    street.supervisorLog(),
    /app\.victim\.main: all its workers are slow.*\n(?:.*\n)*.* it is as quick as before/,
  );
  const figures = await Promise.all(loads.map((load) => load.stop()));
  for (const each of figures) assert.equal(failedOf(each), 0, JSON.stringify(figures));
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
