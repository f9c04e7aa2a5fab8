import type { Diagnostic, Span } from "../base/diagnostic.ts";
import { suggest } from "../base/suggest.ts";
import type { MergedSection } from "../config/merge.ts";
import { compileExpression } from "../flow/expression/evaluate.ts";
import { ExpressionError } from "../flow/expression/syntax.ts";
import { pythonRegex } from "../flow/regex.ts";
import type { SwitchRule } from "./types.ts";

/** The types of rule, and whether they name a tag. */
const TYPES: Readonly<Record<SwitchRule["type"], "tag" | "none">> = {
  fnmatch: "tag",
  regex: "tag",
  equal: "tag",
  notfnmatch: "tag",
  notregex: "tag",
  notequal: "tag",
  alwaystrue: "none",
  expression: "none",
  python: "none",
  js: "none",
};

/** `module.function` of a file in the plugin's directory, or in another one. */
const FUNCTION = /^(?:\/[^:]*:)?[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$/;

const TARGET = /^(?:(?<plugin>[A-Za-z0-9_-]+)\/)?(?<step>[A-Za-z0-9_]+)(?<hardlink>\*?)(?:!(?<priority>[1-9]))?$/;

/** Reads a `[switch_rules[@SWITCH]:TYPE[:TAG]]` section of a plugin. A bad one is noted and gives no rules. */
export function readRules(section: MergedSection, plugin: string, notes: Diagnostic[]): readonly SwitchRule[] {
  const header = readHeader(section, notes);
  if (header === undefined) return [];
  return [...section.keys].map(([key, written]) => {
    const pattern = key.replaceAll("@@@@@@", "=").replaceAll("~~~~~~", "#");
    const at = written.keyAt;
    checkPattern(header.type, pattern, { section: section.name, at }, notes);
    const targets = written.value.split(",").flatMap((item) => {
      const target = TARGET.exec(item.trim())?.groups;
      if (target === undefined) notes.push(badTarget(item.trim(), written.at, section.name));
      return target === undefined
        ? []
        : [
            {
              plugin: target["plugin"] ?? plugin,
              step: target["step"] ?? "",
              hardlink: target["hardlink"] === "*",
              ...(target["priority"] !== undefined && { priority: Number(target["priority"]) }),
            },
          ];
    });
    return { plugin, ...header, pattern, targets, at };
  });
}

function readHeader(
  section: MergedSection,
  notes: Diagnostic[],
): Pick<SwitchRule, "switch" | "type" | "tag"> | undefined {
  const [head = "", type = "", ...parameters] = section.name.split(":");
  const tag = parameters.join(":");
  const error = (code: Diagnostic["code"], message: string, fix: string): undefined => {
    notes.push({ code, severity: "error", message, at: section.at, fix });
  };
  const name = /^switch_rules(?:@(?<switch>[A-Za-z0-9_-]+))?$/.exec(head);
  if (name === null) {
    return error("MF3050", `[${section.name}] is not a section of switch rules`, "write `[switch_rules:TYPE:TAG]`");
  }
  if (!isType(type)) {
    const near = suggest(type, Object.keys(TYPES));
    const fix = near === undefined ? `write one of: ${Object.keys(TYPES).join(", ")}` : `did you mean \`${near}\`?`;
    return error("MF3051", `[${section.name}]: no rules are of type ${JSON.stringify(type)}`, fix);
  }
  if (TYPES[type] === "tag" && tag.trim() === "") {
    return error("MF3052", `[${section.name}] names no tag to look at`, `write \`[${head}:${type}:TAG]\``);
  }
  if (TYPES[type] === "none" && parameters.length > 0) {
    return error("MF3053", `[${section.name}]: rules of type ${type} take no tag`, `write \`[${head}:${type}]\``);
  }
  return { switch: name.groups?.["switch"] ?? "switch", type, tag: tag.trim() };
}

function isType(word: string): word is SwitchRule["type"] {
  return Object.hasOwn(TYPES, word);
}

/** What only Python understands: such a pattern is left for its engine to judge. */
const PYTHON_ONLY = /\(\?(?:P[=>]|#|\(|>)|[*+?}]\+|\\[AZ]/;

interface Place {
  readonly section: string;
  readonly at: Span;
}

function checkPattern(type: SwitchRule["type"], pattern: string, place: Place, notes: Diagnostic[]): void {
  if (/regex$/.test(type)) checkRegex(pattern, place, notes);
  else if (type === "expression") checkExpression(pattern, place, notes);
  else if ((type === "python" || type === "js") && !FUNCTION.test(pattern)) {
    notes.push({
      code: "MF3057",
      severity: "error",
      message: `[${place.section}] ${JSON.stringify(pattern)} names no function`,
      at: place.at,
      fix: "write `module.function`, or `/absolute/directory:module.function`",
    });
  }
}

function checkRegex(pattern: string, { section, at }: Place, notes: Diagnostic[]): void {
  const compiled = pythonRegex(pattern);
  if (typeof compiled !== "string") return;
  if (PYTHON_ONLY.test(pattern) || compiled.includes("for ever")) {
    notes.push({
      code: "MF3058",
      severity: "warning",
      message: `[${section}] the rule is left out, the others hold: ${compiled}`,
      at,
      fix: "write it without `(?=`, `(?!`, `(?<` and `(?P=`, or without a repetition in a repetition",
    });
    return;
  }
  const plain = pattern.replace(/\(\?P</g, "(?<").replace(/^\(\?[aiLmsux]+\)/, "");
  try {
    new RegExp(plain, "s");
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^.*: /, "") : String(error);
    notes.push({
      code: "MF3054",
      severity: "error",
      message: `[${section}] ${JSON.stringify(pattern)} is not a regular expression: ${reason}`,
      at,
      fix: "close what is open, or escape it with a backslash",
    });
  }
}

function checkExpression(pattern: string, { section, at }: Place, notes: Diagnostic[]): void {
  try {
    compileExpression(pattern);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    notes.push({
      code: "MF3056",
      severity: "error",
      message: `[${section}] ${JSON.stringify(pattern)} is not an expression: ${error.message}`,
      at: { ...at, col: at.col + error.at, length: 1 },
      fix: "compare tags as in `x['latest.guess_file_type.main.size'] > 1000 and has(x['my.tag'])`",
    });
  }
}

function badTarget(item: string, at: Span, section: string): Diagnostic {
  return {
    code: "MF3055",
    severity: "error",
    message: `[${section}] ${JSON.stringify(item)} is not a step`,
    at,
    fix: "write `step` or `plugin/step`, with `*` after it to allow a hard link and `!1` to `!9` for a priority, separated by `,`",
  };
}
