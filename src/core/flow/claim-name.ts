import { fits, NAME_MAX } from "./names.ts";

/** Who a file is, before any tag of it is on disk. */
export interface Identity {
  readonly uid: string;
  /** Last component of the directory it was found in. */
  readonly directory: string;
  readonly basename: string;
}

const ENCODED = /^[^~]+~(?<uid>[0-9a-f]{32})~(?<directory>[^~]+)~(?<basename>.+)$/;
const PLAIN = /^[ -~]+$/;

/**
 * The name of a first claim carries who the file is, so that the one rename that claims it also records its name; an
 * attribute would cost a block of the file system, taken and given back. undefined: too long, or not plain ASCII, and
 * the identity must be written on the file before the rename.
 */
export function encodeClaim(unique: string, { uid, directory, basename }: Identity): string | undefined {
  if (!PLAIN.test(basename) || !PLAIN.test(directory) || directory.includes("~")) return undefined;
  const name = `${unique}~${uid}~${directory}~${basename}`;
  return fits(name, NAME_MAX) ? name : undefined;
}

export function decodeClaim(name: string): Identity | undefined {
  const { uid, directory, basename } = ENCODED.exec(name)?.groups ?? {};
  return uid === undefined || directory === undefined || basename === undefined
    ? undefined
    : { uid, directory, basename };
}

/** What is unique in a claim's name. */
export function claimId(name: string): string {
  const end = name.indexOf("~");
  return end === -1 ? name : name.slice(0, end);
}

/** True for a name that the pipeline gave a file: as it came from `uniqueName` (flow/file/ids), or with what is to become of the file behind it. */
export function isPipelineName(name: string): boolean {
  return /^mw[0-9a-f]{10}-(?:P[1-9])?[0-9a-z]+(?:[~.]|$)/.test(name);
}
