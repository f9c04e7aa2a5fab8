import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Diagnostic } from "../../src/core/base/diagnostic.ts";
import { type Appliance, general, makeAppliance } from "../support/appliance.ts";

/** A mistake in a plugin's config.ini; `line` is the text of the line the diagnostic must point at. */
interface Mistake {
  readonly what: string;
  readonly ini: string;
  readonly line: string;
  /** A word the message or the remedy must have. */
  readonly says: RegExp;
}

const app = "[app_main]\n_cmd_and_args = node server.js\nnumprocesses = 1\n";
const step = "[step_main]\n_cmd_and_args = delete_step {STANDARD_STEP_ARGUMENTS}\nnumprocesses = 1\n";

const webMistakes: readonly Mistake[] = [
  { what: "unknown key", ini: `${general}${app}numproceses = 2\n`, line: "numproceses = 2", says: /numprocesses/ },
  { what: "unknown section", ini: `${general}${app}[aap_main]\nx = 1\n`, line: "[aap_main]", says: /aap_main/ },
  { what: "duplicate key", ini: `${general}${app}numprocesses = 3\n`, line: "numprocesses = 3", says: /twice/ },
  { what: "duplicate section", ini: `${general}${app}[app_main]\n`, line: "[app_main]", says: /app_main/ },
  { what: "bad integer", ini: `${general}${app.replace("= 1", "= two")}`, line: "numprocesses = two", says: /two/ },
  { what: "negative number", ini: `${general}${app}timeout = 5s\n`, line: "timeout = 5s", says: /5s/ },
  { what: "key before a section", ini: `stray = 1\n${general}${app}`, line: "stray = 1", says: /section/ },
  { what: "no key at all", ini: `${general}${app}just some words\n`, line: "just some words", says: /key = value|=/ },
  { what: "empty summary", ini: general.replace(/_summary = .*/, "_summary ="), line: "_summary =", says: /_summary/ },
  { what: "bad version", ini: general.replace("1.0.0", "One Two"), line: "_version = One Two", says: /One Two/ },
  { what: "bad app name", ini: `${general}[app_a/b]\n_cmd_and_args = x\n`, line: "[app_a/b]", says: /a\/b/ },
  {
    what: "unclosed quote",
    ini: `${general}[app_main]\n_cmd_and_args = node "server.js\nnumprocesses = 1\n`,
    line: '_cmd_and_args = node "server.js',
    says: /quote/,
  },
  {
    what: "broken template",
    ini: `${general}${app}[custom]\nx = {{ oops\n`,
    line: "x = {{ oops",
    says: /template|oops|\{\{/i,
  },
  {
    what: "route without slash",
    ini: `${general}${app}prefix_based_routing_extra_routes = here\n`,
    line: "prefix_based_routing_extra_routes = here",
    says: /\//,
  },
  {
    what: "missing fragment",
    ini: `${general}${app}_extra_nginx_conf_filename = no.conf\n`,
    line: "_extra_nginx_conf_filename = no.conf",
    says: /no\.conf/,
  },
  {
    what: "a limit that is no number",
    ini: `${general}${app}rlimit_nofile = lots\n`,
    line: "rlimit_nofile = lots",
    says: /lots/,
  },
];

const fileMistakes: readonly Mistake[] = [
  {
    what: "bad rule type",
    ini: `${general}${step}[switch_rules:fnmtch:a]\nx = main\n`,
    line: "[switch_rules:fnmtch:a]",
    says: /fnmatch/,
  },
  {
    what: "rule without a tag",
    ini: `${general}${step}[switch_rules:fnmatch]\nx = main\n`,
    line: "[switch_rules:fnmatch]",
    says: /tag/,
  },
  {
    what: "rule with a tag too many",
    ini: `${general}${step}[switch_rules:alwaystrue:a]\nx = main\n`,
    line: "[switch_rules:alwaystrue:a]",
    says: /alwaystrue/,
  },
  {
    what: "bad regular expression",
    ini: `${general}${step}[switch_rules:regex:a]\n(x = main\n`,
    line: "(x = main",
    says: /regular|expression|\(x/,
  },
  {
    what: "rule without a target",
    ini: `${general}${step}[switch_rules:fnmatch:a]\nx =\n`,
    line: "x =",
    says: /step/,
  },
  {
    what: "unknown failure policy",
    ini: `${general}${step}failure_policy = burn\n`,
    line: "failure_policy = burn",
    says: /keep/,
  },
  {
    what: "move without a destination",
    ini: `${general}${step}failure_policy = move\n`,
    line: "failure_policy = move",
    says: /failure_policy_move_dest_dir/,
  },
  {
    what: "waits the wrong way round",
    ini: `${general}${step}retry_total = 1\nretry_min_wait = 9\nretry_max_wait = 3\n`,
    line: "retry_max_wait = 3",
    says: /retry_m/,
  },
  {
    what: "step of the predecessor's first format",
    ini: `${general}[step_main]\ncmd = x\n`,
    line: "cmd = x",
    says: /_cmd_and_args/,
  },
];

const moduleMistakes: readonly Omit<Mistake, "ini">[] = [
  { what: "unknown section", line: "[ngnix]", says: /nginx/ },
  { what: "unknown key", line: "wrokers = 3", says: /workers/ },
  { what: "port out of range", line: "https_port = 99999", says: /65535|port/ },
  { what: "no number", line: "timeout = soon", says: /soon|number/ },
  { what: "no flag", line: "flag = perhaps", says: /0|1/ },
  { what: "unknown level", line: "minimal_level = LOUD", says: /INFO|WARNING/ },
  { what: "missing bracket", line: "[log", says: /\[|section/ },
];

for (const [module, mistakes, good] of [
  ["mfserv", webMistakes, "app.good.main"],
  ["mfdata", fileMistakes, "extra.good.main"],
] as const) {
  test(`${mistakes.length} mistakes in ${module} plugins: each told at its line, the good plugin is planned`, async () => {
    await using appliance = await makeAppliance();
    const part = module === "mfserv" ? app : "[extra_daemon_main]\n_cmd_and_args = sleep 1000\nnumprocesses = 1\n";
    appliance.plugin(module, "good", { "config.ini": `${general}${part}` });
    for (const [index, { ini }] of mistakes.entries()) appliance.plugin(module, `bad_${index}`, { "config.ini": ini });
    const { notes, actions } = await planOf(appliance, module);
    for (const [index, mistake] of mistakes.entries()) {
      const file = join(appliance.home, module, "var", "plugins", `bad_${index}`, "config.ini");
      assertTold(notes, file, mistake.ini, mistake);
    }
    const started = actions.filter((action) => action.do === "start").map((action) => action.service);
    assert.ok(started.includes(good), `${good} is not among ${started.join(", ")}`);
    assert.deepEqual(
      started.filter((id) => id.includes(".bad_")),
      [],
    );
  });
}

test("mistakes in a module's own configuration are told all at once, and nothing is planned", async () => {
  await using appliance = await makeAppliance();
  const text =
    "[ngnix]\nport = 1\n[nginx]\nwrokers = 3\nhttps_port = 99999\ntimeout = soon\nflag = perhaps\n[log\n[log]\nminimal_level = LOUD\n";
  const file = appliance.write("mfserv/config/config.ini", text);
  const { notes, actions } = await planOf(appliance, "mfserv", 1);
  for (const mistake of moduleMistakes) assertTold(notes, file, text, { ...mistake, ini: text });
  assert.equal(actions, undefined);
});

const strange: readonly [what: string, make: (appliance: Appliance) => string, says: RegExp][] = [
  [
    "no label",
    (appliance) => {
      appliance.write("mfserv/var/plugins/odd/config.ini", `${general}${app}`);
      return "odd";
    },
    /label/,
  ],
  [
    "a label of another module",
    (appliance) => {
      const home = appliance.plugin("mfserv", "odd", { "config.ini": `${general}${app}` });
      writeFileSync(join(home, ".layerapi2_label"), "plugin_odd@mfdata\n");
      return ".layerapi2_label";
    },
    /mfserv/,
  ],
  [
    "a config.ini that is a directory",
    (appliance) => {
      const home = appliance.plugin("mfserv", "odd", {});
      mkdirSync(join(home, "config.ini"));
      return "config.ini";
    },
    /config\.ini/,
  ],
  [
    "a config.ini in another encoding",
    (appliance) => {
      const home = appliance.plugin("mfserv", "odd", {});
      writeFileSync(
        join(home, "config.ini"),
        Buffer.from(`${general.replace("tests", "tests \u00e9t\u00e9")}${app}`, "latin1"),
      );
      return "config.ini:3:";
    },
    /UTF-8/,
  ],
  [
    "a layer that is not there",
    (appliance) => {
      const home = appliance.plugin("mfserv", "odd", { "config.ini": `${general}${app}` });
      writeFileSync(join(home, ".layerapi2_dependencies"), "root@mfserv\nnowhere@mfext\n");
      return ".layerapi2_dependencies:2:";
    },
    /nowhere@mfext/,
  ],
  [
    "plugins that need each other",
    (appliance) => {
      const odd = appliance.plugin("mfserv", "odd", { "config.ini": `${general}${app}` });
      const even = appliance.plugin("mfserv", "even", { "config.ini": `${general}${app}` });
      writeFileSync(join(odd, ".layerapi2_dependencies"), "plugin_even@mfserv\n");
      writeFileSync(join(even, ".layerapi2_dependencies"), "plugin_odd@mfserv\n");
      return ".layerapi2_dependencies:1:";
    },
    /cycle|circular|each other|loop/i,
  ],
  [
    "a format version that says nothing",
    (appliance) => {
      const home = appliance.plugin("mfserv", "odd", { "config.ini": `${general}${app}` });
      writeFileSync(join(home, ".plugin_format_version"), "1\n");
      return ".plugin_format_version:1:";
    },
    /version/,
  ],
];

for (const [what, make, says] of strange) {
  test(`a plugin with ${what} is told and left out`, async () => {
    await using appliance = await makeAppliance();
    appliance.plugin("mfserv", "good", { "config.ini": `${general}${app}` });
    const place = make(appliance);
    const { notes, actions } = await planOf(appliance, "mfserv");
    const texts = notes.map((note) => `${note.at?.file}:${note.at?.line}: ${note.message} ${note.fix ?? ""}`);
    assert.ok(
      texts.some((text) => text.includes(place) && says.test(text)),
      texts.join("\n") || "no diagnostics",
    );
    assert.ok(actions.some((action) => action.service === "app.good.main"));
  });
}

interface PlanShown {
  readonly notes: readonly Diagnostic[];
  readonly actions: readonly { do: string; service: string }[];
}

async function planOf(appliance: Appliance, module: string, code = 0): Promise<PlanShown> {
  const done = await appliance.run("metwork", "plan", module, "--json");
  assert.equal(done.code, code, done.stderr);
  return JSON.parse(done.stdout);
}

function assertTold(notes: readonly Diagnostic[], file: string, text: string, mistake: Mistake): void {
  const line = text.split("\n").lastIndexOf(mistake.line) + 1;
  assert.ok(line > 0, `the test's own text has no line ${mistake.line}`);
  const told = notes.filter((note) => note.severity === "error" && note.at?.file === file);
  const there = told.find((note) => note.at?.line === line && mistake.says.test(`${note.message} ${note.fix ?? ""}`));
  const seen = told.map((note) => `line ${note.at?.line}: ${note.message} (${note.fix ?? ""})`).join("\n");
  assert.ok(there, `${mistake.what}: expected line ${line} and ${mistake.says}, got:\n${seen || "nothing"}`);
}
