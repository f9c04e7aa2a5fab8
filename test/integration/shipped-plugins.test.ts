import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { zstdCompressSync } from "node:zlib";
import { connect } from "amqplib";
import { type Appliance, makeAppliance, root } from "../support/appliance.ts";
import { rabbitmq } from "../support/network/brokers.ts";
import type { Daemon } from "../support/network/daemon.ts";
import { type FtpServer, vsftpd } from "../support/network/vsftpd.ts";
import { until } from "./flow-harness.ts";

/**
 * Shipped plugins and templates in a running module, as an operator installs and sets them. Those of mfdata-acceptance (archive,
 * delete, fork, guess_file_type, move, switch, ungzip), network-appliance (listener, mqttlistener, sftpsend) and steps-appliance
 * (default, node) are there.
 */
const SHIPPED = join(root, "modules", "mfdata", "share", "plugins");
const BASENAME = "first.core.original_basename";
const TEXT = "a bulletin of the weather\n";
let appliance: Appliance;
let home: string;
let kept: string;
let rabbit: Daemon;
let rabbitStarted: Promise<void>;
let ftp: FtpServer;

before(async () => {
  appliance = await makeAppliance();
  home = join(appliance.home, "mfdata");
  kept = join(appliance.home, "kept");
  [rabbit, ftp] = await Promise.all([rabbitmq(appliance.home), vsftpd(appliance.home)]);
  rabbitStarted = rabbit.start();
  rabbitStarted.catch(() => undefined);
  await Promise.all([ftp.start(), appliance.ok("mfdata.start")]);
  await install(
    "archive",
    "keeper",
    keep("keeper"),
    "[switch_rules:fnmatch:latest.guess_file_type.main.system_magic]\nASCII text* = main\n",
  );
});
after(async () => {
  await Promise.all([rabbit.stop(), ftp.stop(), appliance[Symbol.asyncDispose]()]);
});

const keep = (name: string): Settings => ({
  dest_dir: join(kept, name),
  dest_basename: "{ORIGINAL_BASENAME}",
  keep_tags_suffix: "null",
});

type Settings = Readonly<Record<string, string | number>>;

/** Installs a shipped plugin and sets what it is told. */
async function install(program: string, name: string, settings: Settings = {}, rules = ""): Promise<void> {
  const file = readdirSync(SHIPPED).find((one) => one.startsWith(`${program}-`)) ?? "missing";
  await appliance.ok("plugins.install", "--module=mfdata", `--new-name=${name}`, join(SHIPPED, file));
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${value}\n`);
  appliance.write(`mfdata/config/plugins/${name}.ini`, `[custom]\n${lines.join("")}${rules}`);
  await appliance.ok("metwork", "apply", "mfdata");
}

function drop(name: string, content: string | Buffer): void {
  writeFileSync(join(home, "staged"), content);
  renameSync(join(home, "staged"), join(home, "var", "in", "incoming", name));
}

const rule = (pattern: string): string => `[switch_rules:fnmatch:${BASENAME}]\n${pattern} = main\n`;
const keptBy = (keeper: string, name: string): string | undefined => {
  const path = join(kept, keeper, name);
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
};

const byPython = (module: string, input: string): Buffer =>
  execFileSync(
    "python3",
    ["-c", `import ${module},sys\nsys.stdout.buffer.write(${module}.compress(sys.stdin.buffer.read()))`],
    { input },
  );

const PACKERS: Readonly<Record<string, (text: string) => Buffer>> = {
  unbzip2: (text) => byPython("bz2", text),
  unxz: (text) => byPython("lzma", text),
  unzstd: (text) => zstdCompressSync(Buffer.from(text)),
};

for (const [plugin, pack] of Object.entries(PACKERS)) {
  test(`${plugin}: what it unpacks is typed anew and goes where its type says`, async () => {
    await install(plugin, plugin);
    drop(`for.${plugin}`, pack(TEXT));
    await until("it is kept", () => keptBy("keeper", `for.${plugin}`) === TEXT);
  });
}

test("copy: every target gets it", async () => {
  for (const name of ["one", "two"]) await install("archive", name, keep(name));
  await install("copy", "copies", { dest_dirs: "one/main,two/main*" }, rule("*.both"));
  drop("a.both", "\0both");
  await until("both have it", () => keptBy("one", "a.both") === "\0both" && keptBy("two", "a.both") === "\0both");
});

for (const [template, program] of [
  ["batch", "main.py"],
  ["shell", "main.sh"],
] as const) {
  test(`template ${template}: what is added to its ${program} is done with a file`, async () => {
    const at = (where: string, ...argv: readonly string[]): Promise<string> =>
      appliance.ok("mfdata_wrapper", "sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", where, ...argv);
    await at(appliance.home, "bootstrap_plugin.py", "create", "--no-input", `--template=${template}`, template);
    const directory = join(appliance.home, template);
    const config = readFileSync(join(directory, "config.ini"), "utf8");
    writeFileSync(join(directory, "config.ini"), `${config}\n${rule(`*.${template}`)}`);
    await at(directory, "make", "develop");
    drop(`a.${template}`, "\0x");
    const log = join(home, "log", `step_${template}_main.log`);
    await until("it is handled", () => existsSync(log) && /process for file \S+/.test(readFileSync(log, "utf8")));
  });
}

test("httpsend: a file is the body of a request", async () => {
  const got: string[] = [];
  const server = createServer((request, response) => {
    let text = `${request.method} ${request.url} `;
    request.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    request.on("end", () => {
      got.push(text);
      response.writeHead(200).end();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  try {
    await install("httpsend", "posts", { http_url: `http://127.0.0.1:${port}/in` }, rule("*.post"));
    drop("a.post", "\0posted");
    await until("it is posted", () => got.length > 0);
    assert.deepEqual(got, ["POST /in \0posted"]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test("ftpsend: a file is put on the server, under its name", async () => {
  const login = { ftp_hostname: "localhost", ftp_port: ftp.port, ftp_username: "anonymous", ftp_password: "x" };
  await install("ftpsend", "puts", { ...login, ftp_directory: "data" }, rule("*.put"));
  drop("a.put", "\0put");
  await until("it is there", () => readdirSync(join(ftp.files, "data")).includes("a.put"));
  assert.equal(readFileSync(join(ftp.files, "data", "a.put"), "utf8"), "\0put");
});

test("amqplistener: a message is a file of the pipeline", async () => {
  await rabbitStarted;
  mkdirSync(kept, { recursive: true });
  await install("amqplistener", "ears", { amqp_hostname: "127.0.0.1", amqp_port: rabbit.port, dest_dir: "one/main" });
  const connection = await connect(`amqp://guest:guest@127.0.0.1:${rabbit.port}`);
  try {
    const channel = await connection.createConfirmChannel();
    await until("its queue is there", async () => {
      channel.sendToQueue("bar", Buffer.from("heard"));
      await channel.waitForConfirms();
      return readdirSync(join(kept, "one")).some((name) => keptBy("one", name) === "heard");
    });
  } finally {
    await connection.close();
  }
});
