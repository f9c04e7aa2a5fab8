/** Every way of serving that a template offers: a request that is being answered when its process is replaced is answered whole. */
import assert from "node:assert/strict";
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { until } from "../../scripts/support/client.ts";
import { connectSupervisor } from "../../src/system/supervise/client.ts";
import { type Appliance, makeAppliance } from "../support/appliance.ts";
import { lacks } from "../support/developer.ts";

const ANSWER = "x".repeat(100_000);
/** Answers a second after it is allowed to, with the word of the configuration that its process was started with. */
const PYTHON = `import asyncio, os, time

def rests():
    open(os.environ["MFSERV_CURRENT_PLUGIN_CUSTOM_SIGNS"] + "/" + os.environ["MFSERV_CURRENT_PLUGIN_NAME"], "w").close()
    while not os.path.exists(os.environ["MFSERV_CURRENT_PLUGIN_CUSTOM_SIGNS"] + "/go"):
        yield 0.02
    yield 1

def answer():
    return os.environ["MFSERV_CURRENT_PLUGIN_CUSTOM_WORD"] + "x" * ${ANSWER.length}

def late():
    for rest in rests():
        time.sleep(rest)
    return answer()

async def late_too():
    for rest in rests():
        await asyncio.sleep(rest)
    return answer()

`;

const NODE = `const { existsSync, writeFileSync } = require("node:fs");
const { MFSERV_CURRENT_PLUGIN_CUSTOM_SIGNS: signs, MFSERV_CURRENT_PLUGIN_CUSTOM_WORD: word } = process.env;
function late(response) {
  writeFileSync(signs + "/" + process.env.MFSERV_CURRENT_PLUGIN_NAME, "");
  const watch = setInterval(() => {
    if (!existsSync(signs + "/go")) return;
    clearInterval(watch);
    setTimeout(() => response.end(word + "x".repeat(${ANSWER.length})), 1000);
  }, 20);
}
`;

const PHP = `<?php
$signs = getenv("MFSERV_CURRENT_PLUGIN_CUSTOM_SIGNS");
touch($signs . "/" . getenv("MFSERV_CURRENT_PLUGIN_NAME"));
while (!file_exists($signs . "/go")) { clearstatcache(); usleep(20000); }
usleep(1000000);
echo getenv("MFSERV_CURRENT_PLUGIN_CUSTOM_WORD"), str_repeat("x", ${ANSWER.length});
`;

interface Server {
  readonly template: string;
  readonly skip: string | false;
  /** In the plugin's directory. */
  readonly file: string;
  /** Makes the template's code answer late at `/slow`. */
  readonly edit: (code: string) => string;
  /** Absent: `slow`. */
  readonly path?: string;
}

function replaced(code: string, at: string, by: string): string {
  assert.ok(code.includes(at), code);
  return code.replace(at, by);
}

const servers: readonly Server[] = [
  {
    template: "node",
    skip: false,
    file: "node/server.js",
    edit: (code) =>
      NODE +
      replaced(
        code,
        "  response.writeHead",
        '  if (request.url.endsWith("/slow")) return late(response);\n  response.writeHead',
      ),
  },
  { template: "php", skip: lacks({ program: /^php-fpm/ }), file: "main/slow.php", edit: () => PHP, path: "slow.php" },
  {
    template: "python3_raw_wsgi",
    skip: false,
    file: "main/wsgi.py",
    edit: (code) =>
      PYTHON +
      replaced(code, "    body =", '    body = late().encode() if environ["PATH_INFO"].endswith("/slow") else'),
  },
  {
    template: "python3_flask",
    skip: lacks({ python: "flask" }),
    file: "main/wsgi.py",
    edit: (code) => `${PYTHON}${code}\n\n@app.route(PREFIX + "/slow")\ndef slow():\n    return late()\n`,
  },
  {
    template: "python3_django",
    skip: lacks({ python: "django" }),
    file: "main/urls.py",
    edit: (code) =>
      `${PYTHON}from django.http import HttpResponse\n${code}\nurlpatterns += [path("slow", lambda request: HttpResponse(late()))]\n`,
  },
  {
    template: "python3_raw_asgi",
    skip: lacks({ python: "uvicorn" }),
    file: "main/application.py",
    edit: (code) =>
      PYTHON + replaced(code, '"body":', '"body": (await late_too()).encode() if scope["path"].endswith("/slow") else'),
  },
  {
    template: "python3_aiohttp",
    skip: lacks({ python: "aiohttp" }),
    file: "main/application.py",
    edit: (code) =>
      PYTHON +
      replaced(
        code,
        'Response(text="Hello',
        'Response(text=await late_too() if request.path.endswith("/slow") else "Hello',
      ),
  },
  {
    template: "python3_tornado",
    skip: lacks({ python: "tornado" }),
    file: "main/application.py",
    edit: (code) =>
      PYTHON +
      replaced(
        replaced(code, "    def get(", "    async def get("),
        "self.write(",
        'self.write(await late_too() if self.request.path.endswith("/slow") else ',
      ),
  },
];

describe("a process that is replaced while it answers", () => {
  const present = servers.filter(({ skip }) => skip === false);
  const answers = new Map<string, Promise<string>>();
  let appliance: Appliance;

  const ask = async (template: string, path: string): Promise<string> => {
    const reply = await fetch(`http://127.0.0.1:${appliance.ports.mfserv}/${template}/${path}`);
    return `${reply.status} ${await reply.text()}`;
  };
  const say = (word: string): void => {
    for (const { template } of present) {
      const lines = `[app_main]\nnumprocesses = 1\n[custom]\nword = ${word}\nsigns = ${appliance.home}/signs\n`;
      appliance.write(`etc/metwork.config.d/mfserv/plugins/${template}.ini`, lines);
    }
  };

  before(async () => {
    appliance = await makeAppliance();
    const signs = dirname(appliance.write("signs/README", ""));
    await Promise.all(
      present.map(async ({ template, file, edit }) => {
        const create = ["bootstrap_plugin.py", "create", "--no-input", `--template=${template}`, template];
        await appliance.ok("mfserv_wrapper", ...create);
        const home = join(appliance.home, template);
        const code = join(home, file);
        writeFileSync(code, edit(existsSync(code) ? readFileSync(code, "utf8") : ""));
        // Copied where that is all an install does, because it is quicker.
        if (existsSync(join(home, "postinstall"))) await appliance.ok("mfserv_wrapper", "plugins.install", home);
        else cpSync(home, join(appliance.home, "mfserv/var/plugins", template), { recursive: true });
      }),
    );
    say("old");
    await appliance.ok("metwork", "start", "mfserv");
    const supervisor = await connectSupervisor({ runtime: join(appliance.home, "mfserv") }, { start: false });
    const pids = async (): Promise<readonly number[]> => {
      const apps = (await supervisor.list()).filter(({ id }) => id.startsWith("app."));
      return apps.flatMap(({ instances }) => instances.flatMap(({ pid }) => pid ?? []));
    };
    const old = await pids();
    assert.equal(old.length, present.length);
    for (const { template, path = "slow" } of present) answers.set(template, ask(template, path));
    await until(
      "all of them answer",
      () => present.every(({ template }) => existsSync(join(signs, template))) || undefined,
    );
    say("new");
    await appliance.ok("metwork", "apply", "mfserv");
    assert.deepEqual(
      (await pids()).filter((pid) => old.includes(pid)),
      [],
    );
    writeFileSync(join(signs, "go"), "");
    await Promise.allSettled(answers.values());
    await until("the old ones are gone", () => old.every((pid) => !existsSync(`/proc/${pid}`)) || undefined);
    supervisor.close();
  });
  after(async () => {
    await appliance?.[Symbol.asyncDispose]();
  });

  for (const { template, skip } of servers) {
    test(template, { skip }, async () => {
      assert.equal(await answers.get(template), `200 old${ANSWER}`);
    });
  }
});
