import assert from "node:assert/strict";
import { test } from "node:test";
import { configurationName } from "./name.ts";

const CASES: readonly (readonly [
  env: Record<string, string>,
  file: string | undefined,
  name: string,
  line?: number,
])[] = [
  [{}, undefined, "GENERIC"],
  [{}, "# only\n\n", "GENERIC"],
  [{}, "# c\n  D E V _ X \nPROD", "DEV_X", 2],
  [{}, "\ufeffDEV\r\n", "DEV", 1],
  [{ MFCONFIG: "" }, "DEV", "DEV", 1],
  [{ MFCONFIG: "PROD" }, "DEV", "PROD"],
  [{ MFCONFIG: "OLD", METWORK_MFCONFIG_ORIGIN: "file" }, "DEV", "DEV", 1],
  [{ MFCONFIG: "PROD", METWORK_MFCONFIG_ORIGIN: "env" }, "DEV", "PROD"],
];
for (const [env, file, name, line] of CASES) {
  test(`${JSON.stringify(env)} and ${JSON.stringify(file)} mean ${name}`, () => {
    const found = configurationName(env, file);
    assert.equal(found.name, name);
    assert.equal(found.line, line);
  });
}
