import type { Diagnostic } from "../base/diagnostic.ts";
import { failure, type Result, success } from "../base/result.ts";
import { detectNode } from "./node.ts";
import { detectPhp, detectStatic } from "./pages.ts";
import { detectProcfile } from "./procfile.ts";
import { detectProgram } from "./program.ts";
import { detectPython } from "./python.ts";
import type { Detected, Facts, Verdict } from "./types.ts";

/** In the order in which they are believed: what was written to be believed first, what could be anything last. */
const DETECTIONS: readonly { readonly name: string; readonly detect: (facts: Facts) => Verdict }[] = [
  { name: "a Procfile", detect: detectProcfile },
  { name: "Python", detect: detectPython },
  { name: "Node", detect: detectNode },
  { name: "PHP", detect: detectPhp },
  { name: "files", detect: detectStatic },
  { name: "a program", detect: detectProgram },
];

/**
 * Says what a directory or a file is and how it is served. The first kind that recognises itself is taken, and the others
 * that would have are named among the reasons. A mistake in what was recognised is refused with its place.
 */
export function detect(facts: Facts): Result<Detected> {
  let taken: Detected | undefined;
  let refused: Diagnostic | undefined;
  const also: string[] = [];
  for (const { name, detect: look } of DETECTIONS) {
    const verdict = look(facts);
    if (verdict === undefined) continue;
    if (taken !== undefined) {
      if (!("refused" in verdict)) also.push(`it could be served as ${name} too: name the file to choose it`);
    } else if (!("refused" in verdict)) taken = verdict;
    else if (!YIELDING.includes(verdict.refused.code)) return failure(verdict.refused);
    else refused ??= verdict.refused;
  }
  if (taken === undefined) return failure(refused ?? nothing(facts));
  return success({ ...taken, reasons: [...taken.reasons, ...also] });
}

/** A kind that only finds nothing to serve in its files leaves the field to the next. */
const YIELDING: readonly Diagnostic["code"][] = ["MF3104", "MF3105"];

function nothing(facts: Facts): Diagnostic {
  const what = facts.named === undefined ? facts.directory : `${facts.directory}/${facts.named}`;
  return {
    code: "MF3100",
    severity: "error",
    message: `there is no telling how ${what} is to be served`,
    fix:
      facts.named === undefined
        ? "name a file of it, or write a Procfile into it: `web: ./server --port $PORT`"
        : "make it executable with a `#!` line (it is told its port in PORT), or write a Procfile beside it",
  };
}
