/** What `metwork export` writes, run by each init system that can run here: the service that kills itself comes back. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { http, until } from "../../scripts/support/client.ts";
import { run } from "../../src/kit/exec.ts";
import { root } from "../support/appliance.ts";
import { lacks } from "../support/developer.ts";
import { freePort } from "../support/ports.ts";

const HELLO = `import os
from flask import Flask
app = Flask(__name__)

@app.route("/")
def hello():
    return str(os.getpid())

@app.route("/kill")
def kill():
    os._exit(1)
`;

let home: string;
let env: NodeJS.ProcessEnv;

before(() => {
  home = mkdtempSync(join(tmpdir(), "metwork-export-"));
  mkdirSync(join(home, "code"));
  writeFileSync(join(home, "code", "hello.py"), HELLO);
  env = { ...process.env, METWORK_RUNTIME_ROOT: join(home, "rt"), METWORK_ALLOW_USAGE_BY_ROOT: "1" };
});
after(() => rmSync(home, { recursive: true, force: true }));

/** Exports hello.py into a directory of its own. */
async function exported(init: string, port: number): Promise<string> {
  const output = join(home, init);
  const words = ["export", "--init", init, "--listen", `127.0.0.1:${port}`, "--output", output, "code/hello.py"];
  const ran = await run([join(root, "bin", "metwork"), ...words], { cwd: home, env, timeoutMs: 60_000 });
  assert.equal(ran.code, 0, ran.stderr);
  return output;
}

/** The pid that answers. */
async function answering(port: number, not?: string): Promise<string> {
  const look = async (): Promise<string | undefined> => {
    const reply = await http(`http://127.0.0.1:${port}/`);
    return reply.status === 200 && reply.body !== not ? reply.body : undefined;
  };
  return (await until(`port ${port} answers`, look)).value;
}

/** Asks for /kill, and waits for another process to answer. */
async function killedAndBack(port: number): Promise<void> {
  const first = await answering(port);
  await http(`http://127.0.0.1:${port}/kill`);
  const second = await answering(port, first);
  process.kill(Number(second), "SIGKILL");
  await answering(port, second);
}

async function silent(port: number): Promise<void> {
  await until(`port ${port} is silent`, async () =>
    (await http(`http://127.0.0.1:${port}/`)).status === 0 ? true : undefined,
  );
}

/** Rewrites where a script of another system looks. */
function redirect(path: string, places: Readonly<Record<string, string>>): void {
  let text = readFileSync(path, "utf8");
  for (const [from, to] of Object.entries(places)) {
    assert.ok(text.includes(from), from);
    text = text.replaceAll(from, to);
  }
  writeFileSync(path, text);
}

function call(script: string, ...words: readonly string[]) {
  const more = { PIDFILE: join(home, "hello.pid"), LOGFILE: join(home, "hello.log") };
  return spawnSync(script, words, { encoding: "utf8", env: { ...process.env, ...more }, timeout: 60_000 });
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const exit = once(child, "exit");
  child.kill(signal);
  return (await exit)[0];
}

/** What of FreeBSD's rc.subr(8) the script uses, in the same way. */
const RC_SUBR = `load_rc_config() { eval "\${name}_enable=YES"; }
run_rc_command() {
  case $1 in
  start) eval "$command $command_args" ;;
  stop) kill "$(cat "$pidfile")" ;;
  onerun) "$run_cmd" ;;
  esac
}
`;
/** What of FreeBSD's daemon(8) the script uses: -r -R SECONDS -f -P FILE -o FILE -u USER -- COMMAND. */
const DAEMON = `#!/bin/bash
while getopts rR:fP:o:u: option; do
  case $option in R) delay=$OPTARG ;; P) pidfile=$OPTARG ;; o) log=$OPTARG ;; esac
done
shift $((OPTIND - 1))
setsid bash -c '
  trap "kill \\$child; wait; exit 0" TERM
  echo $$ >"$0"
  while :; do "\${@:2}" & child=$!; wait "$child"; sleep "$1"; done
' "$pidfile" "$delay" "$@" </dev/null >>"$log" 2>&1 &
`;

const needsFlask = { skip: lacks({ python: "flask" }) };

describe("exported", needsFlask, () => {
  test("for sysv: started, killed and back, stopped; its exit codes are the standard's", async () => {
    const port = await freePort();
    const script = join(await exported("sysv", port), "hello");
    assert.equal(call(script, "status").status, 3);
    assert.equal(call(script, "start").status, 0);
    assert.equal(call(script, "start").status, 0);
    await killedAndBack(port);
    assert.equal(call(script, "status").status, 0);
    assert.equal(call(script, "restart").status, 0);
    await answering(port);
    assert.equal(call(script, "stop").status, 0);
    await silent(port);
    assert.equal(call(script, "status").status, 3);
    assert.equal(call(script, "no").status, 2);
  });

  test("for rc.d, on stand-ins of rc.subr and daemon(8): started, killed and back, stopped", async () => {
    const port = await freePort();
    const directory = await exported("rc.d", port);
    const script = join(directory, "hello");
    writeFileSync(join(home, "rc.subr"), RC_SUBR);
    writeFileSync(join(home, "daemon"), DAEMON, { mode: 0o755 });
    redirect(script, {
      "/etc/rc.subr": join(home, "rc.subr"),
      "/usr/sbin/daemon": join(home, "daemon"),
      "/usr/local/etc/rc.d/hello": script,
      "/var/run/": `${directory}/`,
      "/var/log/": `${directory}/`,
    });
    assert.equal(call(script, "start").stderr, "");
    await killedAndBack(port);
    assert.equal(call(script, "stop").stderr, "");
    await silent(port);
  });

  test("for a container: the entrypoint becomes the server, and ends with it", async () => {
    const port = await freePort();
    const directory = await exported("container", 8000);
    const inside = join(directory, "root");
    assert.ok(existsSync(join(inside, "srv/hello/hello.py")));
    redirect(join(directory, "entrypoint"), {
      "/opt/metwork": join(inside, "opt/metwork"),
      "/srv/hello": join(inside, "srv/hello"),
      "0.0.0.0:8000": `127.0.0.1:${port}`,
    });
    const env = { PATH: "/usr/bin:/bin" };
    const first = spawn(join(directory, "entrypoint"), { env, stdio: "ignore" });
    assert.equal(await answering(port), String(first.pid));
    const exit = once(first, "exit");
    await http(`http://127.0.0.1:${port}/kill`);
    assert.equal((await exit)[0], 1);
    const second = spawn(join(directory, "entrypoint"), { env, stdio: "ignore" });
    assert.equal(await answering(port), String(second.pid));
    assert.equal(await ended(second, "SIGTERM"), 0);
  });

  test("for supervisor: started, killed and back, stopped", {
    skip: existsSync("/usr/bin/supervisord") ? false : "supervisor is not installed",
  }, async () => {
    const port = await freePort();
    const directory = await exported("supervisor", port);
    const config = join(directory, "supervisord.conf");
    const lines = ["[supervisord]", "nodaemon=true", `logfile=${directory}/log`, `pidfile=${directory}/pid`];
    writeFileSync(config, [...lines, `childlogdir=${directory}`, "[include]", "files=hello.conf", ""].join("\n"));
    const daemon = spawn("/usr/bin/supervisord", ["--configuration", config], { stdio: "ignore" });
    try {
      await killedAndBack(port);
    } finally {
      assert.equal(await ended(daemon, "SIGTERM"), 0, readFileSync(join(directory, "log"), "utf8"));
    }
    await silent(port);
  });
});

describe("exported for systemd", { skip: lacks({ python: "flask" }) || noBox() }, () => {
  const tool = join(import.meta.dirname, "..", "support", "systemd-box");
  let box: string;
  const inside = (...words: readonly string[]) => run([tool, "exec", box, ...words], { timeoutMs: 60_000 });

  before(async () => {
    box = join(home, "box");
    const started = await run([tool, "start", box], { timeoutMs: 60_000 });
    assert.match(started.stdout, /running|degraded/, started.stderr);
  });
  after(async () => {
    await run([tool, "stop", box], { timeoutMs: 30_000 });
  });

  test("started, killed and back with no connection refused, stopped", async () => {
    const directory = await exported("systemd", 8000);
    await inside("sh", "-c", `cp ${directory}/hello.* /etc/systemd/system/ && systemctl daemon-reload`);
    const enabled = await inside("systemctl", "enable", "--now", "hello.socket", "hello.service");
    assert.equal(enabled.code, 0, enabled.stderr);
    const ask = async (path: string) => inside("curl", "-s", "-m", "20", `http://127.0.0.1:8000${path}`);
    const first = (await ask("/")).stdout;
    assert.match(first, /^\d+$/);
    for (let time = 0; time < 7; time++) {
      const killed = await ask("/kill");
      assert.equal(killed.code, 52, "curl: empty reply");
      const next = await ask("/");
      assert.deepEqual([next.code, /^\d+$/.test(next.stdout)], [0, true], next.stderr);
    }
    assert.equal((await inside("systemctl", "is-active", "hello.service")).stdout, "active\n");
    assert.equal((await inside("systemctl", "stop", "hello.socket", "hello.service")).code, 0);
    assert.equal((await ask("/")).code, 7, "curl: connection refused");
  });

  test("files, by an nginx of their own: served, killed and back, stopped", async () => {
    const output = join(home, "files");
    mkdirSync(join(home, "site"));
    writeFileSync(join(home, "site", "index.html"), "the page");
    const words = ["export", "--init", "systemd", "--listen", "127.0.0.1:8001", "--output", output, "site"];
    const ran = await run([join(root, "bin", "metwork"), ...words], { cwd: home, env, timeoutMs: 60_000 });
    assert.equal(ran.code, 0, ran.stderr);
    const places = `mkdir -p /etc/site && cp ${output}/nginx.conf ${output}/mime.types /etc/site/`;
    await inside("sh", "-c", `${places} && cp ${output}/site.service /etc/systemd/system/ && systemctl daemon-reload`);
    const started = await inside("systemctl", "start", "site.service");
    assert.equal(started.code, 0, started.stderr);
    const page = () =>
      inside("curl", "-s", "--retry", "20", "--retry-connrefused", "--retry-delay", "1", "http://127.0.0.1:8001/");
    assert.equal((await page()).stdout, "the page");
    await inside("systemctl", "kill", "--signal=KILL", "site.service");
    assert.equal((await page()).stdout, "the page");
    assert.equal((await inside("systemctl", "stop", "site.service")).code, 0);
    assert.equal((await inside("systemctl", "show", "--property=Result", "site.service")).stdout, "Result=success\n");
  });
});

function noBox(): string | false {
  if (process.getuid?.() !== 0) return "a box of its own needs root";
  return existsSync("/lib/systemd/systemd") ? false : "systemd is not installed";
}
