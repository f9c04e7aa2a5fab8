import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { ModuleName, ModulePaths } from "../src/core/module/paths.ts";
import { runtimeLayout } from "../src/core/module/paths.ts";
import { diff } from "../src/core/plan/diff.ts";
import type { PlanInput } from "../src/core/plan/input.ts";
import { isAsPlanned, manifestOf, servedId } from "../src/core/plan/manifest.ts";
import { plan } from "../src/core/plan/plan.ts";
import type { Plan } from "../src/core/plan/types.ts";
import type { App, Plugin } from "../src/core/plugin/types.ts";
import { addPlugin, readInput, temporaryHome } from "./support/planned.ts";

const APP = "[app_main]\n_cmd_and_args = node server.js\nnumprocesses = 2\n";
const LUA = `_extra_nginx_server_conf_filename = server.conf\n${APP}`;

async function inputOf(
  module: ModuleName,
  plugins: Readonly<Record<string, string>>,
  options = "",
): Promise<PlanInput> {
  using home = temporaryHome(module);
  for (const [name, ini] of Object.entries(plugins)) {
    addPlugin(home.paths, name, {
      "config.ini": ini,
      "server.conf": "location ~ ^/lua { content_by_lua_block { ngx.say(1) } }",
    });
  }
  configure(home.paths, options);
  const { input, notes } = await readInput(home.paths);
  assert.deepEqual(notes, []);
  return input;
}

function configure({ runtime }: ModulePaths, options: string): void {
  mkdirSync(runtimeLayout(runtime).config);
  writeFileSync(runtimeLayout(runtime).userConfig, options);
}

function planned(input: PlanInput): Plan {
  const result = plan(input);
  assert.ok(result.ok, JSON.stringify(result.notes));
  return result.value;
}

const codes = (input: PlanInput): string[] => plan(input).notes.map((note) => note.code);
const names = (value: Plan): string[] => Object.keys(value.services);

describe("plan", () => {
  test("the order plugins come in does not matter", async () => {
    const input = await inputOf("mfserv", { a: APP, b: APP, c: APP });
    const turned = { ...input, plugins: [...input.plugins].reverse() };
    assert.deepEqual(planned(turned), planned(input));
  });

  test("a moved line is the same plan, another value is not", async () => {
    const input = await inputOf("mfserv", { a: APP });
    const change = (edit: (app: App) => Partial<App>): PlanInput => ({
      ...input,
      plugins: input.plugins.map((plugin) => ({
        ...plugin,
        parts: plugin.parts.map((part) => (part.kind === "app" ? { ...part, ...edit(part) } : part)),
      })),
    });
    const { id } = planned(input);
    assert.equal(planned(change((app) => ({ at: { ...app.at, line: app.at.line + 5 } }))).id, id);
    assert.notEqual(planned(change(() => ({ timeoutS: 7 }))).id, id);
  });

  test("a changed setting swaps its own plugin's apps and reloads nothing", async () => {
    const input = await inputOf("mfserv", { a: APP, b: APP });
    const plugins = input.plugins.map((plugin) =>
      plugin.name === "a" ? { ...plugin, settings: { CUSTOM_X: "1" } } : plugin,
    );
    const [before, after] = [planned(input), planned({ ...input, plugins })];
    assert.notEqual(before.id, after.id);
    const actions = diff(manifestOf(before), manifestOf(after));
    assert.deepEqual(
      actions.map((action) => [action.do, action.service]),
      [["swap", "app.a.main"]],
    );
    assert.ok(actions[0]?.because.includes("MFSERV_CURRENT_PLUGIN_CUSTOM_X"));
    assert.match(actions[0]?.because.at(-1) ?? "", /a\/config\.ini:\d+$/);
  });

  test("a new plugin starts, then nginx is reloaded", async () => {
    const before = planned(await inputOf("mfserv", { a: APP }));
    const input = await inputOf("mfserv", { a: APP, b: APP });
    const without = planned({ ...input, plugins: input.plugins.filter(({ name }) => name === "a") });
    assert.equal(names(before).length, names(without).length);
    const actions = diff(manifestOf(without), manifestOf(planned(input)));
    assert.deepEqual(
      actions.map((action) => [action.do, action.service]),
      [
        ["start", "app.b.main"],
        ["reload", "nginx"],
      ],
    );
  });

  test("Lua code below a directory of the plugin is read again when it is edited", async () => {
    using home = temporaryHome("mfserv");
    const of = async (code: string): Promise<Plan> => {
      addPlugin(home.paths, "a", {
        "config.ini": LUA,
        "server.conf": "location /l { content_by_lua_block { x() } }",
        "lib/x.lua": code,
      });
      return planned((await readInput(home.paths)).input);
    };
    const actions = diff(manifestOf(await of("return 1")), manifestOf(await of("return 2")));
    assert.deepEqual(
      actions.map((action) => [action.do, action.service]),
      [["reload", "nginx"]],
    );
  });

  test("the module's own daemons do not mind an edit of its options", async () => {
    const input = await inputOf("mfdata", {});
    const env = { ...input.config.env, MFDATA_LOG_MINIMAL_LEVEL: "DEBUG" };
    const other = planned({ ...input, config: { ...input.config, env } });
    assert.deepEqual(diff(manifestOf(planned(input)), manifestOf(other)), []);
  });

  test("nginx tells what it reads; what it does not read does not change that", async () => {
    const input = await inputOf("mfserv", { a: APP });
    const before = planned(input);
    const manifest = manifestOf(before);
    const text = before.tree.get("nginx.conf")?.text ?? "";
    assert.ok(text.includes(`return 200 ${servedId(manifest)};`));
    assert.ok(isAsPlanned(manifest, "nginx.conf", text));
    assert.ok(!isAsPlanned(manifest, "nginx.conf", `${text}#`));
    const change = (edit: (plugin: Plugin) => Partial<Plugin>): Plan =>
      planned({ ...input, plugins: input.plugins.map((plugin) => ({ ...plugin, ...edit(plugin) })) });
    const inMood = change(({ settings }) => ({ settings: { ...settings, CUSTOM_MOOD: "good" } }));
    assert.notEqual(inMood.id, before.id);
    assert.equal(servedId(manifestOf(inMood)), servedId(manifest));
    const renamed = change(() => ({ name: "other" }));
    assert.notEqual(servedId(manifestOf(renamed)), servedId(manifest));
  });

  test("an older nginx gets what it knows, workers are replaced as safely, and its cost is told", async () => {
    const input = await inputOf("mfserv", { a: APP });
    const of = (nginxVersion: string): PlanInput => ({ ...input, programs: { ...input.programs, nginxVersion } });
    const seen = (nginxVersion: string) => {
      const { tree, services } = planned(of(nginxVersion));
      const text = tree.get("nginx.conf")?.text ?? "";
      return {
        kept: [...text.matchAll(/^ +(keepalive\w*) (\w+);$/gm)].map(([, name, value]) => `${name} ${value}`),
        closes: /^ +"" close;$/m.test(text),
        keptMs: services["app.a.main"]?.stop.keptMs,
        namesLog: services["nginx"]?.argv.includes("-e"),
      };
    };
    assert.deepEqual(seen("1.14.1"), { kept: [], closes: true, keptMs: undefined, namesLog: false });
    const byRequests = ["keepalive 64", "keepalive_requests 10", "keepalive_timeout 100ms"];
    assert.deepEqual(seen("1.18.0"), { kept: byRequests, closes: false, keptMs: 1000, namesLog: false });
    const byTime = ["keepalive 64", "keepalive_time 200ms", "keepalive_timeout 100ms"];
    assert.deepEqual(seen("1.20.1"), { kept: byTime, closes: false, keptMs: 300, namesLog: true });
    assert.deepEqual(
      ["1.14.1", "1.18.0", "1.20.1"].map((version) => codes(of(version))),
      [["MF4026"], ["MF4026"], []],
    );
  });

  test("an address stays with the plugin that has it, whoever else comes to ask for it", async () => {
    const address = `${APP}prefix_based_routing_extra_routes = /shared\n_virtualdomain_based_routing = 1\nvirtualdomain_based_routing_extra_vhosts = shared.example.org\n`;
    const input = await inputOf("mfserv", { aaa: address, bbb: address });
    const holder = (owners: PlanInput["owners"]): (string | undefined)[] => {
      const next = planned(owners === undefined ? input : { ...input, owners }).owners;
      return [next?.paths["/shared"], next?.domains["shared.example.org"]];
    };
    const alone = planned({ ...input, plugins: input.plugins.filter(({ name }) => name === "bbb") });
    assert.deepEqual(holder(undefined), ["aaa", "aaa"]);
    assert.deepEqual(holder(alone.owners), ["bbb", "bbb"]);
    assert.deepEqual(holder({ paths: { "/shared": "gone" }, domains: {} }), ["aaa", "aaa"]);

    const kept = { ...input, owners: alone.owners ?? { paths: {}, domains: {} } };
    assert.deepEqual(planned({ ...kept, owners: planned(kept).owners ?? kept.owners }), planned(kept));
    assert.match(planned(kept).tree.get("nginx.conf")?.text ?? "", /location = \/shared [^}]*bbb/);
    const notes = plan(kept).notes.map(({ code, plugin, at, related }) => ({
      code,
      plugin,
      at: [at, related?.[0]?.at].map((span) => `${span?.file.split("/").at(-2)}:${span?.line}`),
    }));
    assert.deepEqual(notes, [
      { code: "MF4010", plugin: "aaa", at: ["aaa:12", "bbb:12"] },
      { code: "MF4010", plugin: "aaa", at: ["aaa:12", "bbb:12"] },
      { code: "MF4014", plugin: "aaa", at: ["aaa:14", "bbb:14"] },
    ]);
  });

  test("without Lua, plugins that need it are left out", async () => {
    const input = await inputOf("mfserv", { a: APP, lua: LUA });
    const bare = { ...input, programs: { ...input.programs, nginxModules: [] } };
    assert.deepEqual(codes(bare).sort(), ["MF4008"]);
    const { services, tree } = planned(bare);
    assert.ok("app.a.main" in services && !("app.lua.main" in services));
    assert.doesNotMatch(tree.get("nginx.conf")?.text ?? "", /lua/);
    assert.match(tree.get("nginx.conf")?.text ?? "", /location = \/__health/);
    assert.deepEqual(codes(input), []);
  });

  test("with many locations nginx loads Lua only for a plugin that needs it", async () => {
    const routes = Array.from({ length: 100 }, (_, index) => `/r${index}`).join(";");
    const many = `${APP}prefix_based_routing_extra_routes = ${routes}\n`;
    const text = async (ini: Record<string, string>): Promise<string> =>
      planned(await inputOf("mfserv", ini)).tree.get("nginx.conf")?.text ?? "";
    assert.match(await text({ a: APP }), /load_module .*lua/);
    assert.doesNotMatch(await text({ a: many }), /load_module|lua/);
    assert.match(await text({ a: many, lua: LUA }), /load_module .*lua/);
  });

  test("a missing program is an error only where it is needed", async () => {
    const { nginx: _, redis: __, telegraf: ___, ...programs } = (await inputOf("mfserv", {})).programs;
    const web = await inputOf("mfserv", {});
    assert.equal(plan({ ...web, programs }).ok, false);
    assert.deepEqual(codes({ ...web, programs }), ["MF4021"]);
    const off = {
      ...(await inputOf("mfserv", { a: APP }, "[nginx]\nflag = 0\n[admin]\nhostname = 192.0.2.1\n")),
      programs,
    };
    assert.deepEqual(codes(off), ["MF4030"]);
    assert.deepEqual(names(planned(off)), ["app.a.main", "conf_monitor"]);
    assert.deepEqual(codes({ ...(await inputOf("mfdata", {})), programs }).sort(), ["MF4020", "MF4021"]);
  });

  test("a home nginx cannot write down refuses the module, a plugin's only the plugin", async () => {
    const input = await inputOf("mfserv", { a: APP, b: APP });
    assert.deepEqual(codes({ ...input, paths: { ...input.paths, runtime: "/home/$x" } }), ["MF4007"]);
    const plugins = input.plugins.map((plugin) => (plugin.name === "a" ? { ...plugin, home: '/home/"; }' } : plugin));
    assert.deepEqual(codes({ ...input, plugins }), ["MF4004"]);
    assert.ok(names(planned({ ...input, plugins })).includes("app.b.main"));
  });

  test("a dedicated user has system units, anybody else units of their own", async () => {
    const input = await inputOf("mfserv", { a: APP }, "[nginx]\nport = 80\n");
    const unit = (value: PlanInput): string =>
      planned(value).tree.get("systemd/metwork-mfserv-nginx.service")?.text ?? "";
    assert.match(unit(input), /^User=mfserv$/m);
    assert.match(unit(input), /^AmbientCapabilities=CAP_NET_BIND_SERVICE$/m);
    const own = unit({ ...input, host: { ...input.host, user: "jane" } });
    assert.doesNotMatch(own, /^User=|ProtectSystem|Capabilit/m);
    assert.match(own, /^NoNewPrivileges=yes$/m);
  });

  test("nothing a plugin says makes planning fail, or a line where none belongs", async () => {
    const input = await inputOf("mfserv", { good: APP, odd: `${APP}_virtualdomain_based_routing = 1\n` });
    const [good, odd] = input.plugins as [Plugin, Plugin];
    const text = fc
      .string({ unit: "grapheme" })
      .chain((inner) =>
        fc
          .constantFrom("", "\n", '"', "';", "}\nserver {", "$(id)", "%i", "\\", "{instance}", "\0", "#")
          .map((piece) => inner + piece),
      );
    const extra = fc.record({
      home: text.map((value) => `/plugins/${value}`),
      command: text,
      route: text.map((value) => `/${value}`),
      directory: text,
      prefix: text,
      vhost: fc.stringMatching(/^[a-z0-9.*-]{1,20}$/),
      setting: text,
      crontab: text,
    });
    const known = vocabulary(planned(input));
    fc.assert(
      fc.property(extra, (hostile) => {
        const parts = odd.parts.map((part) =>
          part.kind !== "app"
            ? part
            : {
                ...part,
                command: `prog '${hostile.command.replaceAll("'", "")}'`,
                extraRoutes: [hostile.route],
                staticDirectory: hostile.directory,
                staticUrlPrefix: hostile.prefix,
                extraVhosts: [hostile.vhost],
                virtualDomainRouting: true,
              },
        );
        const plugin = {
          ...odd,
          home: hostile.home,
          parts,
          settings: { CUSTOM_X: hostile.setting },
          crontab: [hostile.crontab],
        };
        const value = planned({ ...input, plugins: [good, plugin] });
        assert.ok("app.good.main" in value.services);
        for (const word of vocabulary(value)) assert.ok(known.has(word), word);
      }),
      { numRuns: 300 },
    );
  });
});

/** The directives of nginx.conf and the keys of units, with all that is quoted left out. */
function vocabulary(value: Plan): Set<string> {
  const words = new Set<string>();
  for (const [path, { text }] of value.tree) {
    const bare = text.replace(/^\s*#.*$/gm, "").replace(/"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'/g, "x");
    const statements =
      path === "nginx.conf" ? bare.split(/[;{}]/) : path.startsWith("systemd/") ? bare.split("\n") : [];
    for (const statement of statements)
      words.add(`${path === "nginx.conf" ? "nginx" : "systemd"} ${firstWord(statement)}`);
  }
  return words;
}

function firstWord(statement: string): string {
  return /^\s*([^\s=]*)/.exec(statement)?.[1] ?? "";
}
