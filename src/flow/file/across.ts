import { lstatSync, readdirSync, readlinkSync, renameSync, symlinkSync, unlinkSync } from "node:fs";
import { posix } from "node:path";
import { claimId } from "../../core/flow/claim-name.ts";
import { HIDDEN_PREFIX, nameFromBytes, systemPath } from "../../core/flow/names.ts";
import { codeOf } from "../errors.ts";
import { discard } from "./discard.ts";

/**
 * What is being done with a claim that a rename cannot do, written down beside it as a link with a hidden name:
 * - `making`: a copy of it is written, which nobody sees yet.
 * - `placing`: that copy is whole, and gets the name under which it is seen. Once it is no longer there, it was.
 * - `taking`: the claim itself is a copy, of a file elsewhere that is about to be removed.
 */
type Stage = "making" | "placing" | "taking";

const RECORD = /^\.metwork\.(?<stage>making|placing|taking)\.(?<id>[^~]+)$/;

/** A copy of a claim to another file system, which is to be seen there once, whenever this process dies. */
export class Copying {
  readonly #claims: string;
  readonly #id: string;
  readonly #copy: string;
  #stage: "making" | "placing" = "making";

  /** `copy`: the hidden name beside its place. Of an earlier try nothing is left afterwards. */
  constructor(claim: string, copy: string) {
    this.#claims = posix.dirname(claim);
    this.#id = claimId(posix.basename(claim));
    this.#copy = copy;
    for (const stage of ["making", "placing"] as const) {
      const record = readRecord(this.#claims, recordName(stage, this.#id));
      if (record !== undefined) undo(this.#claims, record);
    }
    const { ino } = lstatSync(systemPath(posix.dirname(copy)));
    symlinkSync(systemPath(`${ino} ${copy}`), posix.join(this.#claims, recordName("making", this.#id)));
  }

  /** It is whole and on the disk: what happens to its hidden name from now on is that it is seen. */
  decide(): void {
    setStage(this.#claims, this.#id, "making", "placing");
    this.#stage = "placing";
  }

  /** Takes it back, unless it is seen already. */
  undo(): void {
    undo(this.#claims, { stage: this.#stage, id: this.#id, facts: "", path: this.#copy });
  }

  /** After the claim itself went. */
  end(): void {
    forget(this.#claims, recordName(this.#stage, this.#id));
  }
}

/** Notes that a claim about to appear is a copy of `source`; returns what forgets that. */
export function noteSource(claim: string, source: string): () => void {
  const claims = posix.dirname(claim);
  const name = recordName("taking", claimId(posix.basename(claim)));
  symlinkSync(systemPath(`${factsOf(source)} ${source}`), posix.join(claims, name));
  return () => forget(claims, name);
}

/**
 * Ends what a dead daemon had begun with copies, so that of a claim and its copy one is left; nobody else may be working. Of a
 * directory that is not the one it was (not mounted, say) nothing can be told: the claim stays then.
 */
export function settleCopies(claims: string): void {
  const names = readdirSync(claims);
  const byId = new Map(names.filter((name) => !name.startsWith(HIDDEN_PREFIX)).map((name) => [claimId(name), name]));
  for (const name of names) {
    const record = readRecord(claims, name);
    if (record === undefined) continue;
    const claim = byId.get(record.id);
    if (record.stage === "taking") {
      if (claim !== undefined && factsOf(record.path) === record.facts) discard(posix.join(claims, claim));
      drop(claims, name);
    } else if (record.stage === "placing" && wasPlaced(record)) {
      if (claim !== undefined) discard(posix.join(claims, claim));
      drop(claims, name);
    } else undo(claims, record);
  }
}

interface CopyRecord {
  readonly stage: Stage;
  readonly id: string;
  /** What the file or directory is known by. */
  readonly facts: string;
  readonly path: string;
}

function readRecord(claims: string, name: string): CopyRecord | undefined {
  const { stage, id } = RECORD.exec(name)?.groups ?? {};
  if (stage === undefined || id === undefined) return undefined;
  try {
    const target = nameFromBytes(readlinkSync(posix.join(claims, name), { encoding: "buffer" }));
    const at = target.indexOf(" ");
    return { stage: stage as Stage, id, facts: target.slice(0, at), path: target.slice(at + 1) };
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function wasPlaced({ facts, path }: CopyRecord): boolean {
  const directory = lstatSync(systemPath(posix.dirname(path)), { throwIfNoEntry: false });
  return String(directory?.ino) === facts && lstatSync(systemPath(path), { throwIfNoEntry: false }) === undefined;
}

/** First what is written, then what it speaks of: a copy that goes away must not look as if it were seen. */
function undo(claims: string, { stage, id, path }: CopyRecord): void {
  if (stage === "placing") setStage(claims, id, "placing", "making");
  discard(path);
  drop(claims, recordName("making", id));
}

function setStage(claims: string, id: string, from: Stage, to: Stage): void {
  renameSync(posix.join(claims, recordName(from, id)), posix.join(claims, recordName(to, id)));
}

function drop(claims: string, name: string): void {
  try {
    unlinkSync(posix.join(claims, name));
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

/** One that the disk does not let go says nothing any more: the next daemon drops it. */
function forget(claims: string, name: string): void {
  try {
    drop(claims, name);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
  }
}

function recordName(stage: Stage, id: string): string {
  return `${HIDDEN_PREFIX}${stage}.${id}`;
}

/** No two files are equal in these, nor is one after somebody changed it; undefined: there is none. */
export function factsOf(path: string): string | undefined {
  const stat = lstatSync(systemPath(path), { throwIfNoEntry: false });
  return stat && `${stat.ino}:${stat.ctimeMs}`;
}
