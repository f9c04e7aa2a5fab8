import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TAG } from "../../src/core/flow/tags.ts";
import { stepKey } from "../../src/core/flow/types.ts";
import { startFlow } from "../../src/flow/daemon.ts";
import type { FlowEvents } from "../../src/flow/engine/events.ts";
import { archiveStep, Pipeline, png, rule, step, until } from "./flow-harness.ts";

/** What was heard, a line each, by the file's name. */
function listen(): { readonly events: FlowEvents; readonly heard: Map<string, string[]> } {
  const heard = new Map<string, string[]>();
  const note: (job: Parameters<FlowEvents["entered"]>[0], text: string) => void = ({ file, lane }, text) => {
    const name = file.tags.get(TAG.basename) ?? "";
    heard.set(name, [...(heard.get(name) ?? []), `${stepKey(lane.step)} ${text}`]);
  };
  return {
    heard,
    events: {
      entered: (job) => note(job, `entered ${job.counter}`),
      sent: (job, { to, uid, size }) => {
        assert.equal(uid, job.file.tags.get(TAG.uid));
        note(job, `sent to ${stepKey(to)}, ${size} bytes`);
      },
      ended: (job, ending) => {
        const more = ending.is === "stored" || ending.is === "buried" ? ` ${ending.path?.split("/").slice(-2)}` : "";
        note(job, `${ending.is}${more}`);
      },
    },
  };
}

test("a listener hears of every arrival, step, output and end of a file", async () => {
  const flow = new Pipeline();
  const { events, heard } = listen();
  try {
    const blocked = join(flow.root, "blocked");
    writeFileSync(blocked, "no directory");
    const steps = [archiveStep(flow.archive), archiveStep(blocked, "failing"), step("gone", { do: "delete" })];
    flow.configure(
      flow.config(steps, [
        rule("one.*", "archive", TAG.basename),
        rule("two.*", "archive,gone", TAG.basename),
        rule("bad.*", "failing", TAG.basename),
      ]),
    );
    mkdirSync(flow.incoming, { recursive: true });
    const files = { "one.png": png(1), "two.png": png(2), "bad.png": png(3), "none.png": png(4) };
    for (const [name, content] of Object.entries(files)) writeFileSync(join(flow.incoming, name), content);
    const expected = {
      "one.png": [...to("archive", files["one.png"]), "archive.main entered 2", "archive.main stored archive,one.png"],
      "two.png": [
        ...to("archive,gone", files["two.png"]),
        ...[
          "archive.main entered 2",
          "archive.main stored archive,two.png",
          "gone.main entered 2",
          "gone.main removed",
        ],
      ],
      "bad.png": [
        ...to("failing", files["bad.png"]),
        ...["failing.main entered 2", "failing.main buried failing.main,bad.png"],
      ],
      "none.png": [...begin(files["none.png"]), "switch.main unmatched"],
    };
    const silent = { stdout: () => undefined, stderr: () => undefined };
    const daemon = await startFlow(flow.configPath, silent, process.pid, [events]);
    try {
      await until("all have ended", () =>
        Object.entries(expected).every(([name, { length }]) => heard.get(name)?.length === length),
      );
    } finally {
      await daemon.stop();
    }
    for (const [name, lines] of Object.entries(expected)) {
      // Two copies of a file are worked on together, so that only the order within each step is known.
      assert.deepEqual(heard.get(name)?.toSorted(byStep), lines.toSorted(byStep));
    }
  } finally {
    await flow.close();
  }
});

function begin({ length }: Buffer): string[] {
  return [
    "guess_file_type.main entered 0",
    `guess_file_type.main sent to switch.main, ${length} bytes`,
    "guess_file_type.main passed",
    "switch.main entered 1",
  ];
}

function to(steps: string, content: Buffer): string[] {
  const sent = steps.split(",").map((step) => `switch.main sent to ${step}.main, ${content.length} bytes`);
  return [...begin(content), ...sent, "switch.main passed"];
}

function byStep(one: string, other: string): number {
  return one.split(" ")[0]?.localeCompare(other.split(" ")[0] ?? "") ?? 0;
}
