import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Result } from "../base/result.ts";
import { readLayer } from "./layer.ts";
import { layerEnvironment, prepend } from "./layer-environment.ts";
import { resolveLayers } from "./layer-resolve.ts";
import type { Layer } from "./types.ts";

/** Builds a layer from its files' texts. */
function layer(
  label: string,
  files: { dependencies?: string; conflicts?: string; extraEnv?: string; has?: string[] } = {},
) {
  const { has = [], ...texts } = files;
  const read = readLayer({ home: `/l/${label}`, label: `${label}\n`, has: new Set(has), ...texts }, { MOD: "mfserv" });
  assert.ok(read.ok);
  return read.value;
}

function labels(resolved: Result<readonly Layer[]>): string[] {
  assert.ok(resolved.ok, resolved.notes.map((note) => note.message).join("\n"));
  return resolved.value.map((one) => one.label);
}

describe("reading a layer", () => {
  it("reads labels, optional dependencies, comments and braces", () => {
    const read = layer("a@x", { dependencies: "# c\n\nroot@{MOD}\n -opt@mfext\n#+pack@x\n", conflicts: "b@x\n" });
    assert.deepEqual(
      read.needs.map((need) => [need.label, need.optional, need.at?.line, need.at?.col]),
      [
        ["root@mfserv", false, 3, 1],
        ["opt@mfext", true, 4, 2],
      ],
    );
    assert.deepEqual(read.conflicts, ["b@x"]);
  });

  it("keeps everything after the first `=` of an extra_env line, trimmed", () => {
    assert.deepEqual(layer("a@x", { extraEnv: " A = b=c \nB={HOME}/x\n" }).extraEnv, [
      ["A", "b=c"],
      ["B", "{HOME}/x"],
    ]);
  });

  for (const [what, label] of [
    ["no label file", undefined],
    ["an empty label", "\n"],
    ["a label without module", "name\n"],
    ["a label with a slash", "../x@mfext\n"],
  ] as const) {
    it(`refuses ${what}`, () => {
      const read = readLayer({ home: "/l/x", has: new Set(), ...(label === undefined ? {} : { label }) }, {});
      assert.equal(read.ok, false);
      assert.equal(read.notes[0]?.at?.file, "/l/x/.layerapi2_label");
    });
  }
});

describe("resolving layers", () => {
  it("puts what a layer needs before it, once, and what it would like after it", () => {
    const all = [
      layer("a@x", { dependencies: "b@x\nc@x\n-d@x\n" }),
      layer("b@x", { dependencies: "root@x" }),
      layer("c@x", { dependencies: "root@x" }),
      layer("d@x", { dependencies: "a@x" }),
      layer("root@x"),
    ];
    assert.deepEqual(labels(resolveLayers("a@x", all)), ["root@x", "b@x", "c@x", "a@x", "d@x"]);
  });

  it("takes the first of two layers with the same label, and finds homes", () => {
    const first = layer("a@x");
    const second = { ...first, home: "/other" };
    const found = resolveLayers("a@x", [first, second]);
    assert.ok(found.ok);
    assert.equal(found.value[0], first);
    assert.deepEqual(labels(resolveLayers("/other", [first, second])), ["a@x"]);
  });

  it("reports a missing dependency at its line, with what was meant", () => {
    const found = resolveLayers("a@x", [
      layer("a@x", { dependencies: "\n\npython33@mfext\n" }),
      layer("python3@mfext"),
    ]);
    assert.equal(found.ok, false);
    assert.deepEqual(
      [found.notes[0]?.code, found.notes[0]?.at?.line, found.notes[0]?.at?.file],
      ["MF3011", 3, "/l/a@x/.layerapi2_dependencies"],
    );
    assert.match(found.notes[0]?.fix ?? "", /python3@mfext/);
  });

  it("names the whole cycle", () => {
    const all = [
      layer("a@x", { dependencies: "b@x" }),
      layer("b@x", { dependencies: "# up\nc@x" }),
      layer("c@x", { dependencies: "b@x" }),
    ];
    const found = resolveLayers("a@x", all);
    assert.equal(found.ok, false);
    assert.equal(found.notes[0]?.code, "MF3012");
    assert.match(found.notes[0]?.message ?? "", /b@x -> c@x -> b@x/);
    assert.equal(found.notes[0]?.at?.file, "/l/c@x/.layerapi2_dependencies");
  });

  it("leaves out what is optional and missing, cyclic, broken or in conflict", () => {
    const all = [
      layer("a@x", { dependencies: "b@x\n-gone@x\n-broken@x\n-rival@x\n-good@x" }),
      layer("b@x", { conflicts: "rival@x" }),
      layer("broken@x", { dependencies: "gone@x" }),
      layer("rival@x"),
      layer("good@x"),
    ];
    assert.deepEqual(labels(resolveLayers("a@x", all)), ["b@x", "a@x", "good@x"]);
  });

  it("refuses two needed layers in conflict, whichever declares it", () => {
    for (const [one, other] of [
      [{ conflicts: "c@x" }, {}],
      [{}, { conflicts: "b@x" }],
    ]) {
      const all = [layer("a@x", { dependencies: "b@x\nc@x" }), layer("b@x", one), layer("c@x", other)];
      const found = resolveLayers("a@x", all);
      assert.equal(found.ok, false);
      assert.equal(found.notes[0]?.code, "MF3013");
    }
  });

  it("terminates on any graph, and gives an order in which needs come first", () => {
    const graph = fc.array(fc.array(fc.nat(7), { maxLength: 4 }), { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(graph, (edges) => {
        const all = edges.map((needs, index) =>
          layer(`l${index}@x`, { dependencies: needs.map((need) => `l${need}@x`).join("\n") }),
        );
        const found = resolveLayers("l0@x", all);
        if (!found.ok) return found.notes.every((note) => note.code === "MF3012");
        const order = labels(found);
        return found.value.every((one) =>
          one.needs.every((need) => order.indexOf(need.label) < order.indexOf(one.label)),
        );
      }),
    );
  });
});

describe("the environment of layers", () => {
  it("prepends the sub-paths that exist, the last one first, and moves what is there to the front", () => {
    const one = layer("a@x", { has: ["bin", "local/bin", "node_modules/.bin", "lib", "node_modules"] });
    assert.deepEqual(layerEnvironment([one], { PATH: "/usr/bin:/l/a@x/bin:/bin" }), {
      NODE_PATH: "/l/a@x/node_modules",
      PATH: "/l/a@x/local/bin:/l/a@x/bin:/l/a@x/node_modules/.bin:/usr/bin:/bin",
      PYTHONPATH: "/l/a@x/lib",
      LD_LIBRARY_PATH: "/l/a@x/lib",
    });
  });

  it("applies layers in order and sees what earlier ones set; unknown variables are empty", () => {
    const one = layer("a@x", { extraEnv: "A=1" });
    const two = layer("b@x", { extraEnv: "B={A}{BASE}-{MISSING}", has: ["bin"] });
    assert.deepEqual(layerEnvironment([one, two], { BASE: "z" }), { A: "1", B: "1z-", PATH: "/l/b@x/bin" });
  });

  it("takes the site-packages of the running Python only, when it is known", () => {
    const one = layer("a@x", { has: ["local/lib/python3.11/site-packages", "local/lib/python3.9/site-packages"] });
    assert.deepEqual(layerEnvironment([one], { PYTHON3_SHORT_VERSION: "3.11" }), {
      PYTHONPATH: "/l/a@x/local/lib/python3.11/site-packages",
    });
  });

  it("prepending is idempotent and never loses or repeats an entry", () => {
    const entry = fc.constantFrom("/a", "/b", "/c", "/d");
    fc.assert(
      fc.property(fc.uniqueArray(entry), entry, (entries, added) => {
        const list = prepend(entries.join(":"), added);
        assert.equal(prepend(list, added), list);
        assert.deepEqual(list.split(":"), [added, ...entries.filter((other) => other !== added)]);
      }),
    );
  });
});
