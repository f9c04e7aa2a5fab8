/** Builds the plugins that modules bring, from the templates, into `modules/<mod>/share/plugins/`. Says nothing when all is well. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { format } from "../src/core/base/diagnostic.ts";
import { type ModuleName, modulePaths } from "../src/core/module/paths.ts";
import { gatherHost } from "../src/system/host/host.ts";
import { loadConfig } from "../src/system/load/config.ts";
import { createPlugin, defaultAnswers } from "../src/system/plugins/bootstrap.ts";
import { buildArchive } from "../src/system/plugins/build.ts";
import type { Outcome } from "../src/system/plugins/failure.ts";

interface Shipped {
  readonly name: string;
  readonly template: string;
  readonly summary: string;
  /** Files that stand in the place of the template's. */
  readonly files?: Readonly<Record<string, string>>;
}

const root = join(import.meta.dirname, "..");

const WELCOME_PAGE = `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>MetWork mfserv</title>
    <style>body { font-family: sans-serif; max-width: 40em; margin: 4em auto; line-height: 1.5 }</style>
  </head>
  <body>
    <h1>mfserv is running</h1>
    <p>Nothing is served at this address. A plugin <em>name</em> is served under <code>/name</code>.</p>
    <p>Create one: <code>bootstrap_plugin create name</code></p>
  </body>
</html>
`;

const SHIPPED: Readonly<Record<ModuleName, readonly Shipped[]>> = {
  mfserv: [
    {
      name: "welcome",
      template: "static",
      summary: "The page for addresses nothing is served at",
      files: { "main/index.html": WELCOME_PAGE },
    },
  ],
  mfdata: [
    { name: "guess_file_type", template: "guess_file_type", summary: "Finds out what kind of file each one is" },
    { name: "switch", template: "switch", summary: "Hands each file to the steps whose rules match" },
    { name: "archive", template: "archive", summary: "Stores the files it gets" },
    { name: "delete", template: "delete", summary: "Deletes the files it gets" },
    { name: "move", template: "move", summary: "Moves the files it gets" },
    { name: "copy", template: "copy", summary: "Hands the files it gets to several steps" },
    { name: "fork", template: "fork", summary: "Runs a command for each file it gets" },
    { name: "ungzip", template: "ungzip", summary: "Decompresses files of gzip" },
    { name: "unbzip2", template: "unbzip2", summary: "Decompresses files of bzip2" },
    { name: "unxz", template: "unxz", summary: "Decompresses files of xz" },
    { name: "unzstd", template: "unzstd", summary: "Decompresses files of Zstandard" },
    { name: "ftpsend", template: "ftpsend", summary: "Sends the files it gets over FTP or FTPS" },
    { name: "sftpsend", template: "sftpsend", summary: "Sends the files it gets over SFTP" },
    { name: "httpsend", template: "httpsend", summary: "Sends the files it gets over HTTP or HTTPS" },
    { name: "mqttlistener", template: "mqttlistener", summary: "Makes a file of each message of an MQTT topic" },
    { name: "amqplistener", template: "amqplistener", summary: "Makes a file of each message of an AMQP queue" },
  ],
};

for (const module of Object.keys(SHIPPED) as ModuleName[]) await buildAll(module);

async function buildAll(module: ModuleName): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), "metwork-plugins-"));
  try {
    const env = { METWORK_RUNTIME_ROOT: work, METWORK_ETC: work };
    const paths = modulePaths(module, root, { user: "", userHome: work, env });
    const config = orExit(await loadConfig(paths, gatherHost(), env));
    const target = join(paths.home, "share", "plugins");
    mkdirSync(target, { recursive: true });
    for (const old of readdirSync(target)) rmSync(join(target, old));
    const stamp = { host: "metwork", date: newestSource(join(root, "templates", "plugins")) };
    for (const shipped of SHIPPED[module]) {
      const home = join(work, shipped.name);
      const about = {
        one_line_summary: shipped.summary,
        license: "BSD",
        vendor: "MetWork",
        maintainer: "MetWork",
        url: "https://www.metwork-framework.org",
      };
      const answers = { ...defaultAnswers(paths), ...about, version: config.env["MFMODULE_VERSION"] ?? "0.0.0" };
      orExit(await createPlugin(paths, config.env, shipped.template, shipped.name, home, answers));
      for (const [path, text] of Object.entries(shipped.files ?? {})) writeFileSync(join(home, path), text);
      orExit(await buildArchive(paths, config.env, home, target, stamp));
    }
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** An archive says when it was built; the newest source says it best, and the same sources give the same bytes. */
function newestSource(directory: string): Date {
  const files = readdirSync(directory, { recursive: true }).map((name) => join(directory, String(name)));
  const newest = Math.max(...[import.meta.filename, ...files].map((file) => statSync(file).mtimeMs));
  return new Date(Math.floor(newest / 1000) * 1000);
}

function orExit<T>(outcome: Outcome<T> | { ok: true; value: T } | { ok: false; notes: Outcome<T>["notes"] }): T {
  if (outcome.ok) return outcome.value;
  for (const note of outcome.notes) process.stderr.write(`${format(note)}\n`);
  process.exit(1);
}
