import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { filesTouched } from "./waiting.ts";

test("files that wait for a step whose work changes are counted, others are not", () => {
  const home = mkdtempSync(join(tmpdir(), "mw-waiting-"));
  try {
    for (const [step, files] of [
      ["p.main", 3],
      ["q.main", 2],
      ["r.main", 1],
    ] as const) {
      mkdirSync(join(home, step));
      for (let index = 0; index < files; index++) writeFileSync(join(home, step, `${index}`), "");
    }
    mkdirSync(join(home, "p.main", "directory"));
    const flow = (lanes: number): string =>
      JSON.stringify({
        steps: ["p", "q", "r"].map((plugin) => ({ plugin, step: "main", lanes: plugin === "p" ? lanes : 1 })),
        watched: ["p", "q", "r"].map((plugin) => ({
          directory: join(home, `${plugin}.main`),
          steps: [`${plugin}.main`],
        })),
      });
    const swap = { do: "swap", service: "step.q.main", because: [] } as const;
    const directory = (step: string): string => join(home, step);
    assert.deepEqual(filesTouched(flow(1), flow(1), []), []);
    assert.deepEqual(filesTouched(flow(1), flow(2), [swap]), [
      { step: "p.main", directory: directory("p.main"), files: 3 },
      { step: "q.main", directory: directory("q.main"), files: 2 },
    ]);
    assert.deepEqual(filesTouched(undefined, undefined, []), []);
  } finally {
    rmSync(home, { recursive: true });
  }
});
