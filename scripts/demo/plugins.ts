import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { http, until } from "../support/client.ts";
import { demoHome, ports, type } from "./appliance.ts";

const sources = join(demoHome, "sources");

/** Starts both modules; files no rule wants are kept, so that nothing disappears from view. */
export async function startAppliance(): Promise<void> {
  const config = join(demoHome, "etc", "metwork.config.d", "mfdata", "config.ini");
  mkdirSync(join(config, ".."), { recursive: true });
  writeFileSync(
    config,
    "[internal_plugins]\nswitch_no_match_policy = keep\nswitch_no_match_keep_original_basename = 1\n",
  );
  await type(["metwork", "start"]);
  console.log((await type(["metwork", "status"])).replace(/^/gm, "  | ").trimEnd());
}

/** One plugin of each kind of server; each is created, installed and asked for its page. */
export async function createWebPlugins(): Promise<void> {
  const plugins = [
    { name: "hello_static", template: "static", page: "/hello_static/" },
    { name: "hello_node", template: "node", page: "/hello_node" },
    { name: "hello_flask", template: "python3_flask", page: "/hello_flask/" },
  ];
  for (const { name, template, page } of plugins) {
    await create("mfserv", name, template);
    const url = `http://127.0.0.1:${ports.mfserv}${page}`;
    const { value, tookMs } = await until(`${url} answers`, async () => {
      const reply = await http(url);
      return reply.status === 200 ? reply : undefined;
    });
    const [line = ""] = value.body
      .replace(/<[^>]*>/g, " ")
      .trim()
      .split("\n");
    console.log(`  GET ${page} → ${value.status} "${line.trim()}" (${tookMs.toFixed(0)} ms)`);
  }
}

/** An archive plugin with one switch rule, edited in as a user would. */
export async function createArchivePlugin(): Promise<void> {
  await create(
    "mfdata",
    "archive",
    "archive",
    (config) =>
      `${config.replace(/^dest_basename\s*=.*$/m, "dest_basename = %Y%m%d/{ORIGINAL_BASENAME}")}
[switch_rules:fnmatch:latest.guess_file_type.main.system_magic]
PNG image* = main
`,
  );
  console.log("  rule: PNG image* = main");
}

async function create(
  module: "mfserv" | "mfdata",
  name: string,
  template: string,
  edit: (config: string) => string = (config) => config,
): Promise<void> {
  const home = join(sources, name);
  if (existsSync(join(demoHome, module, "var", "plugins", name))) {
    console.log(`  ${name} is installed from an earlier run`);
    return;
  }
  if (existsSync(home)) throw new Error(`${home} is in the way; remove it`);
  await type(
    [`${module}_wrapper`, "bootstrap_plugin.py", "create", "--no-input", `--template=${template}`, name],
    sources,
  );
  const config = join(home, "config.ini");
  writeFileSync(config, edit(readFileSync(config, "utf8")));
  await type([`${module}_wrapper`, "plugins.install", home], sources);
}
