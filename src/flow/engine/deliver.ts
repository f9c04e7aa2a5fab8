import { linkSync, lstatSync, renameSync } from "node:fs";
import { posix } from "node:path";
import { HIDDEN_PREFIX, systemPath } from "../../core/flow/names.ts";
import type { OutputMode } from "../../core/flow/protocol.ts";
import { splitName } from "../../core/flow/recovery.ts";
import { TAG, type Tags } from "../../core/flow/tags.ts";
import type { StepName } from "../../core/flow/types.ts";
import { checkpoint } from "../../kit/checkpoint.ts";
import type { GroupCommit } from "../../kit/group-commit.ts";
import { dropSidecar, putBeside, type TagPlace, writeTags } from "../../kit/tags.ts";
import { codeOf } from "../errors.ts";
import { discard } from "../file/discard.ts";
import { uniqueName, waitingName } from "../file/ids.ts";
import { copyContent, inDirectory, moveFile } from "../file/transfer.ts";
import { patiently } from "../patience.ts";
import type { FlowFile, Sent } from "../types.ts";
import { removeFile } from "./failure.ts";

/** A file on its way to a step. */
export interface Output {
  readonly path: string;
  readonly to: StepName;
  readonly tags: Tags;
  readonly mode: OutputMode;
}

export interface Delivery {
  /** Go out beside the file itself. */
  readonly outputs: readonly Output[];
  /** Where the file itself goes; undefined: it is removed. */
  readonly own: StepName | undefined;
  /** Where a step's files wait. */
  readonly waiting: (step: StepName) => string;
  readonly sent: (output: Sent) => void;
  /** What goes out is on the disk before the file itself goes. */
  readonly commit: GroupCommit | undefined;
}

interface Part {
  readonly path: string;
  readonly to: StepName;
  readonly tags: Tags;
  readonly place: TagPlace;
  readonly size: number;
  /** What is taken away when the delivery is decided: the original of a file moved here from another file system. */
  readonly leaves: string | undefined;
}

/** Hands a claimed file and what was made of it to steps: all or nothing, and never twice (see core/flow/recovery). */
export async function deliver(file: FlowFile, from: string, delivery: Delivery): Promise<void> {
  const claims = posix.dirname(from);
  const nameOf = (role: "part" | "last", index: number, to: StepName): string =>
    posix.join(claims, splitName(posix.basename(from), role, index, to));
  const ownShared = delivery.outputs.some(({ path, mode }) => path === from && mode === "link");
  const parts: Part[] = [];
  if (ownShared && file.place === "attribute") {
    await patiently(() => putBeside(from));
    file.place = "sidecar";
  }
  try {
    for (const [index, output] of delivery.outputs.entries()) {
      parts.push(await preparePart(file, output, nameOf("part", index, output.to)));
      checkpoint("part-made");
    }
  } catch (error) {
    for (const { path } of parts) await patiently(() => discard(path));
    throw error;
  }
  if (parts.length > 0) await delivery.commit?.sync([...parts.map(({ path }) => path), `${claims}/`]);
  if (delivery.own !== undefined) {
    const last = nameOf("last", 0, delivery.own);
    await patiently(() => moveFile(file, from, last, file.shared || ownShared));
    checkpoint("split-decided");
    const place = file.place ?? "attribute";
    parts.push({ path: last, to: delivery.own, tags: file.tags, place, size: file.size, leaves: undefined });
  } else {
    await patiently(() => (isThere(from) ? removeFile(file, from) : undefined));
  }
  file.path = undefined;
  for (const { path, to, tags, place, size, leaves } of parts) {
    if (leaves !== undefined) await patiently(() => discard(leaves));
    await patiently(() => giveTo(path, posix.join(delivery.waiting(to), waitingName(tags)), tags, place));
    checkpoint("part-given");
    delivery.sent({ to, uid: tags.get(TAG.uid) ?? "", size });
  }
}

/** Puts an output, its tags on it, under a name that says where it goes. */
async function preparePart(file: FlowFile, output: Output, path: string): Promise<Part> {
  const { to, tags, mode } = output;
  const stat = await patiently(() => lstatSync(systemPath(output.path), { throwIfNoEntry: false }));
  if (!stat?.isFile()) throw new Error(`what it sends to ${to.plugin}/${to.step} is no file: ${output.path}`);
  const moved = mode === "move" && (await patiently(() => renameOrNot(output.path, path)));
  const linked = mode === "link" && (await patiently(() => linkOrNot(output.path, path)));
  if (!moved && !linked) await patiently(() => copyWhole(output.path, path, stat.size));
  try {
    const shared = linked || (moved && stat.nlink > 1);
    if (moved) dropSidecar(output.path);
    const place = await patiently(() => writeTags(path, path, tags, shared));
    return {
      path,
      to,
      tags,
      place,
      size: stat.size,
      leaves: mode === "move" && !moved && output.path !== file.path ? output.path : undefined,
    };
  } catch (error) {
    await patiently(() => discard(path));
    throw error;
  }
}

/** Under a hidden name first, which a recovery throws away: a part is whole from its first instant. */
async function copyWhole(from: string, to: string, size: number): Promise<void> {
  const hidden = posix.join(posix.dirname(to), HIDDEN_PREFIX + uniqueName());
  try {
    await copyContent(from, hidden, size);
    renameSync(hidden, to);
  } catch (error) {
    discard(hidden);
    throw error;
  }
}

function giveTo(from: string, to: string, tags: Tags, place: TagPlace): void {
  inDirectory(to, () => {
    if (place === "sidecar") writeTags(from, to, tags, true);
    renameSync(from, to);
  });
  if (place === "sidecar") dropSidecar(from);
}

/** False: it is on another file system. */
function renameOrNot(from: string, to: string): boolean {
  try {
    renameSync(systemPath(from), to);
    return true;
  } catch (error) {
    if (codeOf(error) === "EXDEV") return false;
    throw error;
  }
}

/** False: the file system, or the number of links there are already, does not allow another. */
function linkOrNot(from: string, to: string): boolean {
  try {
    linkSync(systemPath(from), to);
    return true;
  } catch (error) {
    if (["EXDEV", "EMLINK", "EPERM", "EOPNOTSUPP"].includes(codeOf(error) ?? "")) return false;
    throw error;
  }
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
