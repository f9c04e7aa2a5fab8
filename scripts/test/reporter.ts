import type { TestEvent } from "node:test/reporters";
import { explain } from "./explain.ts";
import { failed, type TestResult } from "./result.ts";

/** A line of what the reporter writes: a test, or `end` when the file came to its end. */
export type Line = TestResult | { readonly end: true } | { readonly note: string };

/** Reporter of node:test for the runner: one JSON value per line. Suites are not tests, so only their tests appear. */
export default async function* reporter(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    const line = lineOf(event);
    if (line !== undefined) yield `${JSON.stringify(line)}\n`;
  }
}

/** What node:test counts at the end; the runner counts itself. */
const totals = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

function lineOf(event: TestEvent): Line | undefined {
  if (event.type === "test:summary") return { end: true };
  if (event.type === "test:diagnostic") {
    return totals.test(event.data.message) ? undefined : { note: event.data.message };
  }
  if (event.type !== "test:pass" && event.type !== "test:fail") return undefined;
  const { name, details, skip, todo } = event.data;
  if (skip !== undefined && skip !== false)
    return { name, outcome: "skipped", detail: reason(skip, "no reason given") };
  if (todo !== undefined && todo !== false) return { name, outcome: "skipped", detail: reason(todo, "to do") };
  if (event.type === "test:pass") {
    return details.type === "suite" ? undefined : { name, outcome: "passed", detail: "" };
  }
  const { error } = event.data.details;
  if ("failureType" in error && error.failureType === "subtestsFailed") return undefined;
  const place = event.data.file === undefined ? "" : `at ${event.data.file}:${event.data.line}:${event.data.column}\n`;
  const { headline, detail } = explain(error.cause ?? error);
  return failed(name, place + detail, headline);
}

function reason(given: string | true, otherwise: string): string {
  return given === true ? otherwise : given;
}
