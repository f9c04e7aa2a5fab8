import { Environment, Interpreter, parse, tokenize } from "@huggingface/jinja";

import { callOwnFilters, ownFilters, variablesFrom } from "./jinja-filters.ts";

/** A template's text with its expressions replaced, or why that is impossible. */
export type Expansion = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly message: string };

/** What a variable nobody defined stands for: nothing (configuration values) or a mistake (nginx fragments, crontabs). */
export type Undefined = "empty" | "error";

type Variables = Readonly<Record<string, string>>;

const MARKUP = /\{[{%#]/;
const PLAIN = /\{\{\s*([A-Za-z_]\w*)\s*\}\}/g;
const RAW = /\{%([-+]?)\s*raw\s*(-?)[-+]?%\}([\s\S]*?)\{%(-?)[-+]?\s*endraw\s*([-+]?)%\}/g;
const CONSTANTS = { true: true, false: false, none: null, True: true, False: false, None: null };

/**
 * Renders Jinja markup once, so `{% raw %}` protects what is in it. The only names are `variables`: no clock, no files.
 * One line feed at the very end is dropped, as Jinja does.
 * `{{ NAME }}` alone, by far the commonest, is replaced without starting the template engine.
 */
export function expand(source: string, variables: Variables, undefinedIs: Undefined): Expansion {
  const template = source.endsWith("\n") ? source.slice(0, -1) : source;
  if (!MARKUP.test(template)) return { ok: true, text: template };
  const constant = (name: string): boolean => Object.hasOwn(CONSTANTS, name);
  if (MARKUP.test(template.replace(PLAIN, (whole, name: string) => (constant(name) ? whole : "")))) {
    return expandWithEngine(template, variables, undefinedIs);
  }
  const missing = new Set<string>();
  const text = template.replace(PLAIN, (_whole, name: string) => {
    if (Object.hasOwn(variables, name)) return variables[name] ?? "";
    missing.add(name);
    return "";
  });
  return undefinedIs === "error" && missing.size > 0 ? undefinedNames(missing) : { ok: true, text };
}

/** Writes the legacy `@@@NAME@@@` of module configuration the usual way; any number of them. */
export function modernise(template: string): string {
  return template.includes("@@@") ? template.replace(/@@@(\w+?)@@@/g, "{{ $1 }}") : template;
}

function expandWithEngine(template: string, variables: Variables, undefinedIs: Undefined): Expansion {
  try {
    const { text, blocks } = protectRaw(template);
    const program = parse(tokenize(text));
    const names = new Names({
      environment: variablesFrom(variables),
      ...variables,
      ...blocks,
      ...ownFilters(variables),
    });
    const environment = new Environment();
    environment.variables = names;
    const guarded = undefinedIs === "error" ? guardedNames(program) : new Set<string>();
    callOwnFilters(program);
    const rendered: unknown = new Interpreter(environment).run(program).value;
    const missing = new Set([...names.missing].filter((name) => !guarded.has(name)));
    if (undefinedIs === "error" && missing.size > 0) return undefinedNames(missing);
    return { ok: true, text: String(rendered) };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

function undefinedNames(names: ReadonlySet<string>): Expansion {
  const listed = [...names].map((name) => `\`${name}\``).join(", ");
  return { ok: false, message: `${listed} ${names.size === 1 ? "is" : "are"} not defined` };
}

/** The engine has no raw blocks: each becomes a variable that holds its text. */
function protectRaw(template: string): { text: string; blocks: Record<string, string> } {
  const blocks: Record<string, string> = {};
  const text = template.replace(
    RAW,
    (_all, open: string, trimStart: string, body: string, trimEnd: string, close: string) => {
      const name = `__raw_${Object.keys(blocks).length}`;
      const start = trimStart === "-" ? body.trimStart() : body;
      blocks[name] = trimEnd === "-" ? start.trimEnd() : start;
      return `{{${open === "-" ? "-" : ""} ${name} ${close === "-" ? "-" : ""}}}`;
    },
  );
  return { text, blocks };
}

type RuntimeValue = ReturnType<Environment["lookupVariable"]>;

/** The engine's outermost scope: converts a variable when it is first used, and notes what was asked for in vain. */
class Names extends Map<string, RuntimeValue> {
  readonly missing = new Set<string>();
  readonly #given: Readonly<Record<string, unknown>>;

  constructor(variables: Readonly<Record<string, unknown>>) {
    super();
    this.#given = { ...CONSTANTS, ...variables };
  }

  override has(name: string): boolean {
    const known = super.has(name) || Object.hasOwn(this.#given, name);
    if (!known) this.missing.add(name);
    return known;
  }

  override get(name: string): RuntimeValue | undefined {
    if (!super.has(name) && Object.hasOwn(this.#given, name)) {
      super.set(name, new Environment().set(name, this.#given[name]));
    }
    return super.get(name);
  }
}

/** Names a template may leave undefined because it asks first: `X is defined`, `X | default("")`. */
function guardedNames(program: unknown): ReadonlySet<string> {
  const guarded = new Set<string>();
  const visit = (node: unknown): void => {
    if (node instanceof Map) for (const entry of node) visit(entry);
    else if (Array.isArray(node)) for (const item of node) visit(item);
    else if (isNode(node)) {
      const asked = node["type"] === "TestExpression" ? nameIn(node["test"]) : nameIn(node["filter"]);
      const operand = nameIn(node["operand"]);
      if (operand !== undefined && ["defined", "undefined", "default", "d"].includes(asked ?? "")) guarded.add(operand);
      for (const child of Object.values(node)) visit(child);
    }
  };
  visit(program);
  return guarded;
}

/** The identifier a node is, or calls. */
function nameIn(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node["type"] === "CallExpression") return nameIn(node["callee"]);
  return node["type"] === "Identifier" ? String(node["value"]) : undefined;
}

function isNode(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && "type" in value;
}
