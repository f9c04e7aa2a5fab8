import type { Diagnostic, Span } from "../base/diagnostic.ts";
import { suggest } from "../base/suggest.ts";
import type { MergedSection } from "../config/merge.ts";
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
  python: "none",
};

const TARGET = /^(?:(?<plugin>[A-Za-z0-9_-]+)\/)?(?<step>[A-Za-z0-9_]+)(?<hardlink>\*?)$/;

/** Reads a `[switch_rules[@SWITCH]:TYPE[:TAG]]` section of a plugin. A bad one is noted and gives no rules. */
export function readRules(section: MergedSection, plugin: string, notes: Diagnostic[]): readonly SwitchRule[] {
  const header = readHeader(section, notes);
  if (header === undefined) return [];
  return [...section.keys].map(([key, written]) => {
    const pattern = key.replaceAll("@@@@@@", "=").replaceAll("~~~~~~", "#");
    const at = written.keyAt;
    if (/regex$/.test(header.type)) checkPattern(pattern, at, section.name, notes);
    const targets = written.value.split(",").flatMap((item) => {
      const target = TARGET.exec(item.trim())?.groups;
      if (target === undefined) notes.push(badTarget(item.trim(), written.at, section.name));
      return target === undefined
        ? []
        : [{ plugin: target["plugin"] ?? plugin, step: target["step"] ?? "", hardlink: target["hardlink"] === "*" }];
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

function checkPattern(pattern: string, at: Span, section: string, notes: Diagnostic[]): void {
  if (PYTHON_ONLY.test(pattern)) return;
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

function badTarget(item: string, at: Span, section: string): Diagnostic {
  return {
    code: "MF3055",
    severity: "error",
    message: `[${section}] ${JSON.stringify(item)} is not a step`,
    at,
    fix: "write `step` or `plugin/step`, with `*` after it to allow a hard link, separated by `,`",
  };
}
