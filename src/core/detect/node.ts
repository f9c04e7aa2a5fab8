import type { Diagnostic } from "../base/diagnostic.ts";
import { splitWords } from "../plugin/shlex.ts";
import { inCode } from "./command.ts";
import { bridged } from "./program.ts";
import type { Detected, Facts, Verdict } from "./types.ts";

const SUFFIX = /\.(?:[cm]?js|[cm]?ts)$/;
const FILES = ["server", "index", "app", "main"].flatMap((name) =>
  ["js", "mjs", "cjs", "ts", "mts", "cts"].map((suffix) => `${name}.${suffix}`),
);

interface Package {
  readonly main?: unknown;
  readonly scripts?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, unknown>>;
}

/** A file for Node, JavaScript or TypeScript, or a package that says what starts it. */
export function detectNode(facts: Facts): Verdict {
  const { named } = facts;
  if (named !== undefined && named !== "package.json") {
    return SUFFIX.test(named) ? node(facts, named, [], [`${named} is a file for Node`], [named]) : undefined;
  }
  const read = readPackage(facts);
  if (read !== undefined && "code" in read) return { refused: read };
  if (read !== undefined && lacksModules(facts, read)) return { refused: notInstalled(facts) };
  const started = read === undefined ? undefined : startScript(facts, read);
  if (started !== undefined) return started;
  const main = read?.main;
  const usual = FILES.find((file) => has(facts, file));
  if (typeof main === "string" && has(facts, main.replace(/^\.\//, "")) && usual === undefined) {
    return node(facts, main, [], [`package.json: \`main\` is ${main}`]);
  }
  return usual === undefined ? undefined : node(facts, usual, [], [`${usual} is there`]);
}

const has = (facts: Facts, file: string): boolean =>
  facts.entries.some(({ name, kind }) => kind === "file" && name === file);

function readPackage(facts: Facts): Package | Diagnostic | undefined {
  const text = facts.texts["package.json"];
  if (text === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)) return parsed;
  } catch {}
  return {
    code: "MF3108",
    severity: "error",
    message: "package.json is not a JSON object",
    at: { file: `${facts.directory}/package.json`, line: 1, col: 1, length: 1 },
    fix: "correct it, or name the file to serve",
  };
}

function lacksModules(facts: Facts, { dependencies = {} }: Package): boolean {
  return Object.keys(dependencies).length > 0 && !facts.entries.some(({ name }) => name === "node_modules");
}

function notInstalled(facts: Facts): Diagnostic {
  return {
    code: "MF3109",
    severity: "error",
    message: "package.json names dependencies, but there is no node_modules",
    at: { file: `${facts.directory}/package.json`, line: 1, col: 1, length: 1 },
    fix: `run \`npm install\` in ${facts.directory}`,
  };
}

/** `scripts.start`: `node FILE` is run by us; another program of the package is told its port. */
function startScript(facts: Facts, { scripts }: Package): Verdict {
  const start = scripts?.["start"];
  if (typeof start !== "string") return undefined;
  const split = splitWords(start);
  const words = split.ok ? split.words.map(({ text }) => text) : [];
  const [program, ...rest] = words;
  if (program === undefined || /[|&;<>`$(){}]/.test(start.replaceAll("$PORT", "")) || /^\w+=/.test(program)) {
    return {
      refused: {
        code: "MF3110",
        severity: "error",
        message: `package.json starts it by \`${start}\`, which needs a shell`,
        at: { file: `${facts.directory}/package.json`, line: 1, col: 1, length: 1 },
        fix: "name the file to serve (metwork serve server.js), or write a Procfile",
      },
    };
  }
  const reason = `package.json: \`start\` is \`${start}\``;
  const file = rest.findIndex((word) => !word.startsWith("-"));
  if (program === "node" && file !== -1) {
    return node(facts, rest[file] ?? "", rest.slice(0, file), [reason], undefined, rest.slice(file + 1));
  }
  const reasons = [reason, "it listens on 127.0.0.1 and the port it is told in PORT"];
  return web(facts, bridged(program, ...rest), reasons);
}

function node(
  facts: Facts,
  file: string,
  options: readonly string[],
  reasons: readonly string[],
  only?: readonly string[],
  rest: readonly string[] = facts.arguments,
): Detected {
  const command = inCode("node", "{debug_extra_options}", "--require", "metwork-listen", ...options, file, ...rest);
  const why = "whatever port it listens on, it gets the socket it is lent instead";
  return web(facts, command, [...reasons, "it is run by Node", why], only);
}

function web(facts: Facts, command: string, reasons: readonly string[], only?: readonly string[]): Detected {
  return {
    kind: "node",
    web: { command, debugOptions: "--enable-source-maps", gateway: "proxy", stopSignal: 15, one: false },
    daemons: [],
    needs: ["nodejs@mfext", "-python3@mfext"],
    ...(only === undefined ? {} : { only }),
    restartOn:
      facts.named === undefined ? ["*.js", "*.mjs", "*.cjs", "*.ts", "*.mts", "*.cts", "*.json"] : [facts.named],
    reasons,
  };
}
