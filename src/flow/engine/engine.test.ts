import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { Hint } from "../../core/flow/hint.ts";
import type { FlowConfig, FlowStep, StepWork } from "../../core/flow/types.ts";
import { openLogs } from "../tell/log.ts";
import type { Loan, Workers } from "../workers.ts";
import { Engine } from "./engine.ts";

const FILES = 4000;
/** What the step's worker finishes while the engine claims at most 32. */
const FINISHED_A_TURN = 16;
/** Without a rest it were all that memory holds, 2,048. */
const WAITING_MAX = 600;
const SINK = { write: () => undefined } as unknown as Parameters<typeof openLogs>[0];

const step = (plugin: string, work: StepWork): FlowStep => {
  return { plugin, step: "main", work, lanes: 1, onFailure: { do: "keep" }, debug: false };
};

test("who brings a brisk step files faster than it takes them rests, and goes on until all are done", async () => {
  const dataIn = mkdtempSync(join(tmpdir(), "metwork-engine-"));
  const directory = join(dataIn, "step.entry.main");
  mkdirSync(directory);
  const hints = Array.from({ length: FILES }, (_, index): Hint => {
    writeFileSync(join(directory, `file${index}`), "x");
    return { directory, filename: `file${index}`, event: "created" };
  });
  const waiting: Loan[] = [];
  let onRoom: (files: number) => void = () => undefined;
  const workers = {
    areBusy: false,
    open: (_key: string, _log: unknown, told: (files: number) => void) => (onRoom = told),
    close: () => undefined,
    stop: () => undefined,
    lend: (_key: string, loan: Loan) => waiting.push(loan),
  } as unknown as Workers;
  const input = {
    take: (key: string) => (key === "entry.main" ? hints.shift() : undefined),
    waiting: () => 0,
    isWatchedFor: () => true,
    listLater: () => undefined,
  };
  let done = 0;
  const events = {
    entered: () => undefined,
    sent: () => undefined,
    ended: ({ lane }: { lane: { step: FlowStep } }) => (done += lane.step.plugin === "own" ? 1 : 0),
  };
  const engine = new Engine(input, workers, events as never, openLogs(SINK, 1));
  const to = { to: "step", step: { plugin: "own", step: "main" } } as const;
  const entry = step("entry", { do: "move", to, basename: "{ORIGINAL_BASENAME}", dropTags: false });
  const config = { dataIn, steps: [entry, step("own", { do: "external" })], log: { level: "CRITICAL" } };
  try {
    engine.adopt(config as unknown as FlowConfig);
    engine.ready("entry.main");
    let [most, rests] = [0, 0];
    for (const begun = performance.now(); done < FILES; ) {
      assert.ok(performance.now() - begun < 60_000, `${done} files are done, ${hints.length} were not claimed`);
      const left = hints.length;
      await turn();
      most = Math.max(most, waiting.length);
      if (left > 0 && hints.length === left && waiting.length > 0) rests += 1;
      for (const loan of waiting.splice(0, FINISHED_A_TURN)) loan.returned({ is: "ok", outputs: [] });
      onRoom(1 - waiting.length);
    }
    assert.ok(most < WAITING_MAX && rests > 0, `${most} files waited, ${rests} turns of rest`);
    assert.deepEqual(readdirSync(join(dataIn, "step.own.main")), []);
  } finally {
    await engine.stop();
    rmSync(dataIn, { recursive: true });
  }
});
