import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Ran, run } from "../../src/kit/exec.ts";
import { type Appliance, makeAppliance } from "../support/appliance.ts";
import { makeCertificate } from "../support/certificate.ts";
import { freePort } from "../support/ports.ts";
import { until } from "./flow-harness.ts";

let appliance: Appliance;
let home: string;
let archive: string;
let ftp: number;
let sftp: number;
let site: string;

before(async () => {
  [ftp, sftp] = [await freePort(), await freePort()];
  const common = "flag = 1\naddress = 127.0.0.1\n";
  site = `[ftp]\n${common}port = ${ftp}\ntls = 1\n[sftp]\n${common}port = ${sftp}\nuser = radar\n`;
  appliance = await makeAppliance({ mfdata: site });
  home = join(appliance.home, "mfdata");
  archive = join(appliance.home, "kept");
  appliance.write("mfdata/config/ftp/passwords", "s3cret\n", 0o600);
  const day = 86_400_000;
  const { certificate, key } = makeCertificate(new Date(Date.now() - day), new Date(Date.now() + day));
  appliance.write("mfdata/config/ftp/server.pem", certificate + key, 0o600);
  mkdirSync(join(home, "config", "sftp"));
  for (const file of [join(home, "config", "sftp", "host_key"), join(appliance.home, "sender")]) {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
  }
  const keys = readFileSync(join(appliance.home, "sender.pub"), "utf8");
  appliance.write("mfdata/config/sftp/authorized_keys", keys, 0o600);
  await appliance.ok("mfdata.start");
  await keep();
});
after(() => appliance[Symbol.asyncDispose]());

/** A plugin that archives every file, with the names they came with. */
async function keep(): Promise<void> {
  const module = "--module=mfdata";
  const shipped = join(import.meta.dirname, "..", "..", "modules", "mfdata", "share", "plugins");
  const file = readdirSync(shipped).find((name) => name.startsWith("archive-")) ?? "missing";
  await appliance.ok("plugins.install", module, "--new-name=keeper", join(shipped, file));
  const custom = `[custom]\ndest_dir = ${archive}\ndest_basename = {ORIGINAL_DIRNAME}/{ORIGINAL_BASENAME}\n`;
  appliance.write("mfdata/config/plugins/keeper.ini", `${custom}[switch_rules:alwaystrue]\n* = main\n`);
  await appliance.ok("metwork", "apply", "mfdata");
}

const kept = (name: string): string | undefined => {
  try {
    return readFileSync(join(archive, name), "utf8");
  } catch {
    return undefined;
  }
};
const waiting = (server: string): readonly string[] => readdirSync(join(home, "var", "in", server));

function curl(...more: readonly string[]): Promise<Ran> {
  const tls = ["--ssl-reqd", "--cacert", join(home, "config", "ftp", "server.pem")];
  return run(["curl", "-sS", ...tls, ...more], { cwd: appliance.home, env: process.env, timeoutMs: 30_000 });
}
const ftpUrl = (name: string): string => `ftp://localhost:${ftp}/${name}`;

function sftpArguments(): readonly string[] {
  const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "IdentitiesOnly=yes", "LogLevel=ERROR"];
  return [...options.flatMap((option) => ["-o", option]), "-i", join(appliance.home, "sender"), "-P", String(sftp)];
}

function sftpBatch(...lines: readonly string[]): Promise<Ran> {
  const batch = appliance.write("batch", `${lines.join("\n")}\n`);
  const argv = ["sftp", "-b", batch, ...sftpArguments(), "radar@127.0.0.1"] as const;
  return run(argv, { cwd: appliance.home, env: process.env, timeoutMs: 30_000 });
}

test("FTP: a file is taken when it is renamed; nothing can be fetched, and no password is none", async () => {
  const login = ["--user", "anonymous:s3cret"];
  appliance.write("report", "from afar");
  const sent = await curl(...login, "-T", "report", ftpUrl("report.t"), "-Q", "-RNFR report.t", "-Q", "-RNTO report");
  assert.equal(sent.code, 0, sent.stderr);
  await until("it is archived", () => kept("ftp/report") === "from afar");
  await curl(...login, "-T", "report", ftpUrl("unnamed"));
  const fetched = await curl(...login, ftpUrl("unnamed"));
  assert.match(fetched.stderr, /550|denied|RETR/i);
  assert.match((await curl("--user", "anonymous:wrong", ftpUrl(""))).stderr, /denied|530|login/i);
  assert.notEqual(
    (await run(["curl", "-sS", ...login, ftpUrl("")], { cwd: "/", env: process.env, timeoutMs: 30_000 })).code,
    0,
  );
});

test("SFTP: a file is taken when it is renamed; nothing else can be read or written, and no command run", async () => {
  const secret = join(appliance.home, "stolen");
  appliance.write("report", "from further");
  const done = await sftpBatch(
    "put report report.t",
    "rename report.t report",
    "-get /secrets/host_key stolen",
    "-put report /secrets/authorized_keys",
    "-put report /config/x",
    "-put report /dev/shm/x",
    "ls /",
  );
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stderr, /host_key" : Permission denied/);
  assert.equal(done.stderr.match(/dest open/g)?.length, 3, done.stderr);
  assert.doesNotMatch(done.stdout, /home|root|tmp/);
  await until("it is archived", () => kept("sftp/report") === "from further");
  const command = await run(
    ["ssh", ...sftpArguments().map((word) => (word === "-P" ? "-p" : word)), "radar@127.0.0.1", "id"],
    { cwd: "/", env: process.env, timeoutMs: 30_000 },
  );
  assert.doesNotMatch(command.stdout, /uid=/);
  assert.ok(!readFileSync(secret, { encoding: "utf8", flag: "a+" }).includes("PRIVATE"));
});

test("uploads that are cut, over either, are never taken", async () => {
  const big = appliance.write("big", "x".repeat(40_000_000));
  const slow = [
    spawn("curl", [
      "-sS",
      "--limit-rate",
      "400k",
      "--ssl-reqd",
      "-k",
      "--user",
      "anonymous:s3cret",
      "-T",
      big,
      ftpUrl("cut"),
    ]),
    spawn("sftp", [
      "-l",
      "4000",
      "-b",
      appliance.write("cut-batch", `put ${big} cut\n`),
      ...sftpArguments(),
      "radar@127.0.0.1",
    ]),
  ];
  await until("both have begun", () => ["ftp", "sftp"].every((server) => waiting(server).includes("cut")));
  for (const child of slow) {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  }
  const after_ = await curl(
    "--user",
    "anonymous:s3cret",
    "-T",
    "report",
    ftpUrl("next.t"),
    "-Q",
    "-RNFR next.t",
    "-Q",
    "-RNTO next",
  );
  assert.equal(after_.code, 0, after_.stderr);
  await until("what came after is archived", () => kept("ftp/next") !== undefined);
  assert.deepEqual([kept("ftp/cut"), kept("sftp/cut")], [undefined, undefined]);
  assert.ok(waiting("sftp").includes("cut"));
});

test("full: new uploads over either are refused, in sessions that are open too; running ones end; then all is taken", async (context) => {
  const login = ["--user", "anonymous:s3cret"];
  const big = appliance.write("large", "x".repeat(4_000_000));
  const running = spawn("curl", [
    "-sS",
    "--limit-rate",
    "600k",
    "--ssl-reqd",
    "-k",
    ...login,
    "-T",
    big,
    ftpUrl("run.t"),
  ]);
  const ended = once(running, "exit");
  await until("one runs", () => waiting("ftp").includes("run.t"));
  const open = spawn("sftp", [...sftpArguments(), "radar@127.0.0.1"], { cwd: appliance.home });
  let said = "";
  for (const stream of [open.stdout, open.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  const closed = once(open, "exit");
  context.after(() => [running, open].map((child) => child.kill("SIGKILL")));
  open.stdin.write("put report before.t\n");
  await until("its session is open", () => waiting("sftp").includes("before.t"));

  const refusing = join(home, "var", "refusing.json");
  appliance.write("mfdata/config/config.ini", `${site}[data_in]\nmin_free_space = 999999999\n`);
  await appliance.ok("metwork", "apply", "mfdata");
  const isClosed = (server: string): boolean => (statSync(join(home, "var", "in", server)).mode & 0o222) === 0;
  await until("the directories are closed", () => existsSync(refusing) && isClosed("ftp") && isClosed("sftp"));
  open.stdin.write("put report new.t\nrename before.t before\n");
  await until("both are refused", () => /new\.t.*denied/is.test(said) && /rename.*before.*denied/is.test(said));
  assert.match((await curl(...login, "-T", "report", ftpUrl("new.t"))).stderr, /553|25/);
  assert.deepEqual(await ended, [0, null]);
  assert.equal(statSync(join(home, "var", "in", "ftp", "run.t")).size, 4_000_000);

  appliance.write("mfdata/config/config.ini", site);
  await appliance.ok("metwork", "apply", "mfdata");
  await until("files are taken", () => !existsSync(refusing));
  await until("the directories are open", () => !isClosed("ftp") && !isClosed("sftp"));
  open.stdin.end("rename before.t before\n");
  await curl(...login, ftpUrl(""), "-Q", "RNFR run.t", "-Q", "RNTO run");
  await until("both are archived", () => kept("sftp/before") !== undefined && kept("ftp/run")?.length === 4_000_000);
  await closed;
});
