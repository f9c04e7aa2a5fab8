import { existsSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import type { ModulePaths } from "../../core/module/paths.ts";
import { type Ran, run } from "../../kit/exec.ts";
import { findPrograms } from "../host/programs.ts";
import { problem } from "./failure.ts";

type Env = Readonly<Record<string, string>>;

const SOURCES = "python3_virtualenv_sources";
const TIMEOUT_MS = 5 * 60_000;
const PIP_INSTALL = ["install", "--isolated", "--no-index", "--no-cache-dir", "--disable-pip-version-check"] as const;

/** One line of what `requirements.py check` prints. */
interface Unsatisfied {
  readonly requirement: string;
  readonly line: number;
  readonly problem: string;
}

/**
 * Makes the Python packages a plugin asks for available to it, offline: those that it ships as wheels go into a virtual
 * environment in its `local/`, the machine's own are used otherwise. Says which requirements neither satisfies.
 * `home` is where the plugin is now, `target` where it will be used.
 */
export async function installPythonPackages(
  home: string,
  target: string,
  paths: ModulePaths,
  env: Env,
): Promise<readonly Diagnostic[]> {
  const file = requirementsOf(home);
  if (file === undefined) return [];
  const python = findPrograms().python3;
  if (python === undefined) return [noPython(file)];
  const options = { cwd: home, env: { ...env, PYTHONPATH: undefined }, timeoutMs: TIMEOUT_MS };
  const wheels = join(home, SOURCES, "src");
  const helper = join(paths.mfext, "share", "requirements.py");
  const checked = await run([python, "-I", helper, "check", file, wheels], options);
  if (checked.code !== 0) return [pythonFailed(`the requirements of ${file} cannot be checked`, checked)];
  const missing: readonly Unsatisfied[] = JSON.parse(checked.stdout);
  if (missing.length > 0) return missing.map((one) => notSatisfied(one, file));
  if (!(await holdsWheels(wheels))) return [];

  const local = join(home, "local");
  await rm(local, { recursive: true, force: true });
  const made = await run([python, "-m", "venv", "--system-site-packages", "--without-pip", local], options);
  if (made.code !== 0) return [pythonFailed("the plugin's Python environment cannot be made", made)];
  const pip = [join(local, "bin", "python"), "-I", "-m", "pip", ...PIP_INSTALL] as const;
  const installed = await run([...pip, "--find-links", wheels, "-r", file], options);
  if (installed.code !== 0) return [pythonFailed("the plugin's wheels cannot be installed", installed)];
  await moveEnvironment(local, join(target, "local"));
  return [];
}

/** The frozen requirements; those to freeze when the plugin never was built. */
function requirementsOf(home: string): string | undefined {
  const files = ["requirements3.txt", "requirements-to-freeze.txt"].map((name) => join(home, SOURCES, name));
  return files.find((file) => existsSync(file));
}

async function holdsWheels(directory: string): Promise<boolean> {
  return existsSync(directory) && (await readdir(directory)).some((name) => name.endsWith(".whl"));
}

/** The interpreter finds its environment by itself; only programs' first lines and the scripts for shells name its place. */
async function moveEnvironment(from: string, to: string): Promise<void> {
  if (from === to) return;
  const bin = join(from, "bin");
  const entries = await readdir(bin, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(bin, entry.name));
  for (const file of [...files, join(from, "pyvenv.cfg")]) {
    const text = await readFile(file, "utf8");
    if (text.includes(from)) await writeFile(file, text.replaceAll(from, to));
  }
}

function notSatisfied({ requirement, line, problem: what }: Unsatisfied, file: string): Diagnostic {
  return {
    ...problem("MF3093", `the Python requirement ${JSON.stringify(requirement)} ${what}`),
    at: { file, line, col: 1, length: requirement.length },
    fix: "ship it: `make release` where there is a network; or install the system's package of it",
  };
}

function pythonFailed(what: string, ran: Ran): Diagnostic {
  const last = `${ran.stdout}\n${ran.stderr}`.trim().split("\n").slice(-4).join("\n");
  const how = ran.timedOut ? `not within ${TIMEOUT_MS / 60_000} minutes` : last;
  const fix = /No module named '?pip/.test(last)
    ? "install the package python3-pip"
    : "build it on a machine like this one";
  return problem("MF3094", `${what}: ${how}`, fix);
}

function noPython(file: string): Diagnostic {
  return problem("MF3094", `${file} asks for Python packages, and there is no Python`, "install python3");
}
