import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { WrittenLines } from "../config/types.ts";
import { changedLines, placesOf } from "./because.ts";
import type { ServiceSpec, Sources } from "./types.ts";

const OWN = "/p/config.ini";
const USER = "/c/plugins/p.ini";
const SPEC = { id: "app.p.main", plugin: "p", because: [{ file: OWN, line: 9, col: 1, length: 1 }] } as const;
const NGINX = { id: "nginx", because: [] } as const;
const spec = (one: object): ServiceSpec => one as ServiceSpec;

function lines(keys: WrittenLines["keys"]): WrittenLines {
  return { files: [OWN, USER], keys };
}

const BASE: Sources = {
  "": { files: ["/c/config.ini"], keys: { "nginx.timeout": ["60", 0, 2], "log.chmod": ["0640", 0, 7] } },
  p: lines({
    "general._summary": ["text", 0, 2],
    "app_main._cmd_and_args": ["node x", 0, 10],
    "app_main.numprocesses": ["1", 0, 11],
    "custom.word": ["one", 0, 20],
  }),
};

function changed(key: string, ...value: readonly [string, number, number]): Sources {
  return { ...BASE, p: lines({ ...BASE["p"]?.keys, [key]: value }) };
}

describe("because", () => {
  const cases: [what: string, after: Sources, different: object, expected: string[]][] = [
    [
      "an override is named at its own line",
      changed("custom.word", "two", 1, 3),
      { variables: ["WORD"] },
      [`${USER}:3`],
    ],
    ["a command", changed("app_main._cmd_and_args", "node y", 0, 10), { fields: ["argv"] }, [`${OWN}:10`]],
    ["a number of workers", changed("app_main.numprocesses", "2", 1, 2), { fields: ["instances"] }, [`${USER}:2`]],
    [
      "only what concerns the difference is named",
      {
        ...changed("app_main._cmd_and_args", "node y", 0, 10),
        q: lines({}),
        "": { files: ["/c/config.ini"], keys: { "log.chmod": ["0600", 0, 7] } },
      },
      { fields: ["argv"] },
      [`${OWN}:10`],
    ],
    [
      "a moved line is no change; then the part itself is named",
      changed("custom.word", "one", 0, 25),
      { variables: ["WORD"] },
      [`${OWN}:9`],
    ],
  ];
  for (const [what, after, different, expected] of cases) {
    test(what, () => {
      const named = { fields: [], files: [], variables: [], ...different };
      const variables = named.variables.map((name) => `MFSERV_CURRENT_PLUGIN_CUSTOM_${name}`);
      assert.deepEqual(placesOf(spec(SPEC), { ...named, variables }, changedLines(BASE, after)), expected);
    });
  }

  test("an override that is taken away is named where it stood", () => {
    const places = placesOf(
      spec(SPEC),
      { fields: [], files: [], variables: ["MFSERV_CURRENT_PLUGIN_CUSTOM_WORD"] },
      changedLines(changed("custom.word", "two", 1, 3), BASE),
    );
    assert.deepEqual(places, [`${USER}:3 (removed)`]);
  });

  test("what ends names the plugin that went, or the lines that said it should run", () => {
    const ended = spec({ ...SPEC, because: [] });
    const different = { fields: ["argv", "instances"], files: [], variables: [] };
    assert.deepEqual(placesOf(ended, different, changedLines(BASE, {})), [`${OWN} (gone)`]);
    const none = changedLines(BASE, changed("app_main.numprocesses", "0", 1, 2));
    assert.deepEqual(placesOf(ended, different, none), [`${USER}:2`]);
  });

  test("a proxy names routes, plugins that came or went and its own options, not what only workers see", () => {
    const after: Sources = {
      "": { files: ["/c/config.ini"], keys: { "nginx.timeout": ["30", 0, 2], "log.chmod": ["0600", 0, 7] } },
      p: lines({
        ...BASE["p"]?.keys,
        "app_main.prefix_based_routing_extra_routes": ["/x", 1, 4],
        "custom.word": ["2", 1, 5],
      }),
      new: { files: ["/new/config.ini"], keys: {} },
    };
    const before: Sources = { ...BASE, old: { files: ["/old/config.ini"], keys: {} } };
    assert.deepEqual(
      placesOf(spec(NGINX), { fields: [], files: ["nginx.conf"], variables: [] }, changedLines(before, after)),
      ["/c/config.ini:2", `${USER}:4`, "/new/config.ini (new)", "/old/config.ini (gone)"],
    );
  });

  test("nothing changed, nothing named; a plan that does not know its lines names none", () => {
    assert.deepEqual(changedLines(BASE, structuredClone(BASE)), []);
    assert.deepEqual(changedLines(undefined, BASE), []);
  });
});
