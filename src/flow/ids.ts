import { randomBytes } from "node:crypto";

const UID_BYTES = 16;
const POOL_UIDS = 256;

/** Names for claims and deliveries: no two are equal, whatever process made them. No dots, so no ignore mask meets them. */
const prefix = `mw${randomBytes(5).toString("hex")}`;
let count = 0;

export function uniqueName(): string {
  count += 1;
  return `${prefix}-${count.toString(36)}`;
}

/** True for a name that is, or begins with, one made by uniqueName, of any process; also as a part of a delivery. */
export function isUniqueName(name: string): boolean {
  return /^mw[0-9a-f]{10}-[0-9a-z]+(?:\.(?:part|last)\d*)?(?:~|$)/.test(name);
}

/** True for a name that the pipeline gave a file: as it came from uniqueName, or with what is to become of the file behind it. */
export function isPipelineName(name: string): boolean {
  return /^mw[0-9a-f]{10}-[0-9a-z]+(?:[~.]|$)/.test(name);
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
