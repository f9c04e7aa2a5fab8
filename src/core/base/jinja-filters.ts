import { glob } from "../flow/pattern.ts";

type Variables = Readonly<Record<string, string>>;
type Filter = (variables: Variables, value: unknown, argument: unknown) => unknown;

/**
 * The filters that the predecessor's templates had beyond Jinja's own. Two are not among them: one ran a shell, the other
 * (`uuid`) would make every plan differ from the one before.
 */
const FILTERS: Readonly<Record<string, Filter>> = {
  getenv: (variables, name, fallback) => {
    const value = Object.hasOwn(variables, String(name)) ? variables[String(name)] : fallback;
    if (value === undefined) throw new Error(`\`${name}\` is not set, and \`getenv\` has no default`);
    return value;
  },
  from_json: (_, text) => JSON.parse(String(text)),
  fnmatch: (_, text, pattern) => glob(String(pattern))(String(text)),
};

/** Rewrites these filters, in a parsed template, into calls of functions: the engine knows its own filters only. */
export function callOwnFilters(program: unknown): void {
  if (program instanceof Map) for (const entry of program) callOwnFilters(entry);
  else if (Array.isArray(program)) for (const item of program) callOwnFilters(item);
  else if (typeof program === "object" && program !== null) {
    const node = program as {
      type?: string;
      operand?: unknown;
      filter?: FilterNode;
      callee?: unknown;
      args?: unknown[];
    };
    for (const child of Object.values(node)) callOwnFilters(child);
    const name = node.filter?.callee?.value ?? node.filter?.value;
    if (node.type !== "FilterExpression" || name === undefined || !Object.hasOwn(FILTERS, name)) return;
    node.type = "CallExpression";
    node.callee = { type: "Identifier", value: nameOf(name) };
    node.args = [node.operand, ...(node.filter?.args ?? [])];
  }
}

interface FilterNode {
  readonly value?: string;
  readonly callee?: { readonly value?: string };
  readonly args?: readonly unknown[];
}

/** The functions these calls mean, by name. */
export function ownFilters(variables: Variables): Readonly<Record<string, (...words: readonly unknown[]) => unknown>> {
  return Object.fromEntries(
    Object.entries(FILTERS).map(([name, filter]) => [
      nameOf(name),
      (value, argument) => filter(variables, value, argument),
    ]),
  );
}

/** The function `environment(prefix)` of templates: pairs of name without the prefix and value, by name. */
export function variablesFrom(variables: Variables): (prefix?: unknown) => readonly (readonly [string, string])[] {
  return (prefix) => {
    const start = typeof prefix === "string" ? prefix : "";
    return Object.keys(variables)
      .filter((name) => name.startsWith(start))
      .sort()
      .map((name) => [name.slice(start.length), variables[name] ?? ""]);
  };
}

function nameOf(filter: string): string {
  return `__filter_${filter}`;
}
