import { cp, mkdir, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { exportFor } from "../../core/export/export.ts";
import { type Exported, type ExportedFile, INIT_SYSTEMS } from "../../core/export/types.ts";
import { UnquotableError } from "../../core/plan/quote/error.ts";
import { checkPluginName } from "../../core/plugin/name.ts";
import { type Exports, exportsOf, listenOnIn } from "../../system/export/services.ts";
import { gatherHost } from "../../system/host/host.ts";
import { loadConfig } from "../../system/load/config.ts";
import { loadTemplates } from "../../system/load/templates.ts";
import { problem } from "../../system/plugins/failure.ts";
import { type Context, type ExitCode, type Given, UsageError } from "../command.ts";
import { printDiagnostics } from "../print/diagnostics.ts";

/** Where a container has the code and the installation's helpers. */
const INSIDE = { code: "/srv", root: "/opt/metwork" };

/** `metwork export`. */
export async function exportInit(context: Context, given: Given): Promise<ExitCode> {
  const init = INIT_SYSTEMS.find((one) => one === given.value("init"));
  if (init === undefined) throw new UsageError(`say for which init system: --init ${INIT_SYSTEMS.join("|")}`);
  const listen = given.value("listen") ?? "127.0.0.1:8000";
  if (!/^(?:\/[\w./-]+|(?:[\w.-]+|\[[0-9a-f:.]+\]):\d{1,5})$/i.test(listen)) {
    throw new UsageError(`\`${listen}\` is neither HOST:PORT nor an absolute path`);
  }
  const paths = context.paths("mfserv");
  const loaded = await loadConfig(paths, gatherHost());
  printDiagnostics(context, loaded.notes);
  if (!loaded.ok) return 1;
  const name = given.value("name");
  const bad = name === undefined ? undefined : checkPluginName(name);
  if (bad !== undefined) {
    printDiagnostics(context, [bad]);
    return 1;
  }
  const made = await exportsOf(given.args[0] ?? ".", paths, loaded.value.env, context.cwd, {
    listen,
    user: given.value("user") ?? userInfo().username,
    virtualEnv: context.env["VIRTUAL_ENV"],
    ...(name === undefined ? {} : { name }),
  });
  printDiagnostics(context, made.notes);
  if (!made.ok) return 1;
  const output = given.value("output");
  const { services } = made.value;
  if (init === "container" && services.length > 1) {
    printDiagnostics(context, [tooMany(services.length)]);
    return 1;
  }
  const written = init === "container" ? services.map((one) => inside(one, made.value, paths.root)) : services;
  const root = init === "container" ? INSIDE.root : paths.root;
  const helpers = { listenOn: listenOnIn(root), ...imageFor(made.value) };
  try {
    const templates = loadTemplates(join(paths.root, "templates"));
    const files = written.flatMap((service) => exportFor(init, service, templates, helpers));
    if (output === undefined) print(context, files);
    else await write(context, files, resolve(context.cwd, output));
    if (init === "container" && output !== undefined) {
      await copyInside(made.value, paths.root, join(resolve(context.cwd, output), "root"));
    }
    return 0;
  } catch (error) {
    if (!(error instanceof UnquotableError)) throw error;
    printDiagnostics(context, [problem("MF3124", error.message, "change that value")]);
    return 1;
  }
}

function print(context: Context, files: readonly ExportedFile[]): void {
  if (context.json) context.out(JSON.stringify(files, null, 2));
  for (const { name, text, use } of files) {
    context.err(`${name}: ${use}`);
    if (!context.json) context.out(files.length > 1 ? `==> ${name} <==\n${text}` : text.trimEnd());
  }
}

async function write(context: Context, files: readonly ExportedFile[], directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const { name, text, executable, use } of files) {
    const path = join(directory, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { mode: executable ? 0o755 : 0o644 });
    context.err(`${path}: ${use}`);
    if (!context.json) context.out(path);
  }
  if (context.json) context.out(JSON.stringify(files.map(({ name }) => join(directory, name))));
}

/** The service as it is in a container: its code and the helpers are elsewhere, and its programs are the image's. */
function inside(service: Exported, { code }: Exports, root: string): Exported {
  const home = join(INSIDE.code, service.name);
  const moved = (text: string): string => text.replaceAll(code, home).replaceAll(root, INSIDE.root);
  const argv = service.argv.map(moved);
  const env = Object.fromEntries(Object.entries(service.env).map(([name, value]) => [name, moved(value)]));
  const front = service.front === undefined ? {} : { front: { ...service.front, root: moved(service.front.root) } };
  return { ...service, ...front, argv: [argv[0] ?? "", ...argv.slice(1)], env, directory: moved(service.directory) };
}

async function copyInside({ code, services }: Exports, root: string, into: string): Promise<void> {
  const isCode = (path: string): boolean => !/^(?:\.|__pycache__$|venv$)/.test(basename(path)) || path === code;
  const home = join(into, INSIDE.code, services[0]?.name ?? "");
  await cp(code, home, { recursive: true, filter: (path) => isCode(path) && !into.startsWith(`${path}/`) });
  for (const part of [
    "core/bin",
    "python3/bin",
    "python3/lib",
    "nodejs/bin/port_bridge",
    "nodejs/node_modules",
    "php/bin",
  ]) {
    const target = join(into, INSIDE.root, "layers", part);
    await mkdir(dirname(target), { recursive: true });
    await cp(join(root, "layers", part), target, { recursive: true, verbatimSymlinks: true });
  }
}

function imageFor({ kind, services }: Exports): { readonly image: string; readonly packages: readonly string[] } {
  if (kind === "node") return { image: "docker.io/library/node:26-slim", packages: ["python3"] };
  const packages: Partial<Record<Exports["kind"], readonly string[]>> = {
    wsgi: ["python3-waitress", "python3-flask"],
    asgi: ["uvicorn"],
    aiohttp: ["python3-aiohttp"],
    tornado: ["python3-tornado"],
    program: ["gunicorn"],
  };
  const fronts = services.flatMap(({ front }) => front ?? []);
  const web = [...(fronts.length > 0 ? ["nginx-light"] : []), ...(fronts.some(({ php }) => php) ? ["php-fpm"] : [])];
  return { image: "docker.io/library/debian:12-slim", packages: ["python3", ...(packages[kind] ?? []), ...web] };
}

function tooMany(count: number) {
  return problem(
    "MF3125",
    `it is ${count} processes, and a container is one`,
    "export a file or a program of its own for each",
  );
}
