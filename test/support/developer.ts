import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { http, type Reply, until } from "../../scripts/support/client.ts";
import { type Ran, run } from "../../src/kit/exec.ts";
import { findPrograms } from "../../src/system/host/programs.ts";
import { type Appliance, makeAppliance, root } from "./appliance.ts";

/** A developer of plugins at a running mfserv: types commands, looks at pages. Plugins are made below `appliance.home`. */
export interface Developer extends AsyncDisposable {
  readonly appliance: Appliance;
  /** Runs a command in the module's environment. */
  run(cwd: string, ...argv: readonly string[]): Promise<Ran>;
  /** Runs it and fails the test when it fails; returns its output. */
  type(cwd: string, ...argv: readonly string[]): Promise<string>;
  /** Creates a plugin from a template; returns its directory. */
  create(template: string, name: string): Promise<string>;
  /** Releases the plugin in a directory and returns the archive. `variables` are added to the environment. */
  release(home: string, variables?: Readonly<Record<string, string>>): Promise<string>;
  /** Creates, releases and installs a plugin; returns its directory. */
  provide(template: string, name: string): Promise<string>;
  /** What the site administrator sets for a plugin. */
  site(plugin: string, text: string): void;
  /** Asks once. */
  get(path: string): Promise<Reply>;
  /** What the address answers as soon as it is 200, redirects followed. */
  answered(path: string): Promise<Reply>;
  /** Uninstalls these plugins where they are installed and removes all that was written for them. */
  forget(...names: readonly string[]): Promise<void>;
}

export async function makeDeveloper(site: Parameters<typeof makeAppliance>[0] = {}): Promise<Developer> {
  const appliance = await makeAppliance(site);
  const { home } = appliance;
  const plugins = join(home, "etc/metwork.config.d/mfserv/plugins");
  mkdirSync(plugins, { recursive: true });
  await appliance.ok("metwork", "start", "mfserv");
  const env = {
    ...process.env,
    METWORK_RUNTIME_ROOT: home,
    METWORK_ETC: join(home, "etc"),
    METWORK_ALLOW_USAGE_BY_ROOT: "1",
  };
  const developer: Developer = {
    appliance,
    run: (cwd, ...argv) => run([join(root, "bin", "mfserv_wrapper"), ...argv], { cwd, env, timeoutMs: 60_000 }),
    async type(cwd, ...argv) {
      const ran = await developer.run(cwd, ...argv);
      assert.equal(ran.code, 0, `${argv.join(" ")}\n${ran.stdout}${ran.stderr}`);
      return ran.stdout;
    },
    async create(template, name) {
      await developer.type(home, "bootstrap_plugin.py", "create", "--no-input", `--template=${template}`, name);
      return join(home, name);
    },
    async release(directory, variables = {}) {
      const assignments = Object.entries(variables).map((pair) => pair.join("="));
      const output = await developer.type(directory, "env", ...assignments, "make", "release");
      return output.trim().split("\n").at(-1) ?? "";
    },
    async provide(template, name) {
      const directory = await developer.create(template, name);
      await developer.type(home, "plugins.install", await developer.release(directory));
      return directory;
    },
    site: (plugin, text) => writeFileSync(join(plugins, `${plugin}.ini`), text),
    get: (path) => http(`http://127.0.0.1:${appliance.ports.mfserv}${path}`),
    async answered(path) {
      const { value } = await until(`${path} answers 200`, async () => {
        const reply = await followed(developer, path);
        return reply.status === 200 ? reply : undefined;
      });
      return value;
    },
    async forget(...names) {
      for (const name of names) {
        rmSync(join(plugins, `${name}.ini`), { force: true });
        if (existsSync(join(home, "mfserv/var/plugins", name))) await developer.type(home, "plugins.uninstall", name);
        rmSync(join(home, name), { recursive: true, force: true });
      }
    },
    [Symbol.asyncDispose]: () => appliance[Symbol.asyncDispose](),
  };
  return developer;
}

async function followed(developer: Developer, path: string): Promise<Reply> {
  let reply = await developer.get(path);
  for (let turns = 0; turns < 3 && reply.status >= 301 && reply.status <= 308; turns++) {
    reply = await developer.get(new URL(String(reply.headers["location"]), "http://x/").pathname);
  }
  return reply;
}

/** Why a test of a server cannot run here; false when it can. */
export function lacks(server: {
  readonly python?: string;
  readonly program?: RegExp;
  readonly lua?: boolean;
}): string | false {
  const { python3, nginxModules } = findPrograms();
  const { python, program, lua } = server;
  if (lua === true && nginxModules.length === 0) return "nginx has no Lua module here";
  if (python !== undefined && spawnSync(python3 ?? "python3", ["-c", `import ${python}`]).status !== 0) {
    return `Python has no package ${python} here`;
  }
  const names = ["/usr/sbin", "/usr/local/sbin"].flatMap((path) => (existsSync(path) ? readdirSync(path) : []));
  return program !== undefined && !names.some((name) => program.test(name)) ? `no ${program} here` : false;
}
