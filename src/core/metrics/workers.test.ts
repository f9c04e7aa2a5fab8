import assert from "node:assert/strict";
import { test } from "node:test";
import { readRequest } from "./requests.ts";
import { slowWorkers, workerFigures } from "./workers.ts";

const line = (worker: number | string, seconds: number, app = "main"): string =>
  JSON.stringify({ plugin: "p", app, type: "dynamic", status: 200, duration: seconds, upstream: upstreamOf(worker) });
const upstreamOf = (worker: number | string): string =>
  typeof worker === "string" ? worker : `unix:/home/mfserv/var/app_p_main_${worker}.socket`;

type Answers = readonly [worker: number | string, seconds: number, count: number, app?: string];

function figuresOf(...answers: readonly Answers[]) {
  const lines = answers.flatMap(([worker, seconds, count, app]) => Array(count).fill(line(worker, seconds, app)));
  return workerFigures(lines.flatMap((text: string) => readRequest(text) ?? []));
}

test("a worker is known by its socket; who got a request that another had first is not held to be slow", () => {
  const figures = figuresOf([12, 0.004, 1], [12, 0.008, 1], ["unix:/a_1.socket, unix:/a_2.socket", 9, 1], ["", 9, 1]);
  assert.deepEqual(figures, [{ plugin: "p", app: "main", worker: 12, requests: 2, p25Ms: 4, p50Ms: 4, p99Ms: 8 }]);
});

test("a worker is slow beside the others of its app, when enough is known of both", () => {
  const numbers = (...answers: readonly Answers[]) =>
    slowWorkers(figuresOf(...answers)).map(({ own, others }) => [own.worker, own.p50Ms, others.p50Ms]);
  assert.deepEqual(numbers([1, 0.01, 50], [2, 0.5, 50], [3, 0.012, 50]), [[2, 500, 10]]);
  assert.deepEqual(numbers([1, 0.01, 50], [2, 0.5, 10]), []);
  assert.deepEqual(numbers([1, 0.5, 50]), []);
  assert.deepEqual(numbers([1, 0.001, 50], [2, 0.005, 50]), [], "milliseconds");
  assert.deepEqual(numbers([1, 0.1, 50], [2, 0.2, 50]), [], "twice");
  assert.deepEqual(numbers([1, 0.01, 50], [2, 0.5, 50, "other"]), [], "another app");
});
