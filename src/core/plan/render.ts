import Handlebars from "handlebars";
import type { Quote } from "./quote/error.ts";

export type Render = (template: string, view: object) => string;

const engine = Handlebars.create();
const compiled = new Map<string, Handlebars.TemplateDelegate>();

/**
 * Renders templates of one target language. Every `{{value}}` goes through the language's quoting, which is not written
 * in the templates and so cannot be forgotten there; `{{{text}}}` is for text that is already of that language.
 */
export function renderer(templates: ReadonlyMap<string, string>, quote: Quote): Render {
  const helpers = { quote };
  return (name, view) => {
    const source = templates.get(`config/${name}`);
    if (source === undefined) throw new Error(`there is no template config/${name}`);
    return compile(source)(view, { helpers });
  };
}

function compile(source: string): Handlebars.TemplateDelegate {
  let template = compiled.get(source);
  if (template === undefined) {
    const ast = Handlebars.parse(source);
    new QuoteEverything().accept(ast);
    template = engine.compile(ast, { strict: true, noEscape: true });
    compiled.set(source, template);
  }
  return template;
}

class QuoteEverything extends Handlebars.Visitor {
  override MustacheStatement(statement: hbs.AST.MustacheStatement): void {
    if (!statement.escaped) return;
    statement.params = [statement.path];
    statement.path = { ...(statement.path as hbs.AST.PathExpression), ...QUOTE_HELPER };
  }
}

const QUOTE_HELPER = { type: "PathExpression", data: false, depth: 0, parts: ["quote"], original: "quote" } as const;
