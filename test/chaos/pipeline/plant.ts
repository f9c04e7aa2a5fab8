import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FlowConfig } from "../../../src/core/flow/types.ts";
import { archiveStep, type Pipeline, rule } from "../../integration/flow-harness.ts";
import { ownStep } from "../../integration/steps-harness.ts";

/** What becomes of files whose name begins with a letter: each of its ends, and the steps it went through by then. */
export const ROUTES = {
  a: { archive: "guess_file_type switch archive" },
  b: { archive: "guess_file_type switch archive", copies: "guess_file_type switch copies" },
  f: { failed: "guess_file_type switch own" },
  o: { archive: "guess_file_type switch own archive" },
  r: { archive: "guess_file_type switch again again archive" },
  z: { unmatched: "guess_file_type switch" },
} as const satisfies Readonly<Record<string, Partial<Record<End, string>>>>;

export type End = "archive" | "copies" | "failed" | "unmatched";
export type Kind = keyof typeof ROUTES;

/** How often the own step handles a file of a kind when nothing goes wrong. */
export const EXECUTIONS: Readonly<Partial<Record<Kind, number>>> = { f: 1, o: 1, r: 2 };

/** guess_file_type, switch, a step of its own program that fails where it should, archives. */
export function plantConfig(flow: Pipeline, more: Partial<FlowConfig> = {}): FlowConfig {
  const name = "first.core.original_basename";
  const steps = [
    ownStep("own"),
    ownStep("again", { retry: { total: 3, minWaitS: 0, maxWaitS: 0, backoff: 0 } }),
    archiveStep(flow.archive),
    archiveStep(endDirectory(flow, "copies"), "copies"),
  ];
  const rules = [
    rule("a*", "archive", name),
    rule("b*", "archive*,copies*", name),
    rule("[fo]*", "own", name),
    rule("r*", "again", name),
  ];
  return flow.config(steps, rules, { log: { level: "WARNING" }, ...more });
}

/** What generator and oracle need to know of a pipeline. */
export type Places = Pick<Pipeline, "root" | "stage" | "incoming" | "archive" | "dataIn" | "inside">;

export function endDirectory(flow: Places, end: End): string {
  const directories = {
    archive: flow.archive,
    copies: join(flow.root, "copies"),
    failed: join(flow.dataIn, "trash", "own.main"),
    unmatched: join(flow.dataIn, "trash", "switch.nomatch"),
  };
  return directories[end];
}

/** The program of the own step; it notes each execution before it is done. Returns its command. */
export function ownProgram(flow: Places, directory = flow.root): readonly [string, string] {
  const script = join(directory, "own.cjs");
  writeFileSync(
    script,
    `const { appendFileSync } = require("node:fs");
require("metwork-step").run(({ tags, emit }) => {
  const name = tags["first.core.original_basename"];
  appendFileSync(${JSON.stringify(join(flow.root, "notes"))}, name + "\\n");
  if (name.startsWith("f")) throw new Error("as it should");
  if (name.startsWith("r") && !("latest.again.main_reinject.attempt" in tags)) throw new Error("the first time");
  emit("archive/main");
});
`,
  );
  return [process.execPath, script];
}
