import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { ModuleName } from "../../src/core/module/paths.ts";
import { commandArgv } from "../../src/core/plugin/command.ts";
import { pluginEnvironment } from "../../src/core/plugin/environment.ts";
import { run } from "../../src/kit/exec.ts";
import { listenUnix } from "../../src/kit/linux/socket.ts";
import { loadLayers, loadPlugins } from "../../src/system/load/plugins.ts";
import { listTemplates } from "../../src/system/plugins/bootstrap.ts";
import { installPlugin } from "../../src/system/plugins/install.ts";
import { uninstallPlugin } from "../../src/system/plugins/uninstall.ts";
import { root, type Sandbox, sandbox } from "./plugins-fixture.ts";

const TEMPLATES: Readonly<Record<ModuleName, readonly string[]>> = {
  mfserv: [
    "default",
    "node",
    "node_noweb",
    "openresty",
    "php",
    "python3_aiohttp",
    "python3_django",
    "python3_flask",
    "python3_noweb",
    "python3_raw_asgi",
    "python3_raw_wsgi",
    "python3_tornado",
    "static",
  ],
  mfdata: [
    "amqplistener",
    "archive",
    "batch",
    "copy",
    "default",
    "delete",
    "fork",
    "ftpsend",
    "guess_file_type",
    "httpsend",
    "listener",
    "move",
    "mqttlistener",
    "node",
    "python3",
    "sftpsend",
    "shell",
    "switch",
    "unbzip2",
    "ungzip",
    "unxz",
    "unzstd",
  ],
};

/** Those whose way to an installed plugin is gone here; the serve-*.test.ts go it with the others of mfserv. */
const OF_THE_NETWORK = ["amqplistener", "ftpsend", "httpsend", "mqttlistener", "sftpsend"];
const LIKE_OTHERS = ["batch", "copy", "fork", "python3", "unbzip2", "ungzip", "unxz", "unzstd", ...OF_THE_NETWORK];
const GONE_HERE = [...TEMPLATES.mfdata.filter((name) => !LIKE_OTHERS.includes(name)), "static"];

/** What a developer types, in one shell of the module, which is quicker than a shell for each. */
const TO_INSTALLED = `
bootstrap_plugin create --no-input --template="$1" "$2"
cd "$2"
plugins.check . 2> ../checked
make release > ../released
plugins.install "$(tail -n 1 ../released)"
`;

/** Runs one of our commands as a user would, in the module's environment. */
async function command(box: Sandbox, cwd: string, ...argv: readonly string[]) {
  const { PATH, METWORK_RUNTIME_ROOT, METWORK_ETC } = box.env;
  const { NODE_COMPILE_CACHE } = process.env;
  const own = { PATH, METWORK_RUNTIME_ROOT, METWORK_ETC, HOME: box.directory, METWORK_ALLOW_USAGE_BY_ROOT: "1" };
  const env = { ...own, NODE_COMPILE_CACHE };
  return await run([join(root, "bin", `${box.paths.module}_wrapper`), ...argv], { cwd, env, timeoutMs: 60_000 });
}

describe("plugin templates", () => {
  for (const module of Object.keys(TEMPLATES) as ModuleName[]) {
    it(`of ${module} are listed`, async () => {
      using box = sandbox(module);
      assert.deepEqual(listTemplates(box.paths), TEMPLATES[module]);
      const listed = await command(box, box.directory, "bootstrap_plugin.py", "list");
      const lines = ["List of available plugin templates:", ...TEMPLATES[module].map((name) => `     * ${name}`), ""];
      assert.equal(listed.stdout, lines.join("\n"), listed.stderr);
    });

    describe(`of ${module}`, () => {
      const version =
        module === "mfserv" ? "0.0.1" : JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;
      const templates = TEMPLATES[module].filter((name) => GONE_HERE.includes(name));
      let box: Sandbox;
      before(() => {
        box = sandbox(module);
      });
      after(() => box[Symbol.dispose]());

      for (const template of templates) {
        it(`${template}: created, checked, released, installed`, async () => {
          const name = `my_${template}`;
          const home = join(box.directory, name);
          const said = (file: string): string => readFileSync(join(box.directory, file), "utf8");
          const done = await command(box, box.directory, "sh", "-e", "-c", TO_INSTALLED, "sh", template, name);
          assert.equal(done.code, 0, done.stdout + done.stderr);
          assert.ok(existsSync(join(home, ".gitignore")));
          assert.ok(!existsSync(join(home, "_general.ini")));
          assert.doesNotMatch(said("checked"), /warning/);
          const archive = said("released").trim().split("\n").at(-1) ?? "";
          assert.equal(archive, join(home, `${name}-${version}-1.metwork.${module}.plugin`));
        });
      }

      it("all listed, and gone when uninstalled", async () => {
        const lines = templates.map(
          (name) => `my_${name}~~~${version}~~~1~~~${box.paths.runtime}/var/plugins/my_${name}`,
        );
        const listed = async (): Promise<string> =>
          (await command(box, box.directory, "plugins.list", "--raw")).stdout.trim();
        assert.equal(await listed(), lines.join("\n"));
        const [first, ...others] = templates;
        assert.equal((await command(box, box.directory, "plugins.uninstall", `my_${first}`)).code, 0);
        assert.equal(await listed(), lines.slice(1).join("\n"));
        for (const name of others) assert.ok((await uninstallPlugin(box.paths, `my_${name}`)).ok, name);
        assert.equal(await listed(), "");
      });
    });
  }

  it("make develop links the directory; a second time is fine", async () => {
    using box = sandbox("mfserv");
    assert.equal(
      (await command(box, box.directory, "bootstrap_plugin", "create", "--no-input", "--template=static", "foo")).code,
      0,
    );
    for (const time of ["first", "second"]) {
      const made = await command(box, join(box.directory, "foo"), "make", "develop");
      assert.equal(made.code, 0, `${time}: ${made.stdout}${made.stderr}`);
    }
    assert.match((await command(box, box.directory, "plugins.list", "--raw")).stdout, /^foo~~~dev_link~~~dev_link~~~/);
    const released = await command(box, join(box.directory, "foo"), "make", "release");
    assert.notEqual(released.code, 0);
    assert.match(released.stderr, /link to a working directory/);
  });

  it("are refused with exit code 1: unknown template, existing directory, bad names", async () => {
    using box = sandbox("mfserv");
    const create = (...more: readonly string[]) =>
      command(box, box.directory, "bootstrap_plugin", "create", "--no-input", ...more);
    assert.equal((await create("--template=static", "foo")).code, 0);
    for (const more of [
      ["--template=statik", "bar"],
      ["--template=static", "foo"],
      ["--template=static", "a/b"],
      ["--template=static", "a\nb"],
    ]) {
      const created = await create(...more);
      assert.deepEqual([created.code, /MF30(?:01|91|92)/.test(created.stderr)], [1, true], created.stderr);
    }
  });

  it("archive: its crontab deletes what is there for longer than the user's lifetime, whatever its own date", async () => {
    using box = sandbox("mfdata");
    const created = await command(
      box,
      box.directory,
      "bootstrap_plugin",
      "create",
      "--no-input",
      "--template=archive",
      "foo",
    );
    assert.equal(created.code, 0);
    assert.ok((await installPlugin(box.paths, box.env, join(box.directory, "foo"))).ok);
    const [plugin] = (await loadPlugins(box.paths, box.env)).plugins;
    assert.deepEqual(
      plugin?.crontab.map((job) => job.split(" ").slice(0, 11).join(" ")),
      [
        `0 3 * * * /usr/bin/find "${box.paths.runtime}/var/archive" -type f -ctime +5`,
        `0 4 * * * /usr/bin/find "${box.paths.runtime}/var/archive" -mindepth 1 -type d`,
      ],
    );
    const archive = join(box.paths.runtime, "var", "archive");
    mkdirSync(join(archive, "empty"), { recursive: true });
    writeFileSync(join(archive, "old by its date"), "");
    utimesSync(join(archive, "old by its date"), 1e9, 1e9);
    for (const job of plugin?.crontab ?? []) {
      const done = await run(["sh", "-c", job.split(" ").slice(5).join(" ")]);
      assert.equal(done.code, 0);
    }
    assert.deepEqual(readdirSync(archive), ["old by its date"]);
  });
});

describe("web templates", () => {
  for (const [template, path, body] of [
    ["node", "/foo", "Hello World from foo!\n"],
    ["python3_flask", "/foo/", "Hello World !\n"],
  ] as const) {
    it(`${template} serves the socket it inherits, and ends on SIGTERM having answered`, {
      timeout: 60_000,
    }, async () => {
      using box = sandbox("mfserv");
      const created = await command(
        box,
        box.directory,
        "bootstrap_plugin",
        "create",
        "--no-input",
        `--template=${template}`,
        "foo",
      );
      assert.equal(created.code, 0, created.stderr);
      const env = { ...box.env, MFHARDWARE_NUMBER_OF_CPU_CORES_MULTIPLIED_BY_2: "1" };
      assert.ok((await installPlugin(box.paths, env, join(box.directory, "foo"))).ok);
      rmSync(join(box.directory, "foo"), { recursive: true });
      const [plugin] = (await loadPlugins(box.paths, env)).plugins;
      const [part] = plugin?.parts ?? [];
      assert.ok(plugin !== undefined && part !== undefined);
      const { layers } = await loadLayers(box.paths, env);
      const whole = { ...env, ...pluginEnvironment(plugin, layers, env, box.paths), LISTEN_FDS: "1" };
      const made = commandArgv(part, plugin, { paths: box.paths, env });
      assert.ok(made.ok);
      const [program, ...args] = made.value;

      const socketPath = join(box.directory, "s.sock");
      const fd = listenUnix(socketPath);
      const child = spawn(program, args, { cwd: plugin.home, env: whole, stdio: ["ignore", "pipe", "pipe", fd] });
      closeSync(fd);
      const errors: Buffer[] = [];
      child.stderr?.on("data", (chunk: Buffer) => errors.push(chunk));
      const exited = once(child, "exit");
      try {
        // Asked at once, before the worker runs: the connection waits for it.
        assert.equal(await get(socketPath, path), body, Buffer.concat(errors).toString());
        assert.equal(await get(socketPath, path), body);
        child.kill("SIGTERM");
        assert.deepEqual(await exited, [0, null], Buffer.concat(errors).toString());
      } finally {
        child.kill("SIGKILL");
      }
    });
  }
});

function get(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, timeout: 20_000, agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => resolve(text));
    });
    asked.on("timeout", () => asked.destroy(new Error("no answer in time")));
    asked.on("error", reject);
    asked.end();
  });
}
