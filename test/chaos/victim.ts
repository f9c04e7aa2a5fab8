import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { basename, join } from "node:path";
import { http, type Reply, until } from "../../scripts/support/client.ts";
import { modulePaths, type RuntimeLayout, runtimeLayout } from "../../src/core/module/paths.ts";
import { digestOf } from "../../src/core/plan/digest.ts";
import { isAsPlanned } from "../../src/core/plan/manifest.ts";
import { runnable } from "../../src/core/plan/services.ts";
import type { Manifest } from "../../src/core/plan/types.ts";
import { run } from "../../src/kit/exec.ts";
import { applyModule } from "../../src/system/apply/module.ts";
import { connectSupervisor } from "../../src/system/supervise/client.ts";
import type { ServiceStatus } from "../../src/system/supervisor.ts";
import { type Appliance, general, makeAppliance, root } from "../support/appliance.ts";
import { processesOf } from "../support/processes.ts";

/** A running mfserv whose configuration changes and whose applies are killed. */
export interface Victim extends AsyncDisposable {
  readonly appliance: Appliance;
  readonly layout: RuntimeLayout;
  /** Saves the nth version of the plugin: another route, another worker, other daemons. */
  save(version: number, more?: string): void;
  /** Runs `metwork apply`, which kills itself at the point; true when it got there. */
  applyAndDie(point: string): Promise<boolean>;
  /** What is true right after a kill. */
  inspect(): Promise<Aftermath>;
  /** Checks that a version is in force, whole, served, and that nothing of a killed apply is left. */
  isSettled(version: number): Promise<void>;
  /** Writes the site's configuration: its port, and `more`. */
  configure(port: number, more: string): void;
  /** Applies to the end, by the command or in this process, which is faster; gives what it did. */
  apply(how: "command" | "here"): Promise<string>;
  /** Lets conf_monitor, freshly started, kill itself at a point when it next gets there. */
  orderKill(point: string): Promise<void>;
  /** Waits until conf_monitor was killed by that order. */
  killed(): Promise<void>;
  /** Asks nginx for an address. */
  get(path: string): Promise<Reply>;
  /** Requests since the start, and those that were not answered well. */
  readonly requests: { sent: number; readonly failed: string[] };
}

export interface Aftermath {
  readonly generation: string;
  readonly running: readonly ServiceStatus[];
}

const SERVER = `const [, , version] = process.argv;
require("node:http").createServer((_, answer) => answer.end(version)).listen({ fd: 3 });
`;

/** Starts the appliance, in version 0, and asks it without pause. */
export async function startVictim(site = "[autorestart]\nflag = 0\n"): Promise<Victim> {
  const appliance = await makeAppliance({ mfserv: `${site}` });
  const env = {
    METWORK_RUNTIME_ROOT: appliance.home,
    METWORK_ETC: join(appliance.home, "etc"),
    METWORK_ALLOW_USAGE_BY_ROOT: "1",
  };
  const paths = modulePaths("mfserv", root, { user: userInfo().username, userHome: homedir(), env });
  const layout = runtimeLayout(paths.runtime);
  const orders = join(layout.tmp, "kill_at");
  const web = `http://127.0.0.1:${appliance.ports.mfserv}`;
  appliance.plugin("mfserv", "steady", {
    "config.ini": `${general}[app_main]\n_static_url_prefix =\n_static_directory =\n`,
    "main/index.html": "steady",
  });
  appliance.plugin("mfserv", "web", { "config.ini": "", "server.js": SERVER });
  const save = (version: number, more = ""): void => {
    const daemons = ["a", "b"].map(
      (name) => `[extra_daemon_${name}${version % 2}]\n_cmd_and_args = sleep 1000\nnumprocesses = 1\n`,
    );
    const app = `[app_main]\n_cmd_and_args = node {plugin_dir}/server.js ${version}\nnumprocesses = 1\n`;
    const route = `prefix_based_routing_extra_routes = /v${version}\n`;
    appliance.write("mfserv/var/plugins/web/config.ini", `${general}${app}${route}${daemons.join("")}${more}`);
  };
  save(0);
  await appliance.ok("metwork", "start", "mfserv");
  const requests: Victim["requests"] = { sent: 0, failed: [] };
  let asking = true;
  const asked = (async () => {
    for (let count = 0; asking; count++) {
      const path = ["/steady/", "/web"][count % 2] ?? "/";
      const reply = await http(`${web}${path}`);
      requests.sent++;
      if (reply.status !== 200) requests.failed.push(`${path}: ${reply.status} ${reply.body.slice(0, 60)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();

  const list = async (): Promise<readonly ServiceStatus[]> => {
    const supervisor = await connectSupervisor(paths, { start: false });
    const running = await supervisor.list();
    supervisor.close();
    return running;
  };
  return {
    appliance,
    layout,
    save,
    async applyAndDie(point) {
      const argv = [join(root, "bin", "metwork"), "apply", "mfserv"] as const;
      const { code, stderr } = await run([...argv], {
        cwd: appliance.home,
        env: { ...process.env, ...env, METWORK_KILL_AT: point },
        timeoutMs: 60_000,
      });
      assert.ok([0, 1, 3, 137].includes(code), `apply killed at ${point} ended with ${code}: ${stderr}`);
      return code === 137;
    },
    async inspect() {
      const generation = basename(readlinkSync(layout.configAuto));
      assertWhole(layout, generation);
      const reply = await http(`${web}/steady/`);
      assert.equal(reply.body, "steady");
      return { generation, running: await list() };
    },
    async isSettled(version) {
      const { value: served } = await until(`version ${version} is served`, async () => {
        const reply = await http(`${web}/v${version}`);
        return reply.body === String(version) ? reply.body : undefined;
      });
      assert.equal(served, String(version));
      // The old workers of nginx take connections for a moment after the new ones do.
      await until("no other version is served", async () => {
        const reply = await http(`${web}/v${version + 1}`);
        return reply.status === 404 || undefined;
      });
      const generation = basename(readlinkSync(layout.configAuto));
      const manifest = assertWhole(layout, generation);
      const wanted = Object.values(manifest.services)
        .map((spec) => `${spec.id} ${spec.instances} ${digestOf(runnable(manifest, spec))}`)
        .sort();
      await until("the services are those of the generation", async () => {
        const seen = (await list()).map(
          ({ id, digest, instances }) =>
            `${id} ${instances.filter(({ state }) => state === "running").length} ${digest}`,
        );
        return JSON.stringify(seen.sort()) === JSON.stringify(wanted) || undefined;
      });
      await assertTidy(appliance, layout, manifest);
    },
    configure(port, more) {
      appliance.write("etc/metwork.config.d/mfserv/config.ini", `[nginx]\nport = ${port}\nworkers = 1\n${more}`);
    },
    async apply(how) {
      if (how === "command")
        return JSON.parse((await appliance.run("metwork", "apply", "mfserv", "--json")).stdout).did;
      const supervisor = await connectSupervisor(paths, { start: false });
      const record = await applyModule(paths, { dryRun: false, reason: "test", supervisor, retryFailed: true });
      supervisor.close();
      return record.did;
    },
    async orderKill(point) {
      const manifest = readManifest(layout, basename(readlinkSync(layout.configAuto)));
      const spec = manifest.services["conf_monitor"];
      assert.ok(spec !== undefined);
      // The daemon looks for the file of orders when it starts; a fresh start is not held back by those before.
      writeFileSync(orders, "");
      rmSync(layout.confMonitorIdle, { force: true });
      const supervisor = await connectSupervisor(paths, { start: false });
      await supervisor.restart(runnable(manifest, spec));
      supervisor.close();
      await until("conf_monitor is idle", () => existsSync(layout.confMonitorIdle) || undefined);
      writeFileSync(orders, point);
    },
    async killed() {
      await until("conf_monitor is killed", () => readFileSync(orders, "utf8") === "" || undefined);
    },
    get: (path) => http(`${web}${path}`),
    requests,
    async [Symbol.asyncDispose]() {
      asking = false;
      await asked;
      await appliance[Symbol.asyncDispose]();
    },
  };
}

/** Whether every service that runs is what one of two generations says. */
export function assertRunsOneOf(layout: RuntimeLayout, aftermath: Aftermath, generations: readonly string[]): void {
  const known = new Set(
    generations.flatMap((generation) => {
      const manifest = readManifest(layout, generation);
      return Object.values(manifest.services).map((spec) => `${spec.id} ${digestOf(runnable(manifest, spec))}`);
    }),
  );
  for (const { id, digest } of aftermath.running) {
    assert.ok(known.has(`${id} ${digest}`), `${id} is of neither generation`);
  }
}

/** The tree in force is byte for byte what was planned, no file more and none less. */
function assertWhole(layout: RuntimeLayout, generation: string): Manifest {
  const home = join(layout.generations, generation);
  const manifest = readManifest(layout, generation);
  const found = readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== "manifest.json")
    .map((entry) => join(entry.parentPath, entry.name).slice(home.length + 1));
  assert.deepEqual(found.sort(), Object.keys(manifest.files).sort());
  for (const path of found) {
    assert.ok(isAsPlanned(manifest, path, readFileSync(join(home, path), "utf8")), `${path} was altered`);
  }
  return manifest;
}

function readManifest(layout: RuntimeLayout, generation: string): Manifest {
  return JSON.parse(readFileSync(join(layout.generations, generation, "manifest.json"), "utf8"));
}

async function assertTidy({ home }: Appliance, layout: RuntimeLayout, manifest: Manifest): Promise<void> {
  await until("no leftover of an apply is there", () => {
    const left = [...readdirSync(layout.generations), ...readdirSync(layout.tmp), ...readdirSync(layout.var)];
    return !left.some((name) => /^\.|^config_auto\.(?!d$)|^apply_doubt|\.tmp$/.test(name)) || undefined;
  });
  assert.ok(readdirSync(layout.generations).length <= 6, "old generations are pruned");
  const commands = Object.values(manifest.services).map((spec) => spec.argv.join(" "));
  const programs = new Map<string, number>();
  for (const { instances, argv } of Object.values(manifest.services)) {
    const name = basename(argv[0]);
    programs.set(name, (programs.get(name) ?? 0) + instances);
  }
  // One node is the supervisor; nginx has a worker.
  const expected = { sleep: programs.get("sleep") ?? 0, node: (programs.get("node") ?? 0) + 1, nginx: 2 };
  await until(`no process is left beside those of ${commands.length} services`, () => {
    const seen = processesOf(home).map(({ command }) => command);
    const count = (name: RegExp): number => seen.filter((command) => name.test(command)).length;
    const same =
      count(/^(\S*\/)?sleep /) === expected.sleep &&
      count(/^(\S*\/)?node /) === expected.node &&
      count(/^nginx:/) <= expected.nginx + 1;
    return same || undefined;
  });
}
