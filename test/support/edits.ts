import assert from "node:assert/strict";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { http } from "../../scripts/support/client.ts";
import type { ModuleStatus } from "../../src/system/lifecycle/status.ts";
import { type Appliance, general, makeAppliance } from "./appliance.ts";
import { settled } from "./settled.ts";

const NAMES = ["ant", "bee", "cat", "dog", "eel"] as const;
const WORDS = ["one", "two", "Zoë", 'a "quoted" one', "per%cent"] as const;
const SERVER = `require("node:http")
  .createServer((_, reply) => reply.end(process.env.MFSERV_CURRENT_PLUGIN_CUSTOM_WORD))
  .listen({ fd: 3 });
process.on("SIGTERM", () => process.exit(0));
`;

/** A plugin as it is meant to be. */
interface Wanted {
  instances: number;
  word: string;
  /** In `config/plugins/`; wins. */
  override: string | undefined;
  route: boolean;
  broken: boolean;
}

/** What the edits left: the generation, and every service with its digest and the states of its instances. */
interface Left {
  readonly generation: string | undefined;
  readonly services: readonly unknown[];
  readonly answers: Readonly<Record<string, string>>;
}

export interface Edited {
  readonly edits: readonly string[];
  readonly after: Left;
  /** What a fresh start from the same inputs leaves. */
  readonly fresh: Left;
  /** Applies that did or tried something. */
  readonly applies: number;
}

/** Edits a running appliance at random, often faster than it follows, mends all, and compares it with a fresh start. */
export async function editAtRandom(count: number, seed: number): Promise<Edited> {
  await using appliance = await makeAppliance();
  const random = generator(seed);
  const plugins = new Map<string, Wanted>();
  const edits: string[] = [];
  add(appliance, plugins, "ant");
  await appliance.ok("metwork", "start", "mfserv");
  for (let number = 0; number < count; number++) {
    edits.push(edit(appliance, plugins, random));
    const pace = random(4);
    if (pace === 0) await settled(join(appliance.home, "mfserv"));
    else if (pace === 1) await delay(random(150));
  }
  for (const [name, plugin] of plugins) {
    if (!plugin.broken) continue;
    plugin.broken = false;
    write(appliance, name, plugin);
  }
  await settled(join(appliance.home, "mfserv"));
  const after = await look(appliance, plugins);
  const history = await appliance.json<unknown[]>("metwork", "history", "mfserv", "--limit", "1000", "--json");
  await appliance.ok("metwork", "stop", "mfserv");
  forget(appliance);
  await appliance.ok("metwork", "start", "mfserv");
  const fresh = await look(appliance, plugins);
  return { edits, after, fresh, applies: history.length };
}

/** Does one thing to one plugin or to the module, and says what. */
function edit(appliance: Appliance, plugins: Map<string, Wanted>, random: (below: number) => number): string {
  const name = NAMES[random(NAMES.length)] ?? "ant";
  const plugin = plugins.get(name);
  if (plugin === undefined) return add(appliance, plugins, name);
  const word = WORDS[random(WORDS.length)] ?? "one";
  const home = join(appliance.home, "mfserv/var/plugins", name);
  const changed = (what: string): string => {
    write(appliance, name, plugin);
    return `${what} ${name}`;
  };
  switch (random(9)) {
    case 0:
      plugins.delete(name);
      rmSync(home, { recursive: true });
      rmSync(overrideFile(appliance, name), { force: true });
      return `remove ${name}`;
    case 1:
      plugin.instances = 1 + random(3);
      return changed("scale");
    case 2:
      plugin.route = !plugin.route;
      return changed("route");
    case 3:
      plugin.word = word;
      return changed("word of");
    case 4:
      plugin.override = word;
      return changed("override");
    case 5:
      plugin.override = undefined;
      return changed("override no more");
    case 6:
      plugin.broken = !plugin.broken;
      return changed(plugin.broken ? "break" : "mend");
    case 7:
      appliance.write("mfserv/config/config.ini", `[nginx]\ntimeout = ${20 + random(5)}\n`);
      return "module";
    default:
      writeFileSync(join(appliance.home, "mfserv/var/conf_monitor"), "");
      return "force a look";
  }
}

function add(appliance: Appliance, plugins: Map<string, Wanted>, name: string): string {
  const plugin = { instances: 1, word: "one", override: undefined, route: false, broken: false };
  plugins.set(name, plugin);
  appliance.plugin("mfserv", name, { "server.js": SERVER, "config.ini": "" });
  write(appliance, name, plugin);
  return `add ${name}`;
}

function write(appliance: Appliance, name: string, plugin: Wanted): void {
  const route = plugin.route ? `prefix_based_routing_extra_routes = /also-${name}\n` : "";
  const instances = plugin.broken ? "many" : plugin.instances;
  appliance.write(
    `mfserv/var/plugins/${name}/config.ini`,
    `${general}[app_main]\n_cmd_and_args = node {plugin_dir}/server.js\nnumprocesses = ${instances}\n${route}[custom]\nword = ${plugin.word}\n`,
  );
  if (plugin.override === undefined) rmSync(overrideFile(appliance, name), { force: true });
  else appliance.write(`mfserv/config/plugins/${name}.ini`, `[custom]\nword = ${plugin.override}\n`);
}

function overrideFile(appliance: Appliance, name: string): string {
  return join(appliance.home, `mfserv/config/plugins/${name}.ini`);
}

/** Looks at the running module, and asks every plugin for its word. */
async function look(appliance: Appliance, plugins: ReadonlyMap<string, Wanted>): Promise<Left> {
  const [status] = await appliance.json<ModuleStatus[]>("metwork", "status", "mfserv", "--json");
  assert.ok(status);
  assert.equal((await appliance.run("metwork", "plan", "mfserv", "--quiet")).code, 0, "nothing is left to do");
  const answers: Record<string, string> = {};
  for (const name of NAMES) {
    for (const path of [`/${name}`, `/also-${name}`]) {
      const { status: code, body } = await http(`http://127.0.0.1:${appliance.ports.mfserv}${path}`);
      answers[path] = code === 200 ? body : String(code);
      const plugin = plugins.get(name);
      const isServed = plugin !== undefined && (plugin.route || path === `/${name}`);
      assert.equal(answers[path], isServed ? (plugin.override ?? plugin.word) : "404", path);
    }
  }
  const services = status.services.map(({ id, digest, instances }) => ({
    id,
    digest,
    instances: instances.map(({ instance, state }) => ({ instance, state })),
  }));
  return {
    generation: status.generation,
    services: services.sort((a, b) => (a.id < b.id ? -1 : 1)),
    answers,
  };
}

/** Removes everything the module wrote itself, and keeps its inputs. */
function forget(appliance: Appliance): void {
  rmSync(join(appliance.home, "mfserv/tmp"), { recursive: true });
  const own = join(appliance.home, "mfserv/var");
  for (const name of readdirSync(own)) if (name !== "plugins") rmSync(join(own, name), { recursive: true });
}

/** Numbers from 0 to below `below`; the same seed gives the same ones (mulberry32). */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
