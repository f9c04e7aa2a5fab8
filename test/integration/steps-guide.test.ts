import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Appliance, makeAppliance, root } from "../support/appliance.ts";

/** A fenced block of docs/guide/writing-steps.md: its language and what else its first line says. */
interface Snippet {
  readonly language: string;
  readonly more: string;
  readonly text: string;
}

const guide = readFileSync(join(root, "docs/guide/writing-steps.md"), "utf8");
const snippets = [...guide.matchAll(/^```(\w+) ?(\w*)\n(.*?)^```/gms)].map(
  ([, language = "", more = "", text = ""]): Snippet => ({ language, more, text }),
);

/** How a snippet becomes a plugin: the template it is the program of, and a command where it needs another. */
const kinds: Readonly<Record<string, { template: string; file: string; arguments?: string }>> = {
  python: { template: "python3", file: "main.py" },
  "python transform": { template: "python3", file: "main.py", arguments: "--dest-dir=archive/main " },
  "python batch": { template: "batch", file: "main.py" },
  js: { template: "node", file: "main.js" },
  sh: { template: "shell", file: "main.sh" },
};

let appliance: Appliance;
before(async () => {
  appliance = await makeAppliance();
});
after(() => appliance[Symbol.asyncDispose]());

const shell = (script: string, ...args: readonly string[]): Promise<string> =>
  appliance.ok("mfdata_wrapper", "sh", "-ec", script, "sh", ...args);

test("the guide has a snippet of every kind", () => {
  const found = new Set(snippets.map(({ language, more }) => `${language} ${more}`.trim()));
  for (const kind of [...Object.keys(kinds), "ini", "console"]) assert.ok(found.has(kind), kind);
});

for (const { language, more, text } of snippets) {
  const kind = kinds[`${language} ${more}`.trim()];
  if (kind === undefined) continue;
  test(`${language} ${more}: it handles a file, by what the guide prints`, async () => {
    const name = `guide_${language}${more}`;
    const create = 'cd "$1" && bootstrap_plugin.py create --no-input --template="$2" "$3"';
    await shell(create, appliance.home, kind.template, name);
    const plugin = join(appliance.home, name);
    writeFileSync(join(plugin, kind.file), text);
    if (kind.arguments !== undefined) {
      const config = readFileSync(join(plugin, "config.ini"), "utf8");
      writeFileSync(
        join(plugin, "config.ini"),
        config.replace(/^(_cmd_and_args = .*)\{STANDARD/m, `$1${kind.arguments}{STANDARD`),
      );
    }
    writeFileSync(join(appliance.home, "input.txt"), "one\ntwo\n");
    const said = await shell('cd "$1" && metwork step try "$2"', plugin, join(appliance.home, "input.txt"));
    assert.match(said, /input\.txt: done/);
    assert.doesNotMatch(said, /Traceback|WARNING|ERROR/);
    if (more !== "batch") assert.match(said, /done, sent on/);
  });
}

test("the commands of the loop work as they are printed", async () => {
  const commands = snippets.find(({ language }) => language === "console")?.text ?? "";
  const directory = join(appliance.home, "loop");
  mkdirSync(directory);
  const said = await shell(`cd "$1"\n${commands.replaceAll("/tmp/", `${directory}/`)}`, directory);
  assert.match(said, /mine\/main mine\.txt: done/);
  assert.match(await shell("plugins.list --raw"), /^mine~~~dev_link~~~/m);
});

test("the settings it prints are settings, and mean what it says", async () => {
  const settings = snippets.filter(({ language }) => language === "ini").map(({ text }) => text);
  for (const [index, text] of settings.entries()) {
    appliance.write("mfdata/config/plugins/mine.ini", text);
    const checked = await appliance.run("mfdata_wrapper", "plugins.check", join(appliance.home, "loop", "mine"));
    assert.equal(checked.code, 0, `${index}: ${checked.stdout}${checked.stderr}`);
  }
});
