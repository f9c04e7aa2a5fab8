import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { FlowConfig, RuleHelperSpec, SwitchRuleSpec } from "../../src/core/flow/types.ts";
import { archiveStep, Pipeline, rule, says, step, until } from "./flow-harness.ts";

const root = join(import.meta.dirname, "..", "..");
const NAME = "first.core.original_basename";

function helper(plugin: string, language: RuleHelperSpec["language"], cwd: string): RuleHelperSpec {
  const argv =
    language === "python"
      ? (["python3", "-u", join(root, "layers/python3/lib/metwork_rules/helper.py")] as const)
      : ([process.execPath, join(root, "src/main/js_rules.ts")] as const);
  return { plugin, language, argv, cwd, env: { PATH: process.env["PATH"] ?? "", METWORK_RULES_HOME: cwd } };
}

function programmed(type: "python" | "js", plugin: string, pattern: string, to: string): SwitchRuleSpec {
  return { ...rule(pattern, to, "", type), plugin };
}

async function started(configure: (flow: Pipeline) => FlowConfig): Promise<Pipeline> {
  const flow = new Pipeline();
  mkdirSync(join(flow.root, "plugin"));
  flow.configure(configure(flow));
  await flow.startRedis();
  await flow.start();
  return flow;
}

function archives(flow: Pipeline, ...names: readonly string[]) {
  return names.map((name) => archiveStep(join(flow.root, name), name));
}

test("rules of every type add up in one switch, bad ones are left out, and a target gets a file once", async () => {
  const flow = await started((pipeline) => {
    const plugin = join(pipeline.root, "plugin");
    writeFileSync(
      join(plugin, "rules.py"),
      "def csv(xaf): return xaf.tags['first.core.original_basename'].endswith(b'.csv')\n",
    );
    writeFileSync(
      join(plugin, "rules.mjs"),
      'export const dat = ({ tags }) => tags["first.core.original_basename"].endsWith(".dat");\n',
    );
    return {
      ...pipeline.config(archives(pipeline, "python", "js", "expression", "all"), [
        rule("(", "all", NAME, "regex"),
        programmed("python", "p", `${plugin}:rules.csv`, "python,all"),
        programmed("python", "p", `${plugin}:gone.nothing`, "all"),
        programmed("js", "p", `${plugin}:rules.dat`, "js"),
        rule("x['latest.guess_file_type.main.size'] > 3", "expression", "", "expression"),
        rule("*.csv", "all", NAME),
      ]),
      ruleHelpers: [helper("p", "python", plugin), helper("p", "js", plugin)],
    };
  });
  try {
    for (const name of ["a.csv", "b.dat", "long.csv"])
      flow.drop(name, name.startsWith("long") ? "a longer one" : "a,b");
    const found = (name: string): string[] => flow.archived(join(flow.root, name));
    await until(
      "all are delivered",
      () => found("all").length === 2 && found("js").length === 1 && found("python").length === 2,
    );
    await until("nothing is left", () => flow.inside().length === 0);
    assert.deepEqual(["python", "js", "expression", "all"].map(found), [
      ["a.csv", "long.csv"],
      ["b.dat"],
      ["long.csv"],
      ["a.csv", "long.csv"],
    ]);
    await says(flow, /a switch rule of test is left out: `\(` is no regular expression/);
    await says(flow, /gone\.nothing failed, which means no match/);
  } finally {
    await flow.close();
  }
});

test("a rule that hangs holds nothing up; a file only it could want is kept, not taken for unwanted", async () => {
  const flow = await started((pipeline) => {
    const plugin = join(pipeline.root, "plugin");
    writeFileSync(join(plugin, "rules.py"), "def hangs(xaf):\n    while True: pass\ndef fine(xaf): return True\n");
    return {
      ...pipeline.config(archives(pipeline, "csv", "odd"), [
        programmed("python", "p", `${plugin}:rules.hangs`, "odd"),
        rule("*.csv", "csv", NAME),
      ]),
      ruleHelpers: [helper("p", "python", plugin)],
    };
  });
  try {
    for (let index = 0; index < 30; index++) flow.drop(`${index}.csv`, String(index));
    flow.drop("unknown.bin", "?");
    await until("the others are delivered", () => flow.archived(join(flow.root, "csv")).length === 30);
    const trash = join(flow.dataIn, "trash", "switch.main");
    await until("the other one is kept", () => existsSync(join(trash, "unknown.bin")));
    assert.match(readFileSync(join(trash, "unknown.bin.tags"), "utf8"), /original_basename = unknown\.bin/);
    await says(flow, /rules\.hangs has been running for/);
    await says(flow, /rules\.hangs gave no answer and ended its process .* not asked for/);
  } finally {
    await flow.close();
  }
});

test("several switches have their own rules, and hard links share content only where every rule allows it", async () => {
  const flow = await started((pipeline) => {
    const second = step("second", {
      do: "switch",
      noMatch: "delete",
      noMatchOriginalName: false,
      rules: [rule("*", "one*,two*", NAME), rule("*.x", "three", NAME)],
    });
    return pipeline.config([second, ...archives(pipeline, "one", "two", "three")], [rule("*", "second", NAME)]);
  });
  try {
    flow.drop("a.x", "content");
    await until("it is everywhere", () =>
      ["one", "two", "three"].every((name) => flow.archived(join(flow.root, name)).length === 1),
    );
    await until("nothing is left", () => flow.inside().length === 0);
    const inodes = ["one", "two", "three"].map((name) => statSync(join(flow.root, name, "a.x")).ino);
    assert.equal(inodes[0], inodes[1]);
    assert.notEqual(inodes[0], inodes[2]);
  } finally {
    await flow.close();
  }
});
