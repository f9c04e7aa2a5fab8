/** An expression over tags, read. `at` is where it begins in the text. */
export type Expression =
  | { readonly is: "constant"; readonly value: string | number | boolean | undefined }
  | { readonly is: "tag"; readonly name: string }
  | { readonly is: "list"; readonly items: readonly Expression[] }
  | { readonly is: "not"; readonly of: Expression }
  | { readonly is: "and" | "or"; readonly left: Expression; readonly right: Expression }
  | { readonly is: "compare"; readonly by: Comparison; readonly left: Expression; readonly right: Expression }
  | { readonly is: "call"; readonly name: string; readonly args: readonly Expression[]; readonly at: number };

export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in";

/** What is wrong with a text, and where in it. */
export class ExpressionError extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

interface Token {
  readonly kind: "text" | "number" | "word" | "sign" | "end";
  readonly value: string;
  readonly at: number;
}

const TOKEN =
  /\s*(?:(?<text>[bru]?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"))|(?<number>\d+(?:\.\d+)?(?![\w.]))|(?<word>[A-Za-z_][\w-]*)|(?<sign>==|!=|<=|>=|[<>()[\],.-]))/y;
/** Deeper nesting is nothing a person writes, and would exhaust the stack. */
const DEPTH_MAX = 50;

/** Reads an expression; throws an ExpressionError. The grammar is in docs/guide/routing.md. */
export function parseExpression(text: string): Expression {
  return new Parser(text).whole();
}

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(text: string) {
    this.#tokens = tokens(text);
  }

  whole(): Expression {
    const expression = this.#or();
    const { kind, value, at } = this.#peek();
    if (kind === "end") return expression;
    if (value === "=") throw new ExpressionError("a comparison is written `==`", at);
    throw new ExpressionError(`\`${value}\` is not expected here`, at);
  }

  #peek(ahead = 0): Token {
    return this.#tokens[this.#next + ahead] ?? { kind: "end", value: "", at: 0 };
  }

  #take(): Token {
    const token = this.#peek();
    this.#next += 1;
    return token;
  }

  #skip(value: string): boolean {
    const { kind, value: found } = this.#peek();
    if (found !== value || kind === "text") return false;
    this.#next += 1;
    return true;
  }

  #expect(value: string): void {
    const { value: found, kind, at } = this.#peek();
    if (!this.#skip(value)) {
      throw new ExpressionError(`\`${value}\` is missing${kind === "end" ? "" : ` before \`${found}\``}`, at);
    }
  }

  #or(): Expression {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) throw new ExpressionError("it is nested too deeply", this.#peek().at);
    let left = this.#and();
    while (this.#skip("or")) left = { is: "or", left, right: this.#and() };
    this.#depth -= 1;
    return left;
  }

  #and(): Expression {
    let left = this.#not();
    while (this.#skip("and")) left = { is: "and", left, right: this.#not() };
    return left;
  }

  #not(): Expression {
    let count = 0;
    while (this.#skip("not")) count += 1;
    const expression = this.#comparison();
    return count % 2 === 1 ? { is: "not", of: expression } : expression;
  }

  #comparison(): Expression {
    const left = this.#value();
    const { kind, value: sign } = this.#peek();
    if (kind === "sign" && /^(?:[=!<>]=|[<>])$/.test(sign)) {
      this.#next += 1;
      return { is: "compare", by: sign as Comparison, left, right: this.#value() };
    }
    if (this.#skip("in")) return { is: "compare", by: "in", left, right: this.#value() };
    if (sign === "not" && this.#peek(1).value === "in") {
      this.#next += 2;
      return { is: "compare", by: "not in", left, right: this.#value() };
    }
    if (this.#skip("is")) {
      const by = this.#skip("not") ? "!=" : "==";
      return { is: "compare", by, left, right: this.#value() };
    }
    return left;
  }

  #value(): Expression {
    let value = this.#primary();
    while (this.#skip(".")) {
      const method = this.#take();
      if (method.kind !== "word") throw new ExpressionError("the name of a function is missing", method.at);
      value = { is: "call", name: method.value, args: [value, ...this.#arguments()], at: method.at };
    }
    return value;
  }

  #primary(): Expression {
    const token = this.#take();
    const { kind, value, at } = token;
    if (kind === "text") return { is: "constant", value: unquote(value) };
    if (kind === "number") return { is: "constant", value: Number(value) };
    if (kind === "word") return this.#named(token);
    if (value === "-" && this.#peek().kind === "number") return { is: "constant", value: -Number(this.#take().value) };
    if (value === "(" || value === "[") return this.#listed(value);
    throw new ExpressionError(kind === "end" ? "something is missing at the end" : `\`${value}\` is not expected`, at);
  }

  /** `(a)` is what is in it; `(a, b)` and `[a]` are lists. */
  #listed(open: "(" | "["): Expression {
    const close = open === "(" ? ")" : "]";
    const items: Expression[] = [];
    let commas = 0;
    while (!this.#skip(close)) {
      items.push(this.#or());
      if (this.#skip(",")) commas += 1;
      else {
        this.#expect(close);
        break;
      }
    }
    const [only] = items;
    return open === "(" && commas === 0 && only !== undefined ? only : { is: "list", items };
  }

  #arguments(): readonly Expression[] {
    this.#expect("(");
    const args: Expression[] = [];
    while (!this.#skip(")")) {
      args.push(this.#or());
      if (!this.#skip(",")) {
        this.#expect(")");
        break;
      }
    }
    return args;
  }

  #named({ value, at }: Token): Expression {
    if (value === "True" || value === "true") return { is: "constant", value: true };
    if (value === "False" || value === "false") return { is: "constant", value: false };
    if (value === "None") return { is: "constant", value: undefined };
    if (this.#peek().value === "(") {
      const args = this.#arguments();
      const [name] = args;
      if (value === "tag" && args.length === 1 && name?.is === "constant" && typeof name.value === "string") {
        return { is: "tag", name: name.value };
      }
      return { is: "call", name: value, args, at };
    }
    if (value === "x" && this.#skip("[")) {
      const name = this.#take();
      if (name.kind !== "text") throw new ExpressionError("the name of a tag is written in quotes", name.at);
      this.#expect("]");
      return { is: "tag", name: unquote(name.value) };
    }
    return { is: "tag", name: this.#dotted(value, at) };
  }

  /** `first.core.original_basename`; the word before a `(` is a function's. */
  #dotted(first: string, at: number): string {
    const words = [first];
    while (this.#peek().value === "." && this.#peek(1).kind === "word" && this.#peek(2).value !== "(") {
      words.push(this.#peek(1).value);
      this.#next += 2;
    }
    if (words.length > 1) return words.join(".");
    throw new ExpressionError(`there is nothing called \`${first}\`; a tag is written x['NAME']`, at);
  }
}

function tokens(text: string): readonly Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  let end = 0;
  while (end < text.trimEnd().length) {
    const match = TOKEN.exec(text);
    if (match === null) {
      const at = end + (text.slice(end).length - text.slice(end).trimStart().length);
      const char = text.charAt(at);
      const message = char === "=" ? "a comparison is written `==`" : `\`${char}\` means nothing here`;
      throw new ExpressionError(/['"]/.test(char) ? "a quote is not closed" : message, at);
    }
    const [kind = "sign", value = ""] = Object.entries(match.groups ?? {}).find(([, one]) => one !== undefined) ?? [];
    end = TOKEN.lastIndex;
    found.push({ kind: kind as Token["kind"], value, at: end - value.length });
  }
  found.push({ kind: "end", value: "", at: text.trimEnd().length });
  return found;
}

function unquote(written: string): string {
  const raw = written.startsWith("r");
  const inner = written.replace(/^[bru]/, "").slice(1, -1);
  if (raw) return inner;
  return inner.replace(
    /\\(.)/gs,
    (whole, char: string) => ({ n: "\n", t: "\t", r: "\r" })[char] ?? (/['"\\]/.test(char) ? char : whole),
  );
}
