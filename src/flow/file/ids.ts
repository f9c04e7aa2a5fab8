import { randomBytes } from "node:crypto";
import { isPipelineName } from "../../core/flow/claim-name.ts";
import { priorityIn } from "../../core/flow/priority.ts";
import type { Tags } from "../../core/flow/tags.ts";

const UID_BYTES = 16;
const POOL_UIDS = 256;

/** Names for claims and deliveries: no two are equal, whatever process made them. No dots, so no ignore mask meets them. */
const prefix = `mw${randomBytes(5).toString("hex")}`;
let count = 0;
const PRIORITY_AT = prefix.length + 1;
const P = "P".charCodeAt(0);

export function uniqueName(): string {
  count += 1;
  return `${prefix}-${count.toString(36)}`;
}

/** A unique name for a file that is to wait for a step, which shows the priority its tags give it. */
export function waitingName(tags: Tags): string {
  const priority = priorityIn(tags);
  if (priority === 0) return uniqueName();
  count += 1;
  return `${prefix}-P${priority}${count.toString(36)}`;
}

/** The priority a waiting file's name shows, 1 to 9; 0: none. */
export function priorityOf(name: string): number {
  // The place of the P in such a name: hardly any other has one there.
  if (name.charCodeAt(PRIORITY_AT) !== P || !isPipelineName(name)) return 0;
  return Number(name[PRIORITY_AT + 1]);
}

/** True for a name that is, or begins with, one made by uniqueName, of any process; also as a part of a delivery. */
export function isUniqueName(name: string): boolean {
  return /^mw[0-9a-f]{10}-(?:P[1-9])?[0-9a-z]+(?:\.(?:part|last)\d*)?(?:~|$)/.test(name);
}

let pool = "";
let next = 0;

/** 32 random hexadecimal digits, as `first.core.original_uid`. */
export function randomUid(): string {
  if (next >= pool.length) {
    pool = randomBytes(UID_BYTES * POOL_UIDS).toString("hex");
    next = 0;
  }
  next += UID_BYTES * 2;
  return pool.slice(next - UID_BYTES * 2, next);
}
