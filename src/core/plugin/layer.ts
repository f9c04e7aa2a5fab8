import { posix } from "node:path";
import type { Diagnostic, Span } from "../base/diagnostic.ts";
import { failure, type Result, success } from "../base/result.ts";
import type { Layer } from "./types.ts";

/** The files that make a directory a layer, and how they are named. */
export const LAYER_FILES = {
  label: ".layerapi2_label",
  dependencies: ".layerapi2_dependencies",
  conflicts: ".layerapi2_conflicts",
  extraEnv: ".layerapi2_extra_env",
} as const;

/** What was read in a layer's home. */
export interface LayerSource {
  readonly home: string;
  /** Texts of the LAYER_FILES; absent: no such file. */
  readonly label?: string;
  readonly dependencies?: string;
  readonly conflicts?: string;
  readonly extraEnv?: string;
  /** Existing directories among those `contributions` names, relative to the home. */
  readonly has: ReadonlySet<string>;
}

type Env = Readonly<Record<string, string>>;

/** Turns a layer's files into data. `env` fills the `{VAR}`s of labels and dependencies. */
export function readLayer(source: LayerSource, env: Env): Result<Layer> {
  const file = posix.join(source.home, LAYER_FILES.label);
  if (source.label === undefined) {
    return failure({
      code: "MF3003",
      severity: "error",
      message: `${source.home} has no ${LAYER_FILES.label}`,
      at: { file, line: 1, col: 1, length: 1 },
      fix: `write its label (\`name@module\`) into ${file}`,
    });
  }
  const written = source.label.split("\n", 1)[0]?.trim() ?? "";
  const label = expandBraces(written, env);
  if (!/^[^@\s/]+@[^@\s/]+$/.test(label)) {
    return failure({
      code: "MF3004",
      severity: "error",
      message: `${JSON.stringify(label)} is not a label`,
      at: { file, line: 1, col: 1, length: Math.max(1, written.length) },
      fix: "write `name@module` on the first line",
    });
  }
  const notes: Diagnostic[] = [];
  const extraEnv = readExtraEnv(source, notes);
  const needs = readLabels(source, "dependencies", env).map(({ text, at }) => {
    const optional = text.startsWith("-");
    return { label: optional ? text.slice(1).trim() : text, optional, at };
  });
  const conflicts = readLabels(source, "conflicts", env).map(({ text }) => text);
  return success({ label, home: source.home, needs, conflicts, extraEnv, has: source.has }, notes);
}

/** Replaces `{NAME}` by the variable's value, or by nothing when there is no such variable. */
export function expandBraces(text: string, env: Env): string {
  return text.replace(/\{([A-Za-z0-9_]+)\}/g, (_, name: string) => env[name] ?? "");
}

function readLabels(source: LayerSource, file: "dependencies" | "conflicts", env: Env) {
  return (source[file] ?? "").split("\n").flatMap((line, index) => {
    const text = line.trim();
    if (text === "" || text.startsWith("#")) return [];
    const path = posix.join(source.home, LAYER_FILES[file]);
    const at: Span = { file: path, line: index + 1, col: line.indexOf(text) + 1, length: text.length };
    return [{ text: expandBraces(text, env), at }];
  });
}

function readExtraEnv(source: LayerSource, notes: Diagnostic[]): (readonly [string, string])[] {
  return (source.extraEnv ?? "").split("\n").flatMap((line, index): [string, string][] => {
    const text = line.trim();
    if (text === "" || text.startsWith("#")) return [];
    const equal = text.indexOf("=");
    const name = text.slice(0, Math.max(0, equal)).trim();
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      const file = posix.join(source.home, LAYER_FILES.extraEnv);
      notes.push({
        code: "MF3005",
        severity: "warning",
        message: `${JSON.stringify(text)} sets no variable`,
        at: { file, line: index + 1, col: line.indexOf(text) + 1, length: text.length },
        fix: "write `NAME=VALUE`",
      });
      return [];
    }
    return [[name, text.slice(equal + 1).trim()]];
  });
}
