/** Files and PHP, exported: an nginx of their own under an init system's script. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { http, until } from "../../scripts/support/client.ts";
import { run } from "../../src/kit/exec.ts";
import { root } from "../support/appliance.ts";
import { lacks } from "../support/developer.ts";
import { freePort } from "../support/ports.ts";

let home: string;
let env: NodeJS.ProcessEnv;
before(() => {
  home = mkdtempSync(join(tmpdir(), "metwork-front-"));
  // What the server writes goes here too, so that a test sees what is left.
  env = { ...process.env, METWORK_RUNTIME_ROOT: join(home, "rt"), METWORK_ALLOW_USAGE_BY_ROOT: "1", TMPDIR: home };
  for (const [path, text] of Object.entries({
    "site/index.html": "the page",
    "site/img/a.svg": "<svg/>",
    "site/.env": "secret",
    "php/index.php": "<?php echo 'php ', getmypid(), ' ', $_SERVER['QUERY_STRING'];",
    "php/a.css": "b {}",
    "plugin/.layerapi2_label": "plugin_maps@mfserv\n",
    "plugin/.layerapi2_dependencies": "root@mfserv\n",
    "plugin/.plugin_format_version": "1.0.0\n",
    "plugin/config.ini":
      "[general]\n_version = 1\n_summary = maps\n_license = BSD\n_url = u\n_maintainer = m\n_vendor = v\n[app_main]\n_static_url_prefix =\n_static_directory =\n",
    "plugin/main/index.html": "a map",
  })) {
    mkdirSync(dirname(join(home, path)), { recursive: true });
    writeFileSync(join(home, path), text);
  }
});
after(() => rmSync(home, { recursive: true, force: true }));

const left = (): readonly string[] => readdirSync(home).filter((name) => name.startsWith("web_front."));

/** Exports what is there, with the configuration where the test can write. Gives the path of its directory. */
async function exported(init: string, what: string, port: number): Promise<string> {
  const output = join(home, `${init}-${what}`);
  const words = [
    "export",
    "--init",
    init,
    "--listen",
    `127.0.0.1:${port}`,
    "--name",
    "front",
    "--output",
    output,
    what,
  ];
  const ran = await run([join(root, "bin", "metwork"), ...words], { cwd: home, env, timeoutMs: 60_000 });
  assert.equal(ran.code, 0, ran.stderr);
  return output;
}

function redirect(path: string, places: Readonly<Record<string, string>>): void {
  let text = readFileSync(path, "utf8");
  for (const [from, to] of Object.entries(places)) {
    assert.ok(text.includes(from), `${from} in ${text}`);
    text = text.replaceAll(from, to);
  }
  writeFileSync(path, text);
}

function call(script: string, word: string): number | null {
  const own = { ...env, PIDFILE: join(home, "front.pid"), LOGFILE: join(home, "front.log") };
  return spawnSync(script, [word], { encoding: "utf8", env: own, timeout: 60_000 }).status;
}

async function says(port: number, path: string, text: RegExp): Promise<string> {
  const look = async (): Promise<string | undefined> => {
    const { status, body } = await http(`http://127.0.0.1:${port}${path}`);
    return status === 200 && text.test(body) ? body : undefined;
  };
  return (await until(`${path} says ${text}`, look)).value;
}

/** The web_front below a script's supervisor, or whose only child. */
function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0]);
}

const needsNginx = { skip: lacks({ program: /^nginx$/ }) };
const needsPhp = { skip: lacks({ program: /^nginx$/ }) || lacks({ program: /^php-fpm/ }) };

describe("exported files", needsNginx, () => {
  for (const [what, page] of [
    ["site", /^the page$/],
    ["plugin", /^a map$/],
  ] as const) {
    test(`${what}, for sysv: served, killed and back, stopped with nothing left`, async () => {
      const port = await freePort();
      const directory = await exported("sysv", what, port);
      const script = join(directory, "front");
      redirect(script, { "/etc/front/": `${directory}/` });
      assert.equal(call(script, "start"), 0);
      await says(port, "/", page);
      if (what === "site") {
        assert.equal((await http(`http://127.0.0.1:${port}/img/a.svg`)).headers["content-type"], "image/svg+xml");
        assert.equal((await http(`http://127.0.0.1:${port}/.env`)).status, 404);
        const supervisor = Number(readFileSync(join(home, "front.pid"), "utf8"));
        const first = childOf(supervisor);
        const nginx = childOf(first);
        process.kill(nginx, "SIGKILL");
        await until("another one", () => (childOf(supervisor) > 0 && childOf(supervisor) !== first ? true : undefined));
        await says(port, "/", page);
        // Killed, it takes nginx with it, and cannot tidy up: the next one does.
        const killed = left();
        process.kill(childOf(supervisor), "SIGKILL");
        await until("what it left is gone, and there is another one", () => {
          const now = left();
          return now.length === 1 && now[0] !== killed[0] ? true : undefined;
        });
        await says(port, "/", page);
      }
      assert.equal(call(script, "stop"), 0);
      assert.equal((await http(`http://127.0.0.1:${port}/`)).status, 0);
      assert.deepEqual(left(), []);
    });
  }

  test("one that starts removes what is left, and nothing of one that runs or is no one's of its own", async () => {
    const port = await freePort();
    const directory = await exported("sysv", "plugin", port);
    const script = join(directory, "front");
    redirect(script, { "/etc/front/": `${directory}/` });
    mkdirSync(join(home, "web_front.left"));
    symlinkSync(join(home, "site"), join(home, "web_front.link"));
    assert.equal(call(script, "start"), 0);
    await says(port, "/", /^a map$/);
    const running = left().filter((name) => name !== "web_front.link");
    assert.equal(running.length, 1);
    // The port is taken: it tidies its own up and leaves the other's.
    const other = await run([join(root, "layers/core/bin/web_front"), join(directory, "nginx.conf")], { env });
    assert.equal(other.code, 1);
    assert.deepEqual(
      left().filter((name) => name !== "web_front.link"),
      running,
    );
    rmSync(join(home, "web_front.link"));
    assert.equal(readFileSync(join(home, "site/index.html"), "utf8"), "the page");
    assert.equal(call(script, "stop"), 0);
    assert.deepEqual(left(), []);
  });

  test("a socket's path is refused, and said so", async () => {
    const words = ["export", "--init", "systemd", "--listen", "/run/site.socket", "site"];
    const ran = await run([join(root, "bin", "metwork"), ...words], { cwd: home, env });
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, /error\[MF3120\]: site is served by an nginx of its own.*\n.*--listen HOST:PORT/);
  });
});

describe("exported PHP", needsPhp, () => {
  let running: ChildProcess | undefined;
  after(() => running?.kill("SIGKILL"));

  test("in a container's entrypoint: pages by php-fpm, files by nginx; it ends with either of them, and in order", async () => {
    const port = await freePort();
    const directory = await exported("container", "php", 8000);
    const inside = join(directory, "root");
    const places = {
      "/etc/front/": `${inside}/etc/front/`,
      "/opt/metwork": join(inside, "opt/metwork"),
      "/srv/front": join(inside, "srv/front"),
    };
    redirect(join(directory, "entrypoint"), places);
    redirect(join(inside, "etc/front/nginx.conf"), {
      "/srv/front": join(inside, "srv/front"),
      "0.0.0.0:8000": `127.0.0.1:${port}`,
      // The image has a user of its own for it; a test by root has not.
      ...(process.getuid?.() === 0 && { "daemon off;": "daemon off;\nuser root;" }),
    });
    const text = readFileSync(join(directory, "Containerfile"), "utf8");
    assert.match(text, /install .* python3 nginx-light php-fpm /);
    const path = /^ENV PATH="(.*)"$/m.exec(text)?.[1]?.replaceAll("/opt/metwork", places["/opt/metwork"]);
    const start = () => spawn(join(directory, "entrypoint"), { env: { PATH: path, TMPDIR: home }, stdio: "ignore" });
    running = start();
    await says(port, "/", /^php \d+ $/);
    await says(port, "/index.php?a=b", /^php \d+ a=b$/);
    assert.equal((await http(`http://127.0.0.1:${port}/a.css`)).body, "b {}");
    const [socket] = left();
    assert.ok(socket && readdirSync(join(home, socket)).includes("php.sock"));
    const ended = once(running, "exit");
    // PHP was started first.
    process.kill(childOf(running.pid ?? 0), "SIGKILL");
    assert.deepEqual((await ended)[0], 1);
    running = start();
    await says(port, "/", /^php \d+ $/);
    const stopped = once(running, "exit");
    running.kill("SIGTERM");
    assert.deepEqual((await stopped)[0], 0);
    assert.deepEqual(left(), []);
  });
});
