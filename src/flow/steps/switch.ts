import { linkSync, renameSync, unlinkSync } from "node:fs";
import { posix } from "node:path";
import { splitName } from "../../core/flow/recovery.ts";
import { compileRules, type Target } from "../../core/flow/rules.ts";
import { TAG, type Tags } from "../../core/flow/tags.ts";
import type { StepWork } from "../../core/flow/types.ts";
import { dropSidecar, type TagPlace, writeTags } from "../../kit/tags.ts";
import { codeOf } from "../errors.ts";
import { keepFile, removeFile } from "../failure.ts";
import { uniqueName } from "../ids.ts";
import { printable, type StepLog } from "../log.ts";
import { copyContent, inDirectory, moveFile } from "../transfer.ts";
import { DONE, type FlowFile, type Outcome, type StepWorker } from "../types.ts";

type Work = Extract<StepWork, { readonly do: "switch" }>;

export interface SwitchPlaces {
  /** `$IN/trash/<switch>.nomatch`. */
  readonly noMatch: string;
  /** Where a step's files wait. */
  readonly waiting: (target: Target) => string;
  readonly trace: (to: string) => void;
}

/** Sends each file to every step whose rules match. One target: a rename; several: copies or hard links. */
export function switchStep(work: Work, places: SwitchPlaces, log: StepLog): StepWorker {
  const router = compileRules(work.rules);
  for (const { rule, message } of router.problems)
    log.warning(`a switch rule of ${rule.plugin} is left out: ${message}`);
  return (file, context): Outcome | Promise<Outcome> => {
    const from = file.path;
    if (from === undefined) return { do: "failed", reason: "it is gone" };
    const targets = router.route(file.tags);
    context.log.info(`${targets.length} actions matched for ${printable(file.tags.get(TAG.basename) ?? from)}`);
    const [first] = targets;
    if (first === undefined) return noMatch(file, from, work, places);
    if (targets.length === 1 && file.owned) return { do: "send", to: first };
    return split(file, from, targets, places);
  };
}

function noMatch(file: FlowFile, from: string, work: Work, places: SwitchPlaces): Outcome | Promise<Outcome> {
  places.trace(`>nomatch/${work.noMatch}`);
  if (work.noMatch === "delete") {
    removeFile(file, from);
    return DONE;
  }
  const name = file.tags.get(work.noMatchOriginalName ? TAG.basename : TAG.uid);
  const kept = keepFile(file, from, places.noMatch, name);
  return typeof kept === "string" ? DONE : kept.then(() => DONE);
}

interface Part {
  readonly path: string;
  readonly target: Target;
  readonly place: TagPlace;
}

/** Delivers to several steps, or makes copies to own: all or nothing, and never twice (see core/flow/recovery). */
async function split(file: FlowFile, from: string, targets: readonly Target[], places: SwitchPlaces): Promise<Outcome> {
  // The original itself goes last, and content is shared only among those that may share it.
  const ordered = targets.toSorted((a, b) => Number(a.hardlink) - Number(b.hardlink));
  const last = file.owned ? ordered.pop() : undefined;
  const linked = last?.hardlink === true && ordered.some(({ hardlink }) => hardlink);
  const pathOf = (role: "part" | "last", target: Target): string =>
    posix.join(posix.dirname(from), splitName(posix.basename(from), role, target));
  const parts: Part[] = [];
  try {
    for (const target of ordered) {
      const path = pathOf("part", target);
      const shared = linked && target.hardlink && linkOrNot(from, path);
      if (!shared) await copyContent(from, path, file.size);
      parts.push({ path, target, place: writeTags(path, path, file.tags, shared) });
    }
  } catch (error) {
    for (const target of ordered) discard(pathOf("part", target));
    throw error;
  }
  if (last === undefined) {
    removeFile(file, from);
  } else {
    moveFile(file, from, pathOf("last", last), linked);
    parts.push({ path: pathOf("last", last), target: last, place: file.place ?? "attribute" });
  }
  file.path = undefined;
  for (const { path, target, place } of parts) {
    giveTo(path, posix.join(places.waiting(target), uniqueName()), file.tags, place);
    places.trace(`${target.plugin}/${target.step}`);
  }
  return DONE;
}

function giveTo(from: string, to: string, tags: Tags, place: TagPlace): void {
  inDirectory(to, () => {
    if (place === "sidecar") writeTags(from, to, tags, true);
    renameSync(from, to);
  });
  if (place === "sidecar") dropSidecar(from);
}

/** False: the file system, or the number of links there are already, does not allow another. */
function linkOrNot(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (["EXDEV", "EMLINK", "EPERM", "EOPNOTSUPP"].includes(codeOf(error) ?? "")) return false;
    throw error;
  }
}

function discard(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
  dropSidecar(path);
}
