/** The exported Containerfile, built without a network and run as an engine would run it. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { until } from "../../scripts/support/client.ts";
import { run } from "../../src/kit/exec.ts";
import { root } from "../support/appliance.ts";
import { lacks } from "../support/developer.ts";

const support = join(import.meta.dirname, "..", "support");
const whyNot = (): string | false => {
  if (process.getuid?.() !== 0) return "images are built as root here";
  return existsSync("/usr/bin/buildah") ? false : "buildah is not installed";
};

const HELLO = `import os
from flask import Flask
app = Flask(__name__)

@app.route("/")
def hello():
    return f"{os.getpid()} {os.getuid()} {os.getcwd()} {os.environ.get('HOME')}"

@app.route("/kill")
def kill():
    os._exit(1)
`;

/** Of `buildah inspect`. */
interface Config {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly [string, ...string[]];
  readonly StopSignal: NodeJS.Signals;
  readonly ExposedPorts: Readonly<Record<string, object>>;
}

describe("an exported container image", { skip: whyNot() || lacks({ python: "flask" }) }, () => {
  let home: string;
  let env: NodeJS.ProcessEnv;
  let image: string;
  let config: Config;
  const ok = async (...argv: readonly [string, ...string[]]): Promise<string> => {
    const ran = await run(argv, { cwd: home, env, timeoutMs: 90_000 });
    assert.equal(ran.code, 0, `${argv.join(" ")}\n${ran.stdout}${ran.stderr}`);
    return ran.stdout.trim();
  };

  before(async () => {
    home = mkdtempSync(join(tmpdir(), "metwork-image-"));
    const storage = `[storage]\ndriver = "vfs"\ngraphroot = "${home}/graph"\nrunroot = "${home}/run"\n`;
    writeFileSync(join(home, "storage.conf"), storage);
    env = {
      ...process.env,
      METWORK_RUNTIME_ROOT: join(home, "rt"),
      METWORK_ALLOW_USAGE_BY_ROOT: "1",
      BUILDAH_ISOLATION: "chroot",
      CONTAINERS_STORAGE_CONF: join(home, "storage.conf"),
    };
    mkdirSync(join(home, "code"));
    writeFileSync(join(home, "code", "hello.py"), HELLO);
    await ok(
      join(root, "bin", "metwork"),
      "export",
      "--init",
      "container",
      "--listen",
      "127.0.0.1:8000",
      "--output",
      "out",
      "code/hello.py",
    );
    const containerfile = readFileSync(join(home, "out", "Containerfile"), "utf8");
    const [, from = ""] = /^FROM (\S+)$/m.exec(containerfile) ?? [];
    const [, packages = ""] = /--no-install-recommends (.*) \\$/m.exec(containerfile) ?? [];
    await ok(join(support, "container-base.sh"), join(home, "base"), "apt", "passwd", ...packages.split(" "));
    const base = await ok("buildah", "from", "scratch");
    await ok("buildah", "copy", "--quiet", base, join(home, "base"), "/");
    await ok("buildah", "commit", "--quiet", base, from);
    await ok("buildah", "build", "--pull-never", "--tag", "hello", "out");
    const container = await ok("buildah", "from", "--pull-never", "hello");
    image = await ok("buildah", "mount", container);
    config = JSON.parse(await ok("buildah", "inspect", container)).OCIv1.config;
  });
  after(async () => {
    await run(["buildah", "umount", "--all"], { env, timeoutMs: 30_000 });
    rmSync(home, { recursive: true, force: true });
  });

  /** Its PID 1 as the machine sees it, and what started it. */
  async function start(): Promise<{ child: ChildProcess; pid: number; ask: (path: string) => Promise<string> }> {
    const command = [join(support, "container-run.sh"), image, config.User, ...config.Entrypoint] as const;
    const variables = Object.fromEntries(config.Env.map((line) => line.split(/=(.*)/s).slice(0, 2)));
    const child = spawn(command[0], command.slice(1), { env: variables, stdio: "ignore" });
    const children = `/proc/${child.pid}/task/${child.pid}/children`;
    const { value: pid } = await until("its PID 1", () => {
      const listed = existsSync(children) ? readFileSync(children, "utf8").trim() : "";
      return listed === "" ? undefined : Number(listed);
    });
    const [port = ""] = Object.keys(config.ExposedPorts)[0]?.split("/") ?? [];
    const ask = async (path: string): Promise<string> => {
      const argv = ["nsenter", "-t", String(pid), "-n", "--", "curl", "-sS", "--max-time", "5"] as const;
      return (await run([...argv, `http://127.0.0.1:${port}${path}`], { timeoutMs: 30_000 })).stdout;
    };
    await until("it answers", async () => (await ask("/")) || undefined);
    return { child, pid, ask };
  }

  test("is built: its user, port and signal are what was exported", () => {
    assert.deepEqual(
      [config.User, config.StopSignal, Object.keys(config.ExposedPorts), config.Entrypoint],
      ["app", "SIGTERM", ["8000/tcp"], ["/entrypoint"]],
    );
    assert.match(readFileSync(join(image, "etc/passwd"), "utf8"), /^app:x:\d+:\d+::\/srv\/hello:/m);
  });

  test("serves as PID 1 of its user in its directory; killed it ends, told to end it ends with 0", async () => {
    const [, uid] = /^app:x:(\d+):/m.exec(readFileSync(join(image, "etc/passwd"), "utf8")) ?? [];
    const first = await start();
    assert.match(await first.ask("/"), new RegExp(`^1 ${uid} /srv/hello `));
    const killed = once(first.child, "exit");
    await first.ask("/kill");
    assert.deepEqual((await killed)[0], 1);
    const second = await start();
    const stopped = once(second.child, "exit");
    process.kill(second.pid, config.StopSignal);
    assert.deepEqual(await stopped, [0, null]);
  });
});
