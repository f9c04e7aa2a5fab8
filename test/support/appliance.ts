import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Ran, run } from "../../src/kit/exec.ts";
import { freePort } from "./ports.ts";

export const root = join(import.meta.dirname, "..", "..");

/** A private appliance: its own runtime root, its own /etc, its own ports. Stopped and removed when disposed. */
export interface Appliance extends AsyncDisposable {
  readonly home: string;
  readonly ports: { readonly mfserv: number; readonly mfdata: number };
  /** Runs a command of bin/ and returns how it ended. */
  run(command: string, ...args: readonly string[]): Promise<Ran>;
  /** Runs it and fails the test when it fails. */
  ok(command: string, ...args: readonly string[]): Promise<string>;
  /** The parsed output of a command run with --json. */
  json<T>(command: string, ...args: readonly string[]): Promise<T>;
  /** Writes a file below the appliance's home, and the directories to it. */
  write(path: string, text: string, mode?: number): string;
  /** Puts a plugin into a module's plugin directory, label and format version included. */
  plugin(module: "mfserv" | "mfdata", name: string, files: Readonly<Record<string, string>>): string;
}

/** Prepares an appliance that is not started. `site` is added to each module's /etc configuration. */
export async function makeAppliance(site: { mfserv?: string; mfdata?: string } = {}): Promise<Appliance> {
  const home = mkdtempSync(join(tmpdir(), "mw-"));
  const [mfserv, mfdata] = [await freePort(), await freePort()];
  const env = {
    ...process.env,
    METWORK_RUNTIME_ROOT: home,
    METWORK_ETC: join(home, "etc"),
    METWORK_ALLOW_USAGE_BY_ROOT: "1",
    NOINTERACTIVE: "1",
  };
  const appliance: Appliance = {
    home,
    ports: { mfserv, mfdata },
    run: (command, ...args) => run([join(root, "bin", command), ...args], { cwd: home, env, timeoutMs: 90_000 }),
    async ok(command, ...args) {
      const done = await appliance.run(command, ...args);
      if (done.code !== 0)
        throw new Error(`${command} ${args.join(" ")} ended with ${done.code}\n${done.stdout}${done.stderr}`);
      return done.stdout;
    },
    async json(command, ...args) {
      return JSON.parse(await appliance.ok(command, ...args));
    },
    write(path, text, mode = 0o644) {
      const file = join(home, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text, { mode });
      return file;
    },
    plugin(module, name, files) {
      const base = `${module}/var/plugins/${name}`;
      appliance.write(`${base}/.layerapi2_label`, `plugin_${name}@${module}\n`);
      appliance.write(`${base}/.layerapi2_dependencies`, `root@${module}\n-nodejs@mfext\n-python3@mfext\n`);
      appliance.write(`${base}/.plugin_format_version`, "1.0.0\n");
      for (const [path, text] of Object.entries(files)) {
        appliance.write(`${base}/${path}`, text, path.startsWith("bin/") ? 0o755 : 0o644);
      }
      return join(home, base);
    },
    async [Symbol.asyncDispose]() {
      await appliance.run("metwork", "stop");
      rmSync(home, { recursive: true, force: true });
    },
  };
  for (const module of ["mfserv", "mfdata"]) {
    mkdirSync(join(home, module, "var"), { recursive: true });
    symlinkSync(compileCache(), join(home, module, "var", "compile_cache"));
  }
  appliance.write(
    "etc/metwork.config.d/mfserv/config.ini",
    `[nginx]\nport = ${mfserv}\nworkers = 1\n${site.mfserv ?? ""}`,
  );
  appliance.write(
    "etc/metwork.config.d/mfdata/config.ini",
    `[nginx]\nport = ${mfdata}\nworkers = 1\n${site.mfdata ?? ""}`,
  );
  return appliance;
}

/** One for the daemons of all appliances, or each would compile the same sources once more. */
function compileCache(): string {
  const directory = join(root, "build", "compile_cache");
  mkdirSync(directory, { recursive: true });
  return directory;
}

/** A `[general]` section that says all that is required. */
export const general = `[general]
_version = 1.0.0
_summary = a plugin of the tests
_license = BSD
_url = http://localhost/
_maintainer = Tester <tester@localhost>
_vendor = metwork
`;
