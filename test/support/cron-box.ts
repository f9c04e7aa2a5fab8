import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Ran, run } from "../../src/kit/exec.ts";

const root = join(import.meta.dirname, "..", "..");
const USER = "mwcron";
const ID = 64_017;
const HOME = "/home/mwcron";

/** A user of its own with a real cron, in a mount namespace: nothing of it is in this machine's accounts or spool. */
export interface CronBox {
  /** The user's home as seen from here. */
  readonly home: string;
  /** Runs a program of `bin/`, or of the system, as the user. */
  run(command: string, args?: readonly string[], input?: string | Uint8Array): Promise<Ran>;
  ok(command: string, ...args: string[]): Promise<string>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Root only. cron is not started: a test installs its crontab first, since `@reboot` is for the first start. */
export async function makeCronBox(): Promise<CronBox> {
  const base = mkdtempSync(join(tmpdir(), "mwc-"));
  for (const [file, line] of [
    ["passwd", `${USER}:x:${ID}:${ID}::${HOME}:/bin/sh`],
    ["shadow", `${USER}:*:19000:0:99999:7:::`],
    ["group", `${USER}:x:${ID}:`],
  ] as const) {
    writeFileSync(join(base, file), `${readFileSync(`/etc/${file}`, "utf8").trimEnd()}\n${line}\n`, { mode: 0o644 });
  }
  const setup = [
    `for file in passwd shadow group; do mount --bind "${base}/$file" "/etc/$file"; done`,
    "mount -t tmpfs tmpfs /home && mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/spool/cron",
    `mkdir -m 1730 /var/spool/cron/crontabs && chgrp crontab /var/spool/cron/crontabs`,
    `mkdir -m 755 ${HOME} && chown ${ID}:${ID} ${HOME}`,
    "echo ready && exec sleep infinity",
  ].join(" && ");
  const holder = spawn("unshare", ["--mount", "--propagation", "private", "sh", "-c", setup], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [first] = await once(holder.stdout, "data");
  if (!String(first).includes("ready")) throw new Error(`no box: ${String(first)}`);
  const enter = ["/usr/bin/nsenter", "--target", String(holder.pid), "--mount", "--"] as const;
  const asUser = ["setpriv", `--reuid=${ID}`, `--regid=${ID}`, "--clear-groups", "--"];
  const mark = process.env["METWORK_TEST_RUN"];
  const env = {
    HOME,
    USER,
    LOGNAME: USER,
    PATH: "/usr/bin:/bin",
    NOINTERACTIVE: "1",
    METWORK_ETC: `${HOME}/etc`,
    ...(mark !== undefined && { METWORK_TEST_RUN: mark }),
  };
  const box: CronBox = {
    home: `/proc/${holder.pid}/root${HOME}`,
    run: (command, args = [], input) => {
      const own = join(root, "bin", command);
      const program = existsSync(own) ? own : command;
      return run([...enter, ...asUser, "sh", "-c", 'cd "$HOME" && exec "$@"', "sh", program, ...args], {
        env,
        timeoutMs: 90_000,
        output: "bytes",
        ...(input !== undefined && { input }),
      });
    },
    async ok(command, ...args) {
      const done = await box.run(command, args);
      if (done.code !== 0) throw new Error(`${command} ended with ${done.code}\n${done.stdout}${done.stderr}`);
      return done.stdout;
    },
    async [Symbol.asyncDispose]() {
      await box.run("metwork", ["stop"]);
      const ended = once(holder, "exit");
      holder.kill("SIGKILL");
      await ended;
      rmSync(base, { recursive: true, force: true });
    },
  };
  return box;
}

/** Starts the box's cron in the foreground. */
export function startCron(box: CronBox): ChildProcess {
  const holder = box.home.split("/")[2] ?? "";
  return spawn("/usr/bin/nsenter", ["--target", holder, "--mount", "--", "cron", "-f"], { stdio: "ignore" });
}

/** Writes a file of the user. */
export function writeFor(box: CronBox, path: string, text: string): void {
  const file = join(box.home, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  for (let own = file; own !== box.home; own = dirname(own)) chownSync(own, ID, ID);
}
