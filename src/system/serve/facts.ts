import { accessSync, closeSync, constants, openSync, readSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import { failure, type Result, success } from "../../core/base/result.ts";
import type { Entry, Facts, PythonFacts } from "../../core/detect/types.ts";
import { run } from "../../kit/exec.ts";
import { listDirectory, readTextFile } from "../../kit/fs.ts";
import { findPrograms } from "../host/programs.ts";

/** Files whose texts decide something. */
const TEXTS = ["Procfile", "package.json", "requirements.txt", "manage.py"];
/** More files than that beside each other are data, not an application. */
const MOST_PYTHON_FILES = 200;
const LARGEST_TEXT = 1_000_000;
const PYTHON_MS = 20_000;

/**
 * Looks at what `target` names, `PATH` or `PATH:OBJECT`, and at what is beside it. Reads and parses, executes nothing of it.
 * `root` is the installation, whose helper reads Python.
 */
export async function gatherFacts(
  target: string,
  context: { readonly cwd: string; readonly root: string; readonly arguments: readonly string[] },
): Promise<Result<Facts>> {
  const asked = split(target, context.cwd);
  const found = statSync(asked.path, { throwIfNoEntry: false });
  if (found === undefined) return failure(missing(asked.path));
  const isDirectory = found.isDirectory();
  const directory = isDirectory ? asked.path : dirname(asked.path);
  const listed = listDirectory(directory);
  if (!listed.ok) return failure(unreadable(directory, listed.message));
  const entries = listed.entries
    .filter(({ name }) => !name.startsWith("."))
    .flatMap(({ name }): Entry[] => {
      const stat = statSync(join(directory, name), { throwIfNoEntry: false });
      if (stat?.isDirectory() === true) return [{ name, kind: "directory", program: false }];
      return stat?.isFile() === true ? [{ name, kind: "file", program: isProgram(join(directory, name)) }] : [];
    });
  const python = await pythonFacts(directory, isDirectory ? undefined : basename(asked.path), entries, context.root);
  if (!python.ok) return python;
  return success({
    directory,
    ...(isDirectory ? {} : { named: basename(asked.path) }),
    ...(asked.object === undefined ? {} : { object: asked.object }),
    arguments: context.arguments,
    entries,
    texts: Object.fromEntries(
      TEXTS.flatMap((name) => {
        const read = entries.some((entry) => entry.name === name && entry.kind === "file")
          ? textOf(join(directory, name))
          : undefined;
        return read === undefined ? [] : [[name, read]];
      }),
    ),
    python: python.value,
  });
}

/** `app.py:web` names an object, unless there is a file of that name. */
function split(target: string, cwd: string): { path: string; object?: string } {
  const whole = resolve(cwd, target);
  const match = /^(?<path>.+\.py):(?<object>[A-Za-z_]\w*(?:\(\))?)$/.exec(target)?.groups;
  if (match === undefined || statSync(whole, { throwIfNoEntry: false }) !== undefined) return { path: whole };
  return { path: resolve(cwd, match["path"] ?? ""), object: match["object"] ?? "" };
}

/** It may be executed, and the kernel would know how: `#!` or an ELF program. */
function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    const opened = openSync(file, "r");
    try {
      const head = Buffer.alloc(4);
      readSync(opened, head, 0, 4, 0);
      return head.subarray(0, 2).toString("latin1") === "#!" || head.toString("latin1") === "\x7fELF";
    } finally {
      closeSync(opened);
    }
  } catch {
    return false;
  }
}

function textOf(file: string): string | undefined {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > LARGEST_TEXT) return undefined;
  const read = readTextFile(file);
  return read.ok ? read.text : undefined;
}

/** The files at the top, and those of packages that are where an application may be imported from. */
async function pythonFacts(
  directory: string,
  named: string | undefined,
  entries: readonly Entry[],
  root: string,
): Promise<Result<Record<string, PythonFacts>>> {
  const here = entries.filter(({ kind, name }) => kind === "file" && name.endsWith(".py")).map(({ name }) => name);
  const top = [...here.filter((name) => name === named), ...here.filter((name) => name !== named)];
  if (top.length === 0 || (named !== undefined && !named.endsWith(".py"))) return success({});
  const packages = entries.filter(({ kind }) => kind === "directory").map(({ name }) => name);
  const inside = packages.flatMap((name) =>
    ["__init__.py", "wsgi.py", "asgi.py", "app.py"].map((file) => `${name}/${file}`),
  );
  const files = [...top, ...inside.filter((file) => textOf(join(directory, file)) !== undefined)];
  const { python3 } = findPrograms();
  if (python3 === undefined) return failure(noPython());
  const helper = join(root, "layers", "python3", "detect", "python_facts.py");
  const argv = [python3, "-I", helper, directory, ...files.slice(0, MOST_PYTHON_FILES)] as const;
  const ran = await run([...argv], { timeoutMs: PYTHON_MS });
  if (ran.code !== 0) return failure(unreadable(directory, ran.stderr.trim().split("\n").at(-1) ?? "no reason given"));
  return success(JSON.parse(ran.stdout) as Record<string, PythonFacts>);
}

function missing(path: string): Diagnostic {
  return { code: "MF3111", severity: "error", message: `there is no ${path}`, fix: "name a directory or a file" };
}

function unreadable(path: string, reason: string): Diagnostic {
  return {
    code: "MF3112",
    severity: "error",
    message: `${path} cannot be looked at: ${reason}`,
    fix: "let this user read it",
  };
}

function noPython(): Diagnostic {
  return {
    code: "MF3113",
    severity: "error",
    message: "there are Python files, but no python3 on this machine",
    fix: "install it (Debian: apt-get install python3, others: dnf install python3)",
  };
}

/** The virtual environment in use (`$VIRTUAL_ENV`) or beside the code, when it is of this machine's Python. */
export async function virtualEnvironment(
  directory: string,
  active: string | undefined,
): Promise<{ readonly packages: string; readonly programs: string } | undefined> {
  const homes = [active ?? "", ".venv", "venv"].filter((name) => name !== "").map((name) => resolve(directory, name));
  const home = homes.find((one) => statSync(join(one, "pyvenv.cfg"), { throwIfNoEntry: false }) !== undefined);
  const { python3 } = findPrograms();
  if (home === undefined || python3 === undefined) return undefined;
  const ask = "import sys; print('python%d.%d' % sys.version_info[:2])";
  const { stdout } = await run([python3, "-I", "-c", ask], { timeoutMs: PYTHON_MS });
  const packages = join(home, "lib", stdout.trim(), "site-packages");
  const fits = statSync(packages, { throwIfNoEntry: false })?.isDirectory() === true;
  return fits ? { packages, programs: join(home, "bin") } : undefined;
}
