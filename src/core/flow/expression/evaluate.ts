import { glob } from "../pattern.ts";
import { pythonRegex } from "../regex.ts";
import { type Comparison, type Expression, ExpressionError, parseExpression } from "./syntax.ts";

/** A value while an expression is evaluated; undefined: a tag the file lacks, or a number that is none. */
type Value = string | number | boolean | undefined | readonly Value[];
type TagLookup = Pick<ReadonlyMap<string, string>, "get">;
type Evaluate = (tags: TagLookup) => Value;

interface Operation {
  /** Number of arguments, the first included that stands before the dot. */
  readonly takes: number;
  readonly apply: (...args: readonly Value[]) => Value;
}

const OPERATIONS: Readonly<Record<string, Operation>> = {
  len: { takes: 1, apply: (of) => (typeof of === "string" || Array.isArray(of) ? of.length : 0) },
  int: { takes: 1, apply: (of) => numeric(of, /^\s*[+-]?\d+\s*$/) },
  float: { takes: 1, apply: (of) => numeric(of, /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i) },
  str: { takes: 1, apply: (of) => (of === undefined ? undefined : String(of)) },
  has: { takes: 1, apply: (of) => of !== undefined },
  lower: text((of) => of.toLowerCase()),
  upper: text((of) => of.toUpperCase()),
  strip: text((of) => of.trim()),
  startswith: { takes: 2, apply: (of, what) => some(what, (one) => isText(of) && isText(one) && of.startsWith(one)) },
  endswith: { takes: 2, apply: (of, what) => some(what, (one) => isText(of) && isText(one) && of.endsWith(one)) },
  contains: { takes: 2, apply: (of, what) => contains(of, what) },
};

/** The functions an expression may call, for docs and messages. */
export const FUNCTIONS: readonly string[] = [...Object.keys(OPERATIONS), "match", "fnmatch", "tag"];

/**
 * Compiles an expression to a test of a file's tags. It calls nothing but the functions above, takes a time bounded by
 * its own length and the values', and never throws: what makes no sense of a value (a missing tag, a text that is no
 * number) is false. Throws an ExpressionError where the text is none.
 */
export function compileExpression(text: string): (tags: TagLookup) => boolean {
  const evaluate = compile(parseExpression(text));
  return (tags) => truth(evaluate(tags));
}

/** The tags an expression looks at. Throws an ExpressionError where the text is none. */
export function expressionTags(text: string): readonly string[] {
  return [...new Set(tagsIn(parseExpression(text)))];
}

function tagsIn(expression: Expression): readonly string[] {
  switch (expression.is) {
    case "constant":
      return [];
    case "tag":
      return [expression.name];
    case "list":
      return expression.items.flatMap(tagsIn);
    case "not":
      return tagsIn(expression.of);
    case "call":
      return expression.args.flatMap(tagsIn);
    case "and":
    case "or":
    case "compare":
      return [...tagsIn(expression.left), ...tagsIn(expression.right)];
  }
}

function compile(expression: Expression): Evaluate {
  switch (expression.is) {
    case "constant":
      return () => expression.value;
    case "tag":
      return (tags) => tags.get(expression.name);
    case "list": {
      const items = expression.items.map(compile);
      return (tags) => items.map((item) => item(tags));
    }
    case "not": {
      const of = compile(expression.of);
      return (tags) => !truth(of(tags));
    }
    case "and":
    case "or": {
      const [left, right] = [compile(expression.left), compile(expression.right)];
      const both = expression.is === "and";
      return (tags) => (truth(left(tags)) === both ? truth(right(tags)) : !both);
    }
    case "compare": {
      const [left, right] = [compile(expression.left), compile(expression.right)];
      return (tags) => compare(left(tags), expression.by, right(tags));
    }
    case "call":
      return compileCall(expression);
  }
}

function compileCall({ name, args, at }: Extract<Expression, { readonly is: "call" }>): Evaluate {
  if (name === "match" || name === "fnmatch") return compilePattern(name, args, at);
  const operation = Object.hasOwn(OPERATIONS, name) ? OPERATIONS[name] : undefined;
  if (operation === undefined) {
    throw new ExpressionError(`there is no function \`${name}\`; there are: ${FUNCTIONS.join(", ")}`, at);
  }
  const { takes, apply } = operation;
  if (args.length !== takes) throw new ExpressionError(`\`${name}\` takes ${takes} values, not ${args.length}`, at);
  const compiled = args.map(compile);
  return (tags) => apply(...compiled.map((arg) => arg(tags)));
}

/** Patterns are compiled once, so they are written in the expression, not computed. */
function compilePattern(name: "match" | "fnmatch", args: readonly Expression[], at: number): Evaluate {
  const [of, pattern] = args;
  if (of === undefined || args.length !== 2 || pattern?.is !== "constant" || typeof pattern.value !== "string") {
    throw new ExpressionError(`\`${name}\` takes a value and a pattern in quotes`, at);
  }
  const matches = name === "match" ? pythonRegex(pattern.value) : glob(pattern.value);
  if (typeof matches === "string") throw new ExpressionError(matches, at);
  const value = compile(of);
  return (tags) => {
    const found = value(tags);
    return isText(found) && matches(found);
  };
}

function compare(left: Value, by: Comparison, right: Value): boolean {
  if (by === "==") return equal(left, right);
  if (by === "!=") return !equal(left, right);
  if (by === "in") return contains(right, left);
  if (by === "not in") return !contains(right, left);
  const order = compareOrder(left, right);
  if (order === undefined) return false;
  return by === "<" ? order < 0 : by === "<=" ? order <= 0 : by === ">" ? order > 0 : order >= 0;
}

/** A number beside a text means the number in the text: tags are texts. */
function equal(left: Value, right: Value): boolean {
  if (typeof left === "number" && isText(right)) return left === numeric(right, /\S/);
  if (typeof right === "number" && isText(left)) return right === numeric(left, /\S/);
  return left === right;
}

function compareOrder(left: Value, right: Value): number | undefined {
  if (isText(left) && isText(right)) return left < right ? -1 : left > right ? 1 : 0;
  const [a, b] = [numeric(left, /\S/), numeric(right, /\S/)];
  return a === undefined || b === undefined ? undefined : a - b;
}

function contains(whole: Value, part: Value): boolean {
  if (isText(whole)) return isText(part) && whole.includes(part);
  return Array.isArray(whole) && whole.some((one: Value) => equal(one, part));
}

function text(apply: (of: string) => string): Operation {
  return { takes: 1, apply: (of) => (isText(of) ? apply(of) : undefined) };
}

function some(value: Value, test: (one: Value) => boolean): boolean {
  return Array.isArray(value) ? value.some(test) : test(value);
}

function numeric(value: Value, form: RegExp): number | undefined {
  if (typeof value === "number") return value;
  const number = isText(value) && form.test(value) ? Number(value) : Number.NaN;
  return Number.isNaN(number) ? undefined : number;
}

function isText(value: Value): value is string {
  return typeof value === "string";
}

function truth(value: Value): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}
