import type { TestEvent } from "node:test/reporters";
import { setTimeout as delay } from "node:timers/promises";
import { explain } from "./explain.ts";
import { failed, type TestResult } from "./result.ts";

/** A line of what the reporter writes: a test, or `end` when the file came to its end. */
export type Line = TestResult | { readonly end: true } | { readonly note: string };

/** What a failed test left open, a connection or a timer, may keep the process for so long after the last test, in ms. */
const LINGER_MS = 5_000;

/**
 * Reporter of node:test for the runner: one JSON value per line. Suites are not tests, so only their tests appear. A process that does
 * not end by itself is ended if a test of it failed, since the next ones wait for it; else that is a failure, the runner's to find.
 */
export default async function* reporter(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const events = source[Symbol.asyncIterator]();
  let [running, failures] = [0, 0];
  for (let next = events.next(); ; ) {
    const lingers = running === 0 && failures > 0;
    const event = await (lingers ? Promise.race([next, delay(LINGER_MS, undefined, { ref: false })]) : next);
    if (event === undefined) {
      yield `${JSON.stringify({ note: "what a failed test left open kept the process" })}\n${JSON.stringify({ end: true })}\n`;
      setTimeout(() => process.exit(1), 100);
    }
    const { done, value } = event ?? (await next);
    if (done === true) return;
    if (value.type === "test:enqueue") running++;
    if (value.type === "test:complete") running--;
    if (value.type === "test:fail") failures++;
    const line = lineOf(value);
    if (line !== undefined) yield `${JSON.stringify(line)}\n`;
    next = events.next();
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
