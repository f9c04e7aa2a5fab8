/** Workers that die, hang, stand still, leak, multiply or babble: what becomes of them, and that nobody else notices. */
import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { http, until } from "../../scripts/support/client.ts";
import type { ModuleStatus } from "../../src/system/lifecycle/status.ts";
import { killWorkers } from "../chaos/killed-workers.ts";
import { failedOf, type Load } from "../support/load.ts";
import { processesOf } from "../support/processes.ts";
import { makeStreet, type Street } from "../support/street.ts";

test("kill -9 of one of two workers every second fails no request, and each comes back", async () => {
  const { kills, victim, neighbour, restarts } = await killWorkers(5);
  assert.equal(failedOf(victim), 0, JSON.stringify(victim));
  assert.equal(failedOf(neighbour), 0, JSON.stringify(neighbour));
  assert.equal(restarts, kills);
  assert.ok(victim.ok > 0 && neighbour.ok > 0);
});

describe("a worker that does harm", () => {
  /** Seconds after which a worker counts as silent, and its client gets no answer: on a busy machine one that is well takes a while too. */
  const TIMEOUT = 4;
  const app = `numprocesses = 2\ntimeout = ${TIMEOUT}\nliveness_interval = 1\nmemory_max = 200M\ntasks_max = 60\n`;
  let street: Street;
  let neighbour: Load;
  before(async () => {
    street = await makeStreet(app, "[log]\nmax_rate = 1\n");
    neighbour = street.askNeighbour();
  });
  after(async () => {
    const figures = await neighbour.stop();
    await street[Symbol.asyncDispose]();
    assert.equal(failedOf(figures), 0, JSON.stringify(figures));
    assert.ok(figures.ok > 0);
  });

  const ask = (what: string, method = "GET") =>
    http(`http://127.0.0.1:${street.appliance.ports.mfserv}/victim?${what}`, { method });
  // Who was replaced still answers on the connections it has.
  beforeEach(() => until("nobody is left of before", () => (workersOfVictim() === 2 ? true : undefined)));

  /** Waits until something is done about an instance because of what `harm` does, and until all of them run again. */
  const intervened = async (what: RegExp, harm: () => unknown): Promise<void> => {
    const before = await street.running();
    const begun = Date.now();
    await harm();
    const { value: done } = await until(`${what}`, async () => {
      const since = (await street.instances()).flatMap(({ intervention }) =>
        intervention !== undefined && intervention.at >= begun ? [intervention.what] : [],
      );
      return since.find((one) => what.test(one));
    }).catch((error: Error) => {
      throw new Error(`${error.message}\n${street.supervisorLog()}`);
    });
    // Who is killed has ended a moment after that is noted.
    const hasSuccessor = async () => (await street.running()).some((pid) => !before.includes(pid)) || undefined;
    if (/^(?:killed|replaced):/.test(done)) await until("another one runs", hasSuccessor);
    await street.running();
    assert.equal((await ask("")).status, 200);
  };

  test("hangs: it is noticed by its silence, killed, and what waited for it is answered by the next", async () => {
    const asked: Promise<unknown>[] = [];
    await intervened(new RegExp(`^killed: it answered nothing for ${TIMEOUT} s$`), () => {
      // A GET might be given to the other one as well, when the first is killed before its client's time is over.
      asked.push(ask("do=hang", "POST"));
    });
    await Promise.all(asked);
  });

  test("is slow: the others of its app answer meanwhile, and it is left alone", async () => {
    const before = await street.running();
    const slow = Promise.all([1, 2, 3].map(() => ask("do=slow&size=1500")));
    const quick = await Promise.all([1, 2, 3, 4].map(() => ask("")));
    assert.deepEqual(new Set(quick.map(({ status }) => status)), new Set([200]));
    assert.deepEqual(new Set((await slow).map(({ body }) => body)), new Set(["at last"]));
    assert.deepEqual(await street.running(), before);
  });

  test("is stopped by a signal: it goes on, and no request is lost", async () => {
    const victim = street.askVictim();
    const before = await street.running();
    await intervened(/^it was stopped by a signal, and told to go on$/, () =>
      process.kill(before[0] ?? Number.NaN, "SIGSTOP"),
    );
    const figures = await victim.stop();
    assert.equal(failedOf(figures), 0, JSON.stringify(figures));
    assert.deepEqual(await street.running(), before);
  });

  test("leaks: a fresh one takes over before it goes, and no request is lost", async () => {
    const victim = street.askVictim();
    let leaking = Number.NaN;
    await intervened(/^replaced: it held \d+ MB of memory, memory_max is 200 MB$/, async () => {
      leaking = Number((await ask("do=leak&size=1")).body);
    });
    await street.gone(leaking);
    const figures = await victim.stop();
    assert.equal(failedOf(figures), 0, JSON.stringify(figures));
  });

  test("leaks too fast for that: it is killed", async () => {
    // Seen in the middle of it, it is only replaced.
    await until("it was seen too late for that", async () => {
      await until("nobody is left of before", () => (workersOfVictim() === 2 ? true : undefined));
      await intervened(/^(?:killed|replaced): it held \d+ MB of memory, memory_max is 200 MB$/, () =>
        ask("do=gulp&size=600", "POST"),
      );
      const seen = (await street.instances()).map(({ intervention }) => intervention?.what ?? "");
      return seen.some((what) => what.startsWith("killed: it held")) ? true : undefined;
    });
  });

  test("multiplies: all it started is killed", async () => {
    await intervened(/^killed: it and what it started were \d+ tasks, tasks_max is 60$/, () => ask("do=fork"));
    const begun = Date.now();
    const bomber = Number((await ask("do=bomb")).body);
    // It may have died out by itself; else who started it was killed for it, and goes as well.
    await until("the bomb is no more", async () => {
      if (tasksOfVictim() > 0) return undefined;
      const left = (await street.instances()).find(({ pid }) => pid === bomber);
      return (left?.intervention?.at ?? 0) < begun ? true : undefined;
    });
    await street.running();
    assert.equal((await ask("")).status, 200);
  });

  test("is slow: metwork status names it, and the other gets more of the requests", async () => {
    const slow = Number((await ask("do=lag&size=200")).body);
    const victim = street.askVictim();
    const { instance } = (await street.instances()).find(({ pid }) => pid === slow) ?? {};
    const name = `worker ${instance} of app.victim.main`;
    const { value } = await until("it is named", async () => {
      const ran = await street.appliance.run("metwork", "status", "mfserv", "--json");
      const [status]: ModuleStatus[] = JSON.parse(ran.stdout);
      return status?.checks.find((check) => check.name === name);
    });
    assert.match(
      value.message ?? "",
      /^it is slow, .* half took \d{3,} ms and 1 in 100 \d+ ms; the others take \d+ ms/,
    );
    const [, requests] = /of (\d+) in a minute/.exec(value.message ?? "") ?? [];
    const figures = await victim.stop();
    assert.equal(failedOf(figures), 0, JSON.stringify(figures));
    assert.ok(Number(requests) < figures.ok / 3, `${requests} of ${figures.ok}`);
    process.kill(slow, "SIGKILL");
    await street.gone(slow);
  });

  test("floods its log: the log stays small, and it goes on answering", async () => {
    const before = await street.running();
    await ask("do=flood");
    const { value } = await until("it writes more than it may", () =>
      sizeOfLogs() > 1_000_000 ? sizeOfLogs() : undefined,
    );
    const flood = street.askVictim();
    await until("it has answered a hundred times", () => (flood.figures.ok > 100 ? true : undefined));
    const figures = await flood.stop();
    assert.equal(failedOf(figures), 0);
    assert.ok(figures.slowestMs < TIMEOUT * 1000, `slowest ${figures.slowestMs} ms`);
    assert.ok(sizeOfLogs() < value + 200_000, `from ${value} to ${sizeOfLogs()} bytes`);
    assert.deepEqual(await street.running(), before, street.supervisorLog());
  });

  function tasksOfVictim(): number {
    return processesOf(join(street.appliance.home, "mfserv")).filter(({ command }) => command.includes("b() {")).length;
  }

  function workersOfVictim(): number {
    const program = "victim/server.cjs";
    return processesOf(join(street.appliance.home, "mfserv")).filter(({ command }) => command.endsWith(program)).length;
  }

  function sizeOfLogs(): number {
    const log = join(street.appliance.home, "mfserv", "log");
    const names = readdirSync(log).filter((name) => name.startsWith("app_victim_main.log"));
    return names.reduce((sum, name) => sum + statSync(join(log, name)).size, 0);
  }
});
