import { posix } from "node:path";
import type { Diagnostic } from "../base/diagnostic.ts";
import { expand } from "../base/jinja.ts";
import { failure, type Result, success } from "../base/result.ts";

/** A file of a plugin template, or of the plugin made from it. */
export interface TemplateFile {
  readonly text: string;
  readonly executable: boolean;
}

/** Files by path relative to the template's, or the plugin's, directory. */
export type TemplateFiles = ReadonlyMap<string, TemplateFile>;

const KEPT_WHEN_EMPTY = /(?:^|\/)(?:[^/]+\.py|allow_binary_packages|override)$/;
const COLLAPSED = /(?:\.(?:py|conf|ini|js|html|json|md)|(?:^|\/)crontab)$/;
const INCLUDE = /\{%-?\s*include\s+"(?<name>[^"]+)"\s*-?%\}\n?/g;

/**
 * Makes the files of a plugin from a template and from what all templates have in common (a file of the template wins).
 * Paths and texts are Jinja; `{% include "_x" %}` takes in a common file, and common files called `_*` are only for that.
 * `X.delete` with any text deletes X, `X.rename` holds X's new base name, and empty files are not made.
 */
export function renderTemplate(
  template: TemplateFiles,
  common: TemplateFiles,
  variables: Readonly<Record<string, string>>,
): Result<TemplateFiles> {
  const notes: Diagnostic[] = [];
  const rendered = new Map<string, TemplateFile>();
  const shared = [...common].filter(([path]) => !posix.basename(path).startsWith("_"));
  for (const [path, file] of new Map([...shared, ...template])) {
    const name = expand(path, variables, "error");
    const text = expand(include(file.text, common), variables, "error");
    if (name.ok && rendered.has(name.text)) notes.push(twice(name.text));
    else if (name.ok && text.ok) rendered.set(name.text, { ...file, text: tidy(name.text, text.text) });
    else
      notes.push(
        notRendered(
          path,
          [name, text].find((result) => !result.ok),
        ),
      );
  }
  return notes.length > 0 ? failure(...notes) : success(settle(rendered));
}

function include(text: string, common: TemplateFiles, depth = 0): string {
  if (depth > 5) return text;
  return text.replace(INCLUDE, (all, name: string) => {
    const file = common.get(name);
    return file === undefined ? all : include(file.text, common, depth + 1);
  });
}

/** Applies `X.delete` and `X.rename`, and leaves out what is empty. */
function settle(files: ReadonlyMap<string, TemplateFile>): TemplateFiles {
  const settled = new Map<string, TemplateFile>();
  for (const [path, file] of files) {
    if (files.has(path.replace(/\.(?:delete|rename)$/, "")) && /\.(?:delete|rename)$/.test(path)) continue;
    if (isSet(files.get(`${path}.delete`))) continue;
    if (!isSet(file) && !KEPT_WHEN_EMPTY.test(path)) continue;
    const newName = files.get(`${path}.rename`)?.text.trim();
    settled.set(newName ? posix.join(posix.dirname(path), newName) : path, file);
  }
  return settled;
}

function isSet(file: TemplateFile | undefined): boolean {
  return file !== undefined && file.text.trim() !== "";
}

function tidy(path: string, text: string): string {
  if (text.trim() === "") return "";
  const collapsed = COLLAPSED.test(path)
    ? text.trimStart().replace(blankRuns(path), (run) => run.slice(0, limit(path)))
    : text;
  return `${collapsed.trimEnd()}\n`;
}

/** Python separates functions by two blank lines; elsewhere one is enough. */
function blankRuns(path: string): RegExp {
  return path.endsWith(".py") ? /\n{4,}/g : /\n{3,}/g;
}

function limit(path: string): number {
  return path.endsWith(".py") ? 3 : 2;
}

function notRendered(path: string, result: { ok: false; message: string } | { ok: true } | undefined): Diagnostic {
  return {
    code: "MF3090",
    severity: "error",
    message: `the template's file ${path} cannot be rendered: ${result?.ok === false ? result.message : ""}`,
    at: { file: path, line: 1, col: 1, length: 1 },
    fix: "correct the template",
  };
}

/** As of Django's `main/` beside its project, for a plugin called main. */
function twice(path: string): Diagnostic {
  return {
    code: "MF3095",
    severity: "error",
    message: `the template already has a ${path}, which is also what one of its files would be called after the plugin`,
    fix: "choose another name for the plugin",
  };
}
