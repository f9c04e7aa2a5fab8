/**
 * Writes what is made from declarations: each module's commented `config.ini`, and the reference of options and commands.
 * `--check` writes nothing and ends with 1 when one of them is not what it should be.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { commandReference } from "../src/cli/document.ts";
import { commands } from "../src/cli/registry.ts";
import { defaultsFile, referencePage, sectionText } from "../src/core/config/document.ts";
import { NETWORK_PROGRAMS } from "../src/core/flow/network/programs.ts";
import { MODULE_OPTIONS } from "../src/core/module/options/index.ts";
import { MODULE_NAMES } from "../src/core/module/paths.ts";
import { pluginReferencePage } from "../src/core/plugin/document.ts";

const root = join(import.meta.dirname, "..");

/** Every generated file, by path relative to the checkout. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const module of MODULE_NAMES) {
    files.set(`modules/${module}/config/config.ini`, defaultsFile(module, MODULE_OPTIONS[module]));
    files.set(`docs/reference/${module}-options.md`, referencePage(module, MODULE_OPTIONS[module]));
  }
  files.set("docs/reference/commands.md", commandReference(commands));
  files.set("docs/reference/plugin-options.md", pluginReferencePage());
  for (const { name, options } of NETWORK_PROGRAMS) {
    // The templates are Jinja, and so are the values that stay for the plugin.
    const text = sectionText(options).replace(/\{\{.*?\}\}/g, (written) => `{% raw %}${written}{% endraw %}`);
    files.set(`templates/plugins/mfdata/_common/_${name}.ini`, text);
  }
  return files;
}

function current(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), "utf8");
  } catch {
    return undefined;
  }
}

if (import.meta.main) {
  const check = process.argv.includes("--check");
  for (const [path, text] of generatedFiles()) {
    if (current(path) === text) continue;
    if (check) {
      console.error(`${path} is stale; run: make docs`);
      process.exitCode = 1;
    } else {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
      console.log(`wrote ${path}`);
    }
  }
}
