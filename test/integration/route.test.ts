import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Appliance, general, makeAppliance } from "../support/appliance.ts";

let appliance: Appliance;

before(async () => {
  appliance = await makeAppliance();
  const step = "[step_main]\n_cmd_and_args = delete_step {STANDARD_STEP_ARGUMENTS}\nnumprocesses = 1\n";
  appliance.plugin("mfdata", "switch", { "config.ini": `${general}${step.replace("delete_step", "switch_step")}` });
  appliance.plugin("mfdata", "guess_file_type", {
    "config.ini": `${general}${step.replace("delete_step", "guess_file_type_step --dest-dir=switch/main")}`,
  });
  appliance.plugin("mfdata", "obs", {
    "rules.py": "def big(xaf): return xaf.getsize() > 3\ndef fails(xaf): raise KeyError('x')\n",
    "rules.mjs": 'export const txt = ({ tags }) => tags["my.tag"] === "t";\n',
    "config.ini": `${general}${step}
[switch_rules:fnmatch:latest.guess_file_type.main.system_magic]
ASCII text* = main, other/main*
[switch_rules:regex:first.core.original_basename]
(?@@@@@@a)(a+)+$ = main
[switch_rules:expression]
latest.guess_file_type.main.size == 5 and has(x['my.tag']) = sized/main
[switch_rules:python]
rules.big = big/main
rules.fails = main
[switch_rules:js]
rules.txt = js/main
[switch_rules@second:alwaystrue]
* = main
`,
  });
});
after(() => appliance[Symbol.asyncDispose]());

interface Explained {
  readonly rules: readonly { pattern: string; input: string; verdict: string; reason?: string }[];
  readonly targets: readonly string[];
}

test("route explain asks every rule, in every language, and shows what each saw and said", async () => {
  const file = appliance.write("report.txt", "text\n");
  const { rules, targets } = await appliance.json<Explained>(
    "metwork",
    "route",
    "explain",
    file,
    "--tag",
    "my.tag=t",
    "--json",
  );
  assert.deepEqual(
    rules.map(({ pattern, input, verdict }) => [pattern.replace(/^.*:/, ""), input, verdict]),
    [
      ["ASCII text*", "ASCII text", "yes"],
      ["(?=a)(a+)+$", "", "left out"],
      [
        "latest.guess_file_type.main.size == 5 and has(x['my.tag'])",
        "latest.guess_file_type.main.size = 5, my.tag = t",
        "yes",
      ],
      ["rules.big", "the file and its tags", "yes"],
      ["rules.fails", "the file and its tags", "no"],
      ["rules.txt", "the file and its tags", "yes"],
    ],
  );
  assert.deepEqual(targets, ["obs/main", "other/main*", "sized/main", "big/main", "js/main"]);
  assert.match(rules[4]?.reason ?? "", /KeyError/);
});

test("route explain in a table, of tags alone, of another switch, and of what is not there", async () => {
  const shown = await appliance.ok("metwork", "route", "explain", "--tag", "first.core.original_basename=x");
  assert.match(shown, /Plugin .* Rule .* Pattern .* Input .* Verdict .* Targets/);
  assert.match(shown, /no rule matches: delete/);
  for (const [code, ...args] of [
    [2],
    [2, "--tag", "x"],
    [1, "/nowhere"],
    [1, "--switch", "none", "--tag", "a=b"],
  ] as const) {
    assert.equal((await appliance.run("metwork", "route", "explain", ...args)).code, code, String(args));
  }
});
