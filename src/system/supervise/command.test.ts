import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { expand, findProgram, findWrappers, limitArguments } from "./command.ts";

describe("commands", () => {
  const by = { instance: 3, socketPath: "/run/$& s" };
  const cases: readonly (readonly [word: string, expanded: string])[] = [
    ["plain", "plain"],
    ["{instance}-{instance}", "3-3"],
    ["w$(circus.wid)", "w3"],
    ["--bind={unix_socket_path}", "--bind=/run/$& s"],
    ["{other}", "{other}"],
  ];
  for (const [word, expanded] of cases) it(`expand ${word}`, () => assert.equal(expand(word, by), expanded));

  it("keep {unix_socket_path} when there is none", () => {
    assert.equal(expand("{unix_socket_path}", { instance: 1 }), "{unix_socket_path}");
  });

  it("are limited, but only where there is a limit", () => {
    const wrappers = { dieWithUs: [], prlimit: "/usr/bin/prlimit" };
    assert.deepEqual(limitArguments({}, wrappers.prlimit), []);
    assert.deepEqual(limitArguments({ openFiles: 10, core: 0, tasks: 5 }, wrappers.prlimit), [
      "/usr/bin/prlimit",
      "--nofile=10:10",
      "--core=0:0",
      "--",
    ]);
  });

  it("are found like the system finds them", () => {
    assert.equal(findProgram("sh", "/nowhere:/bin"), "/bin/sh");
    assert.equal(findProgram("/bin/sh", undefined), "/bin/sh");
    assert.equal(findProgram("sh", "/nowhere"), undefined);
    assert.equal(findProgram("/bin", undefined), undefined);
    assert.equal(findProgram("/etc/passwd", undefined), undefined);
  });

  it("are wrapped only by what exists", () => {
    assert.deepEqual(findWrappers("/nowhere"), { dieWithUs: [], prlimit: undefined });
  });
});
