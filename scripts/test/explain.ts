import { AssertionError } from "node:assert";
import { inspect } from "node:util";
import { cut, cutLine } from "./cut.ts";

/** Why a test failed: in a few lines for the summary, and with all a reader needs to find the cause. */
export interface Explained {
  readonly headline: string;
  readonly detail: string;
}

/** What an error says of itself in any case, or what its message has already. */
const SAID = ["stack", "message", "code", "generatedMessage", "operator", "diff", "actual", "expected"];

/** Explains what a test threw. Its message comes first; what a big value would fill pages with is cut. */
export function explain(thrown: unknown): Explained {
  if (!(thrown instanceof Error)) return { headline: headlineOf(inspect(thrown)), detail: show(thrown) };
  const message = thrown.message === "" ? thrown.name : thrown.message;
  return {
    headline: headlineOf(message),
    detail: [cut(message, 40, 20), framesOf(thrown), ...valuesOf(thrown), ...causesOf(thrown)]
      .filter((part) => part !== "")
      .join("\n"),
  };
}

/** The first line of a message with the next ones that tell something; of a difference those that differ. */
export function headlineOf(message: string): string {
  const [first = "", ...rest] = message.split("\n").filter((line) => line.trim() !== "");
  const [legend, ...lines] = rest;
  const telling =
    legend === "+ actual - expected"
      ? [
          ...lines.filter((line) => /^\+ /.test(line)).slice(0, 2),
          ...lines.filter((line) => /^- /.test(line)).slice(0, 2),
        ]
      : rest.slice(0, 3);
  return [first, ...telling].map((line) => cutLine(line, 160)).join("\n");
}

/** Where it came from, without Node's own part of the way. */
function framesOf({ stack = "" }: Error): string {
  const frames = stack.split("\n").filter((line) => /^ +at /.test(line) && !/\(?node:/.test(line));
  return frames.slice(0, 10).join("\n");
}

/** What did not match, which an author's message replaces, unlike a difference; and whatever else was attached to the error. */
function valuesOf(error: Error): readonly string[] {
  const compared =
    error instanceof AssertionError && !error.generatedMessage && /match/i.test(error.operator)
      ? [`actual: ${show(error.actual)}`, `expected: ${show(error.expected)}`]
      : [];
  const more = Object.entries(error).filter(([name]) => !(SAID.includes(name) && error instanceof AssertionError));
  return [...compared, ...more.map(([name, value]) => `${name}: ${show(value)}`)];
}

function causesOf(error: Error): readonly string[] {
  const errors = error instanceof AggregateError ? error.errors : [];
  return [...(error.cause === undefined ? [] : [error.cause]), ...errors].map(
    (cause) => `because of ${explain(cause).detail}`,
  );
}

function show(value: unknown): string {
  return cut(inspect(value, { depth: 8, maxArrayLength: 50, maxStringLength: 2000 }), 30, 10);
}
