import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModuleName } from "../core/module/paths.ts";
import { type Command, type Context, UsageError } from "./command.ts";
import { run } from "./run.ts";

interface Call {
  readonly command: string;
  readonly args: readonly string[];
  readonly force: boolean;
  readonly name: string | undefined;
  readonly module: ModuleName | undefined;
  readonly json: boolean;
}

function fixture(calls: Call[], said: string[], env: Record<string, string>) {
  const command = (name: string, more: Partial<Command> = {}): Command => ({
    name,
    aliases: [],
    summary: name,
    args: [{ name: "ARG", summary: "", required: false }],
    options: { force: { type: "boolean", summary: "" }, name: { type: "string", summary: "" } },
    load: async () => async (context, given) => {
      let module: ModuleName | undefined;
      try {
        module = context.module();
      } catch (error) {
        assert.ok(error instanceof UsageError);
      }
      calls.push({
        command: name,
        args: given.args,
        force: given.flag("force"),
        name: given.value("name"),
        module,
        json: context.json,
      });
      return 0;
    },
    ...more,
  });
  const commands = [
    command("plugins"),
    command("plugins install", { aliases: ["plugins.install"], args: [{ name: "FILE", summary: "", required: true }] }),
    command("start", { aliases: ["mfserv.start", "mfdata.start"] }),
    command("wrapper", {
      aliases: ["mfserv_wrapper"],
      passThrough: true,
      args: [{ name: "COMMAND", summary: "", required: true, variadic: true }],
    }),
  ];
  const makeContext = (options: { json: boolean; module?: ModuleName }): Context => ({
    env,
    cwd: "/",
    json: options.json,
    color: false,
    interactive: false,
    out: (text) => said.push(text),
    err: (text) => said.push(text),
    module: () => {
      if (options.module === undefined) throw new UsageError("which module?");
      return options.module;
    },
    paths: () => {
      throw new Error("not used here");
    },
  });
  return { commands, makeContext };
}

const none = { args: [], force: false, name: undefined, module: undefined, json: false };
const works: readonly [calledAs: string, argv: string[], expected: Call][] = [
  ["metwork", ["plugins", "install", "a.plugin"], { ...none, command: "plugins install", args: ["a.plugin"] }],
  ["metwork", ["plugins", "x"], { ...none, command: "plugins", args: ["x"] }],
  ["metwork", ["plugins.install", "a"], { ...none, command: "plugins install", args: ["a"] }],
  ["plugins.install", ["--force", "a"], { ...none, command: "plugins install", args: ["a"], force: true }],
  [
    "plugins.install",
    ["--json", "--name=b", "a"],
    { ...none, command: "plugins install", args: ["a"], name: "b", json: true },
  ],
  [
    "plugins.install",
    ["--module", "mfdata", "a"],
    { ...none, command: "plugins install", args: ["a"], module: "mfdata" },
  ],
  ["mfdata.start", [], { ...none, command: "start", module: "mfdata" }],
  [
    "mfserv_wrapper",
    ["ls", "--force", "-la", "a b;c"],
    { ...none, command: "wrapper", args: ["ls", "--force", "-la", "a b;c"], module: "mfserv" },
  ],
  ["mfserv_wrapper", ["--", "--force"], { ...none, command: "wrapper", args: ["--force"], module: "mfserv" }],
  ["mfserv_wrapper", ["--name", "n", "ls"], { ...none, command: "wrapper", args: ["ls"], name: "n", module: "mfserv" }],
];

for (const [calledAs, argv, expected] of works) {
  test(`${calledAs} ${argv.join(" ")} runs ${expected.command}`, async () => {
    const calls: Call[] = [];
    const { commands, makeContext } = fixture(calls, [], {});
    assert.equal(await run(commands, { calledAs, argv, uid: 1000 }, makeContext), 0);
    assert.deepEqual(calls, [expected]);
  });
}

const refused: readonly [calledAs: string, argv: string[], code: number, says: RegExp][] = [
  ["metwork", ["plugns", "install", "a"], 2, /did you mean `plugins install`/],
  ["metwork", ["plugins", "install"], 2, /missing argument FILE/],
  ["metwork", ["plugins", "install", "a", "b"], 2, /unexpected argument `b`/],
  ["metwork", ["plugins", "install", "--frce", "a"], 2, /--frce/],
  ["metwork", ["start", "--module", "mfweb"], 2, /mfdata, mfserv/],
  ["mfserv_wrapper", [], 2, /missing argument COMMAND/],
];

for (const [calledAs, argv, code, says] of refused) {
  test(`${calledAs} ${argv.join(" ")} is refused with ${code}`, async () => {
    const calls: Call[] = [];
    const said: string[] = [];
    const { commands, makeContext } = fixture(calls, said, {});
    assert.equal(await run(commands, { calledAs, argv, uid: 1000 }, makeContext), code);
    assert.match(said.join("\n"), says);
    assert.deepEqual(calls, []);
  });
}

test("root is refused, unless it is allowed; help is always given", async () => {
  for (const [argv, env, code] of [
    [["start"], {}, 1],
    [["start"], { METWORK_ALLOW_USAGE_BY_ROOT: "1" }, 0],
    [["start", "--help"], {}, 0],
    [["help"], {}, 0],
  ] as const) {
    const { commands, makeContext } = fixture([], [], env);
    assert.equal(await run(commands, { calledAs: "metwork", argv, uid: 0 }, makeContext), code, argv.join(" "));
  }
});
