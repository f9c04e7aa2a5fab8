/** `make setup` after the npm packages: system packages, then the plugins the modules ship. Says nothing it need not. */
import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import {
  type Distribution,
  distributionOf,
  distributions,
  parseOsRelease,
} from "../../src/system/host/distribution.ts";
import { findPrograms } from "../../src/system/host/programs.ts";
import * as packages from "./packages.ts";
import * as plugins from "./plugins.ts";

const root = join(import.meta.dirname, "..", "..");
const log = join(root, "build", "setup.log");

/** Setup cannot go on; the reader is told why and what to do. */
class Refused extends Error {
  constructor(code: `MF${number}`, message: string, fix: string) {
    super(`error[${code}]: ${message}\n = help: ${fix}`);
  }
}

try {
  main();
} catch (error) {
  if (!(error instanceof Refused)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

function main(): void {
  const { values: options } = parseArgs({
    options: { run: { type: "boolean", default: false }, "os-release": { type: "string", default: "/etc/os-release" } },
  });
  const os = parseOsRelease(existsSync(options["os-release"]) ? readFileSync(options["os-release"], "utf8") : "");
  const distribution = distributionOf(os);
  if (distribution === undefined) checkPrograms(os["PRETTY_NAME"] ?? os["ID"] ?? "this system");
  else installPackages(distribution, new Set(options.run ? ["run"] : ["run", "test"]));
  buildPlugins();
}

/** On a distribution the table does not know, having the programs is enough. */
function checkPrograms(system: string): void {
  const found = findPrograms();
  const absent = (["nginx", "redis", "python3"] as const).filter((name) => found[name] === undefined);
  if (absent.length === 0) return;
  const commands = distributions.map((distribution) => {
    const all = { needs: distribution.needs, repositories: distribution.repositories };
    return `\n   ${distribution.name}: ${packages.commandForAPerson(distribution, all)}`;
  });
  const message = `${absent.join(", ")} not found, and setup knows no packages for ${system}`;
  throw new Refused("MF8004", message, `install what these commands install elsewhere:${commands.join("")}`);
}

function installPackages(distribution: Distribution, use: ReadonlySet<"run" | "test">): void {
  const absent = look(distribution, use);
  if (absent.needs.length === 0) return;
  const names = packages.packageNames(absent);
  const byHand = `as root: ${packages.commandForAPerson(distribution, absent)}`;
  if (!onPath(distribution.manager)) {
    throw new Refused("MF8005", `${names.join(", ")} missing, and there is no ${distribution.manager} on PATH`, byHand);
  }
  const asRoot = privilege();
  if (asRoot === undefined) {
    throw new Refused("MF8006", `installing ${names.join(", ")} needs root, and sudo would ask for a password`, byHand);
  }
  stage(`${names.length} system packages (${names.join(" ")})`, () => {
    for (const command of packages.installCommands(distribution, absent, join(import.meta.dirname, "apt-install.sh"))) {
      execute([...asRoot, ...command], "MF8007", byHand);
    }
  });
  const still = packages.packageNames(look(distribution, use));
  if (still.length > 0) throw new Refused("MF8008", `${still.join(", ")} still missing after the installation`, byHand);
}

/** Asks the package database; without one nothing counts as installed. */
function look(distribution: Distribution, use: ReadonlySet<"run" | "test">): packages.Missing {
  const [program, ...args] = packages.presenceQuery(distribution);
  const answer = spawnSync(program, args, { encoding: "utf8", env: { ...process.env, LC_ALL: "C" } });
  return packages.missing(distribution, packages.installedNames(answer.stdout ?? ""), use);
}

/** What to put before a command that needs root; undefined when there is no way. */
function privilege(): readonly string[] | undefined {
  if (process.getuid?.() === 0) return [];
  return spawnSync("sudo", ["-n", "true"], { stdio: "ignore" }).status === 0 ? ["sudo", "-n"] : undefined;
}

function onPath(program: string): boolean {
  return (process.env["PATH"] ?? "").split(":").some((directory) => existsSync(join(directory, program)));
}

/** The plugins modules bring are built, not kept in the repository. */
function buildPlugins(): void {
  if (!plugins.needBuilding(root)) return;
  stage("plugins", () => execute([process.execPath, join(root, plugins.builder)], "MF8009", "see the output above"));
  plugins.markBuilt(root);
}

/** One line on stderr: what is being done, then how long it took. */
function stage(title: string, work: () => void): void {
  const begun = performance.now();
  process.stderr.write(`setup: ${title} ... `);
  try {
    work();
  } catch (error) {
    process.stderr.write("failed\n");
    throw error;
  }
  process.stderr.write(`${((performance.now() - begun) / 1000).toFixed(1)} s\n`);
}

/** Runs a command with its output in the log; shows that output when it fails. */
function execute(argv: readonly string[], code: `MF${number}`, fix: string): void {
  const [program = "", ...args] = argv;
  mkdirSync(join(root, "build"), { recursive: true });
  const head = `$ ${argv.join(" ")}\n`;
  appendFileSync(log, head);
  const done = spawnSync(program, args, {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 64 << 20,
  });
  const output = `${done.stdout ?? ""}${done.stderr ?? ""}${done.error === undefined ? "" : `${done.error.message}\n`}`;
  appendFileSync(log, output);
  if (done.status === 0) return;
  throw new Refused(
    code,
    `${head.slice(2).trim()} failed:\n${output.trimEnd()}\n(also in ${relative(root, log)})`,
    fix,
  );
}
