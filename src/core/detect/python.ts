import type { Diagnostic } from "../base/diagnostic.ts";
import { inCode } from "./command.ts";
import { bridged } from "./program.ts";
import type { Detected, Facts, Kind, PythonFacts, Verdict, WebPart } from "./types.ts";

type Interface = Extract<Kind, "wsgi" | "asgi" | "aiohttp" | "tornado">;

/** What makes an application, by the dotted name that is called. */
const MAKERS: Readonly<Record<string, Interface>> = {
  "flask.Flask": "wsgi",
  "bottle.Bottle": "wsgi",
  "bottle.default_app": "wsgi",
  "bottle.app": "wsgi",
  "falcon.App": "wsgi",
  "falcon.API": "wsgi",
  "pyramid.config.Configurator.make_wsgi_app": "wsgi",
  "django.core.wsgi.get_wsgi_application": "wsgi",
  "webapp2.WSGIApplication": "wsgi",
  "cherrypy.Application": "wsgi",
  "werkzeug.wrappers.Request.application": "wsgi",
  "fastapi.FastAPI": "asgi",
  "starlette.applications.Starlette": "asgi",
  "quart.Quart": "asgi",
  "litestar.Litestar": "asgi",
  "falcon.asgi.App": "asgi",
  "blacksheep.Application": "asgi",
  "django.core.asgi.get_asgi_application": "asgi",
  "channels.routing.ProtocolTypeRouter": "asgi",
  "aiohttp.web.Application": "aiohttp",
  "tornado.web.Application": "tornado",
};

/** Names an application usually has, best first; then those of functions that make one. */
const OBJECTS = ["app", "application", "api", "server"];
const FACTORIES = ["create_app", "make_app", "build_app", "get_app", "create_application", "make_application"];
/** Files an application is usually in, best first. */
const FILES = ["wsgi.py", "asgi.py", "app.py", "main.py", "application.py", "server.py"];

interface App {
  readonly object: string;
  readonly factory: boolean;
  readonly line: number;
  readonly speaks: Interface;
  readonly why: string;
}

/** A Django project, a file with a WSGI, ASGI, aiohttp or Tornado application, or one that listens on $PORT. */
export function detectPython(facts: Facts): Verdict {
  if (facts.named === undefined && facts.texts["manage.py"] !== undefined) {
    const django = detectDjango(facts);
    if (django !== undefined) return django;
  }
  const seen: string[] = [];
  for (const file of candidates(facts)) {
    const python = facts.python[file];
    if (python === undefined) continue;
    if (python.error !== undefined) return { refused: syntaxError(facts, file, python.error) };
    const found = findApps(facts, file);
    if ("refused" in found) return found;
    const [app, ...others] = found.apps;
    if (app !== undefined && others.length === 0) return served(facts, file, app);
    if (app !== undefined) return { refused: ambiguous(facts, file, found.apps) };
    if (python.readsPort) return listening(facts, file);
    seen.push(file);
  }
  const [first] = seen;
  const usual = FILES.find((file) => seen.includes(file)) ?? facts.named;
  return first === undefined || usual === undefined ? undefined : { refused: noApp(facts, usual) };
}

/** The file that was named; else the usual ones; else the only other one that holds an application. */
function candidates(facts: Facts): readonly string[] {
  if (facts.named !== undefined) return [facts.named];
  const top = facts.entries.filter(({ kind, name }) => kind === "file" && name.endsWith(".py")).map(({ name }) => name);
  const usual = FILES.filter((file) => top.includes(file));
  const others = top.filter((file) => !FILES.includes(file) && file !== "manage.py" && holdsApp(facts, file));
  return [...usual, ...(others.length === 1 ? others : [])];
}

function holdsApp(facts: Facts, file: string): boolean {
  const found = findApps(facts, file);
  return "apps" in found && found.apps.length > 0;
}

function findApps(facts: Facts, file: string): { apps: readonly App[] } | { refused: Diagnostic } {
  const python = facts.python[file];
  if (python === undefined || python.error !== undefined) return { apps: [] };
  const all = [...objects(facts, file, new Set()), ...factories(python)];
  if (facts.object !== undefined) {
    const asked = facts.object.replace(/\(\)$/, "");
    const app = all.find(({ object }) => object === asked);
    return app === undefined ? { refused: noObject(facts, file, asked, all) } : { apps: [app] };
  }
  for (const name of [...OBJECTS, ...FACTORIES]) {
    const app = all.find(({ object }) => object === name);
    if (app !== undefined) return { apps: [app] };
  }
  const made = all.filter(({ factory }) => !factory);
  return { apps: made.length > 0 ? made : all };
}

/** The application objects of a file, imported ones included. */
function objects(facts: Facts, file: string, visited: Set<string>): readonly App[] {
  const python = facts.python[file];
  if (python === undefined || visited.has(file)) return [];
  visited.add(file);
  const callable = functionsAsApps(python);
  const bound = python.names.flatMap(({ name, line, call, from }): App[] => {
    const base = { object: name, factory: false, line };
    const speaks = call === undefined ? undefined : madeBy(call, python);
    if (speaks !== undefined) return [{ ...base, speaks, why: `\`${name}\` is made by ${call}` }];
    const imported = from === undefined ? undefined : followImport(facts, from, visited);
    if (imported !== undefined)
      return [{ ...base, speaks: imported.speaks, why: `\`${name}\` is ${from}: ${imported.why}` }];
    const byFile = /^(?:wsgi|asgi)(?=\.py$)/.exec(file)?.[0] as "wsgi" | "asgi" | undefined;
    if (byFile === undefined || !OBJECTS.includes(name)) return [];
    return [{ ...base, speaks: byFile, why: `\`${name}\` speaks ${byFile.toUpperCase()}, as the file's name says` }];
  });
  return [...bound, ...callable];
}

function followImport(facts: Facts, from: string, visited: Set<string>): App | undefined {
  const parts = from.split(".");
  const object = parts.pop();
  const path = parts.join("/");
  const file = [`${path}.py`, `${path}/__init__.py`].find((one) => facts.python[one] !== undefined);
  return file === undefined ? undefined : objects(facts, file, visited).find((app) => app.object === object);
}

/** What a call makes; the instance of a class of the same file is judged by its `__call__`. */
function madeBy(call: string, python: PythonFacts): Interface | undefined {
  const known = MAKERS[call] ?? (call.endsWith(".make_wsgi_app") ? "wsgi" : undefined);
  const own = python.callable.find(({ name }) => name === call);
  return known ?? (own === undefined ? undefined : speaksBy(own.arguments, own.async));
}

/** PEP 3333 calls with two arguments; ASGI 3 awaits with three. */
function speaksBy(names: readonly string[], isAsync: boolean): "wsgi" | "asgi" | undefined {
  if (isAsync) return names.length === 3 && names[0] === "scope" ? "asgi" : undefined;
  return names.length === 2 && /^env/.test(names[0] ?? "") ? "wsgi" : undefined;
}

function functionsAsApps(python: PythonFacts): readonly App[] {
  return python.functions.flatMap(({ name, line, async, arguments: names }) => {
    const speaks = speaksBy(names, async);
    const why = `\`${name}(${names.join(", ")})\` is ${speaks === "asgi" ? "an ASGI" : "a WSGI"} application`;
    return speaks === undefined ? [] : [{ object: name, factory: false, line, speaks, why }];
  });
}

function factories(python: PythonFacts): readonly App[] {
  return python.functions.flatMap(({ name, line, required, async, calls }) => {
    const maker = calls.find((call) => madeBy(call, python) !== undefined);
    const speaks = maker === undefined ? undefined : madeBy(maker, python);
    if (speaks === undefined || required > 0 || async) return [];
    return [{ object: name, factory: true, line, speaks, why: `\`${name}()\` calls ${maker}` }];
  });
}

function served(facts: Facts, file: string, app: App): Detected {
  const target = `${file.replace(/\.py$/, "").replaceAll("/", ".")}:${app.object}`;
  return python(facts, app.speaks, server(app.speaks, target, app.factory), [
    `${file}:${app.line}: ${app.why}`,
    SERVERS[app.speaks],
  ]);
}

const SERVERS: Readonly<Record<Interface, string>> = {
  wsgi: "a WSGI application is served by waitress",
  asgi: "an ASGI application is served by uvicorn",
  aiohttp: "an aiohttp application is served by aiohttp's own server",
  tornado: "a Tornado application is served by Tornado's own server",
};

function server(speaks: Interface, target: string, factory: boolean): Pick<WebPart, "command" | "debugOptions"> {
  if (speaks === "asgi") {
    const words = ["uvicorn", "{debug_extra_options}", "--fd", "3", "--no-server-header"];
    const debugOptions = "--access-log --log-level=debug";
    return { command: inCode(...words, ...(factory ? ["--factory"] : []), target), debugOptions };
  }
  const program = speaks === "wsgi" ? "wsgi_server" : "async_server";
  const words = [program, "{debug_extra_options}", factory ? `${target}()` : target, "--timeout={timeout}"];
  return { command: inCode(...words), debugOptions: "--debug" };
}

function python(
  facts: Facts,
  kind: Kind,
  web: Pick<WebPart, "command" | "debugOptions">,
  reasons: readonly string[],
): Detected {
  const requirements = facts.texts["requirements.txt"];
  const folder = facts.entries.some((entry) => entry.name === "static" && entry.kind === "directory");
  const files = folder && facts.named === undefined ? { url: "/static", directory: "/static" } : undefined;
  return {
    kind,
    web: { ...web, gateway: "proxy", stopSignal: 15, one: false, ...(files === undefined ? {} : { files }) },
    daemons: [],
    needs: ["python3@mfext", "-nodejs@mfext"],
    ...(facts.named === undefined ? {} : { only: withImports(facts, facts.named) }),
    ...(requirements === undefined || facts.named !== undefined ? {} : { requirements }),
    restartOn: ["*.py"],
    reasons: [
      ...reasons,
      ...(files === undefined ? [] : ["static/ is there: nginx serves it under /static"]),
      ...(requirements === undefined || facts.named !== undefined ? [] : ["requirements.txt names its packages"]),
    ],
  };
}

/** A file and those beside it that it imports, and so on. */
function withImports(facts: Facts, file: string, found: Set<string> = new Set()): readonly string[] {
  found.add(file);
  for (const module of facts.python[file]?.imports ?? []) {
    const beside = facts.entries.find(({ name, kind }) => name === (kind === "file" ? `${module}.py` : module));
    if (beside !== undefined && !found.has(beside.name)) withImports(facts, beside.name, found);
  }
  return [...found].sort();
}

function listening(facts: Facts, file: string): Detected {
  const command = bridged("python3", file, ...facts.arguments);
  return python(facts, "program", { command, debugOptions: "" }, [
    `${file} holds no application object, but reads PORT`,
    "it is run as it is, told its port in PORT",
  ]);
}

function detectDjango(facts: Facts): Detected | undefined {
  const text = facts.texts["manage.py"] ?? "";
  const settings = /["']DJANGO_SETTINGS_MODULE["']\s*,\s*["'](?<module>[\w.]+)["']/.exec(text)?.groups?.["module"];
  const project = settings?.replace(/\.?settings(?:\..*)?$/, "");
  if (project === undefined || project === "" || facts.python[`${project}/wsgi.py`] === undefined) return undefined;
  return python(facts, "wsgi", server("wsgi", `${project}.wsgi:application`, false), [
    `manage.py names the Django settings ${settings}`,
    `${project}/wsgi.py: \`application\` is Django's`,
    SERVERS.wsgi,
  ]);
}

const at = (facts: Facts, file: string, line: number) => ({
  file: `${facts.directory}/${file}`,
  line,
  col: 1,
  length: 1,
});

function syntaxError(facts: Facts, file: string, error: { line: number; message: string }): Diagnostic {
  return {
    code: "MF3101",
    severity: "error",
    message: `${file} is not Python that this machine's python3 understands: ${error.message}`,
    at: at(facts, file, error.line),
    fix: "correct it",
  };
}

function ambiguous(facts: Facts, file: string, apps: readonly App[]): Diagnostic {
  return {
    code: "MF3102",
    severity: "error",
    message: `${file} holds ${apps.length} applications: ${apps.map(({ object }) => object).join(", ")}`,
    at: at(facts, file, apps[0]?.line ?? 1),
    fix: `name one: metwork serve ${file}:${apps[0]?.object ?? "app"}`,
  };
}

function noObject(facts: Facts, file: string, asked: string, apps: readonly App[]): Diagnostic {
  const known = apps.map(({ object }) => object).join(", ");
  return {
    code: "MF3103",
    severity: "error",
    message: `${file} has no application \`${asked}\` that could be recognised${known === "" ? "" : `; it has ${known}`}`,
    at: at(facts, file, 1),
    fix: "name one it has, or say how it is served in a Procfile",
  };
}

function noApp(facts: Facts, file: string): Diagnostic {
  return {
    code: "MF3104",
    severity: "error",
    message: `${file} holds no web application that could be recognised, and does not read PORT`,
    at: at(facts, file, 1),
    fix: "call the application `app` or `application` (or make it in `create_app()`), listen on the port in PORT, or say how it is served in a Procfile",
  };
}
