/** A POST may not be repeated, by nobody: none is lost while the processes that answer are replaced, whatever server they are. */
import assert from "node:assert/strict";
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { http, until } from "../../scripts/support/client.ts";
import { type Appliance, general, makeAppliance } from "../support/appliance.ts";
import { lacks } from "../support/developer.ts";
import { type Figures, failedOf, startLoad } from "../support/load.ts";

const SWAPS = 3;

interface Server {
  readonly name: string;
  readonly skip: string | false;
  /** Where it answers, below the plugin's address. */
  readonly path?: string;
  /** A file of the template, and how it comes to take POST. */
  readonly file?: string;
  readonly edit?: (code: string) => string;
  /** A plugin of its own instead of a template. */
  readonly files?: Readonly<Record<string, string>>;
}

/** As users' plugins are: it binds its socket itself, and knows of no signal. */
const OWN = `require("node:http").createServer((_, answer) => answer.end("own")).listen(process.argv[2]);`;
const THREADS =
  "def application(environ, start):\n    start('200 OK', [('Content-Length', '2')])\n    return [b'ok']\n";

const servers: readonly Server[] = [
  { name: "node", skip: false },
  { name: "python3_raw_wsgi", skip: false },
  {
    name: "python3_flask",
    skip: lacks({ python: "flask" }),
    path: "/",
    file: "main/wsgi.py",
    edit: (code) => code.replace('@app.route(PREFIX + "/")', '@app.route(PREFIX + "/", methods=["POST", "GET"])'),
  },
  {
    name: "python3_django",
    skip: lacks({ python: "django" }),
    path: "/",
    file: "main/views.py",
    edit: (code) =>
      `from django.views.decorators.csrf import csrf_exempt\n${code.replace("def index", "@csrf_exempt\ndef index")}`,
  },
  { name: "python3_raw_asgi", skip: lacks({ python: "uvicorn" }) },
  { name: "python3_aiohttp", skip: lacks({ python: "aiohttp" }) },
  {
    name: "python3_tornado",
    skip: lacks({ python: "tornado" }),
    file: "main/application.py",
    edit: (code) =>
      code.replace("    def get(self):", "    def post(self):\n        return self.get()\n\n    def get(self):"),
  },
  { name: "php", skip: lacks({ program: /^php-fpm/ }), path: "/" },
  {
    name: "own",
    skip: false,
    files: {
      "config.ini": `${general}[app_main]\n_cmd_and_args = node {plugin_dir}/server.js {unix_socket_path}\n`,
      "server.js": OWN,
    },
  },
  {
    name: "gunicorn",
    skip: lacks({ python: "gunicorn" }),
    files: {
      "config.ini": `${general}[app_main]\n_cmd_and_args = python3 -m gunicorn --bind fd://3 --threads 4 wsgi\n`,
      "wsgi.py": THREADS,
    },
  },
];

describe("POSTs while processes are replaced", () => {
  const present = servers.filter(({ skip }) => skip === false);
  const seen = new Map<string, Readonly<Figures>>();
  let appliance: Appliance;

  const say = (word: string): void => {
    for (const { name } of present)
      appliance.write(
        `etc/metwork.config.d/mfserv/plugins/${name}.ini`,
        `[app_main]\nnumprocesses = 1\n[custom]\nword = ${word}\n`,
      );
  };

  before(async () => {
    appliance = await makeAppliance();
    await Promise.all(
      present.map(async ({ name, files, file, edit }) => {
        if (files !== undefined) return appliance.plugin("mfserv", name, files);
        await appliance.ok("mfserv_wrapper", "bootstrap_plugin.py", "create", "--no-input", `--template=${name}`, name);
        const home = join(appliance.home, name);
        if (file !== undefined && edit !== undefined) {
          const code = readFileSync(join(home, file), "utf8");
          assert.notEqual(edit(code), code);
          writeFileSync(join(home, file), edit(code));
        }
        // Copied where that is all an install does, because it is quicker.
        if (existsSync(join(home, "postinstall"))) await appliance.ok("mfserv_wrapper", "plugins.install", home);
        else cpSync(home, join(appliance.home, "mfserv/var/plugins", name), { recursive: true });
        return home;
      }),
    );
    say("first");
    await appliance.ok("metwork", "start", "mfserv");
    const port = appliance.ports.mfserv;
    const loads = new Map(
      await Promise.all(
        present.map(async ({ name, path = "" }) => {
          const address = `/${name}${path}`;
          await until(`${address} answers`, async () =>
            (await http(`http://127.0.0.1:${port}${address}`)).status === 200 ? true : undefined,
          );
          const load = startLoad({ port, paths: [address], keepAlive: 6, fresh: 1, post: true, restMs: 2 });
          return [name, load] as const;
        }),
      ),
    );
    for (let swap = 0; swap < SWAPS; swap++) {
      say(`version ${swap}`);
      await appliance.ok("metwork", "apply", "mfserv");
    }
    for (const [name, load] of loads) seen.set(name, await load.stop());
  });
  after(async () => {
    await appliance?.[Symbol.asyncDispose]();
  });

  for (const { name, skip } of servers) {
    test(name, { skip }, () => {
      const figures = seen.get(name);
      assert.ok(figures !== undefined && figures.ok > 100, JSON.stringify(figures));
      assert.equal(failedOf(figures), 0, JSON.stringify(figures));
    });
  }
});
