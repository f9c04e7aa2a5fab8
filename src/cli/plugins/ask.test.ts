import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { ask } from "./ask.ts";

const DEFAULTS = { version: "{{MFMODULE_VERSION}}", release: "1", license: "Proprietary", vendor: "MetWork" };

test("questions come in order; nothing typed means what is shown, and lines typed ahead count", async () => {
  const input = new PassThrough();
  const output = new PassThrough().setEncoding("utf8");
  input.write("1.2\n\n2\nUs\n");
  const answers = await ask(DEFAULTS, input, output);
  assert.deepEqual(answers, { version: "1.2", release: "1", license: "BSD", vendor: "Us" });
  assert.match(
    String(output.read()),
    /^version \[\{\{MFMODULE_VERSION\}\}\]: release \[1\]: license \(1: Proprietary, 2: BSD, .*\) \[Proprietary\]: vendor \[MetWork\]: $/,
  );
});

test("a license has any name", async () => {
  const input = new PassThrough();
  input.end("\n\nApache-2.0\n\n");
  assert.equal((await ask(DEFAULTS, input, new PassThrough()))?.["license"], "Apache-2.0");
});

test("the end of what is typed breaks off", async () => {
  const input = new PassThrough();
  input.end("1.2\n");
  assert.equal(await ask(DEFAULTS, input, new PassThrough()), undefined);
});
