import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { http, type Reply, until } from "../../scripts/support/client.ts";
import { connectSupervisor } from "../../src/system/supervise/client.ts";
import { root } from "./appliance.ts";

/** Somebody's code, in a directory of its own; removed when disposed. */
export interface Code extends Disposable {
  readonly directory: string;
  write(path: string, text: string): void;
}

/** Writes files; those whose text begins with `#!` may be executed. */
export function makeCode(files: Readonly<Record<string, string>>): Code {
  const directory = mkdtempSync(join(tmpdir(), "metwork-code-"));
  const code: Code = {
    directory,
    write(path, text) {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      writeFileSync(join(directory, path), text, { mode: text.startsWith("#!") ? 0o755 : 0o644 });
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
  for (const [path, text] of Object.entries(files)) code.write(path, text);
  return code;
}

/** A running `metwork serve`. */
export interface Serving extends AsyncDisposable {
  readonly url: string;
  readonly name: string;
  readonly runtime: string;
  get(path?: string): Promise<Reply>;
  /** Waits until the address answers with that text. */
  says(text: RegExp): Promise<Reply>;
  /** Kills the process of the application as the kernel would. */
  killWorker(): Promise<void>;
  /** Presses Ctrl-C; gives the exit code. */
  interrupt(): Promise<number | null>;
  /** Kills the command itself, which can then tidy nothing up. */
  kill(): Promise<void>;
  /** What it wrote to stderr. */
  said(): string;
}

export async function serve(cwd: string, env: NodeJS.ProcessEnv, ...words: readonly string[]): Promise<Serving> {
  const argv = ["serve", "--json", ...words];
  const child = spawn(join(root, "bin", "metwork"), argv, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const [out, err] = [collect(child.stdout), collect(child.stderr)];
  const ended = once(child, "exit");
  const { value } = await until(
    `metwork serve ${words.join(" ")} says where`,
    () => {
      assert.equal(child.exitCode, null, err());
      return out().includes("\n") ? out() : undefined;
    },
    120_000,
  );
  const { url, name, runtime } = JSON.parse(value);
  const { hostname, port } = new URL(url);
  const serving: Serving = {
    url,
    name,
    runtime,
    get: (path = "/") =>
      http(`http://127.0.0.1:${port}${path}`, {
        headers: { Host: hostname === "127.0.0.1" ? `${hostname}:${port}` : hostname },
      }),
    async says(text) {
      let last = "";
      const asked = until(`${url} says ${text}`, async () => {
        assert.equal(child.exitCode, null, err());
        const reply = await serving.get();
        last = `${reply.status} ${reply.body}`;
        return reply.status === 200 && text.test(reply.body) ? reply : undefined;
      });
      return (await asked.catch((error: Error) => assert.fail(`${error.message}: ${last}\n${err()}`))).value;
    },
    async killWorker() {
      const supervisor = await connectSupervisor({ runtime }, { start: false });
      const services = await supervisor.list();
      supervisor.close();
      const pid = services.find(({ id }) => id === `app.${name}.main`)?.instances[0]?.pid;
      assert.ok(pid !== undefined, JSON.stringify(services));
      process.kill(pid, "SIGKILL");
    },
    async interrupt() {
      child.kill("SIGINT");
      return (await ended)[0];
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
    said: err,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) child.kill("SIGTERM");
      await ended;
    },
  };
  return serving;
}

function collect(stream: ChildProcess["stdout"]): () => string {
  let text = "";
  stream?.on("data", (chunk) => {
    text += chunk;
  });
  return () => text;
}
