import { lstatSync, renameSync, type Stats } from "node:fs";
import { copyFile, rm } from "node:fs/promises";
import { posix } from "node:path";
import { claimId, decodeClaim, encodeClaim, type Identity } from "../../core/flow/claim-name.ts";
import type { Hint } from "../../core/flow/hint.ts";
import { HIDDEN_PREFIX, pathIn, systemPath } from "../../core/flow/names.ts";
import { identify, readIdentity } from "../../core/flow/tags.ts";
import { checkpoint } from "../../kit/checkpoint.ts";
import { isBeingWritten } from "../../kit/linux/lease.ts";
import { dropSidecar, readTags, type TagPlace, writeTags } from "../../kit/tags.ts";
import { codeOf } from "../errors.ts";
import { patiently } from "../patience.ts";
import type { FlowFile } from "../types.ts";
import { factsOf, noteSource } from "./across.ts";
import { inClosed } from "./closed.ts";
import { discard } from "./discard.ts";
import { isUniqueName, randomUid, waitingName } from "./ids.ts";
import { syncFile } from "./transfer.ts";

/** What came of an announcement. */
export type Claim =
  | { readonly is: "claimed"; readonly file: FlowFile }
  /** Somebody was faster, or it was announced twice. */
  | { readonly is: "gone" }
  /** Still open for writing; its end will be announced. */
  | { readonly is: "busy" }
  /** Whether it is complete cannot be known yet: look at the directory again after a while. */
  | { readonly is: "unsettled" }
  /** A link, a socket, ...: never a file of the pipeline. */
  | { readonly is: "refused"; readonly why: string };

/** Where the kernel cannot be asked whether a file is complete: unchanged for this long, milliseconds. */
export const SETTLE_MS = 5000;

const uid = process.getuid?.() ?? 0;
/**
 * Claims an announced file: one rename into the step's claim directory, which only one can win. Who the file is stands
 * in the new name, or is written on the file before, so that no instant exists at which a death could lose it. `plain`: the
 * new name holds nothing that an outsider chose, for programs that put it into command lines. `copying`: files on their way in from
 * another file system, which stay visible until the copy is complete.
 */
export function claim(hint: Hint, claims: string, copying: Set<string>, plain = false): Claim | Promise<Claim> {
  const path = pathIn(hint.directory, hint.filename);
  const stat = lstatSync(systemPath(path), { throwIfNoEntry: false });
  if (stat === undefined || copying.has(path)) return { is: "gone" };
  if (!stat.isFile()) return { is: "refused", why: "it is no regular file" };
  if (hint.event === "exists" && !isUniqueName(hint.filename)) {
    const writing = isBeingWritten(path);
    if (writing === "yes") return { is: "busy" };
    if (writing === "unknown" && !isSettled(stat)) return { is: "unsettled" };
  }
  const { tags, place: before } = readTags(path);
  const known = !identify(tags, identityOf(hint), randomUid);
  const unique = waitingName(tags);
  const carried = before === undefined && !plain ? encodeClaim(unique, readIdentity(tags)) : undefined;
  const to = pathIn(claims, carried ?? unique);
  const shared = stat.nlink > 1;
  const keep = carried !== undefined || (known && before === "attribute");
  const place = keep ? before : writeTags(path, to, tags, shared);
  if (!keep) checkpoint("identified");
  const file = (at: TagPlace | undefined): FlowFile => ({
    path: to,
    tags,
    place: at,
    shared,
    size: stat.size,
    owned: stat.uid === uid,
  });
  try {
    inClosed(path, () => renameSync(systemPath(path), to));
  } catch (error) {
    if (place === "sidecar") dropSidecar(to);
    if (codeOf(error) === "ENOENT") return { is: "gone" };
    if (codeOf(error) === "EXDEV") return claimAcross(path, to, copying, (copy) => file(writeTags(copy, to, tags)));
    throw error;
  }
  checkpoint("claimed");
  if (before === "sidecar" || place === "sidecar") inClosed(path, () => dropSidecar(path));
  return { is: "claimed", file: file(place) };
}

/** One that went back to its step after a death carries who it is in its name. */
function identityOf({ directory, filename }: Hint): Partial<Identity> & Omit<Identity, "uid"> {
  const carried = isUniqueName(filename) ? decodeClaim(filename) : undefined;
  return carried ?? { directory: posix.basename(directory), basename: filename };
}

/**
 * From another file system: copied under a hidden name, made durable, then taken away there. A death in between leaves the
 * file there and, where the copy is a claim already, a note of whose copy it is. `tag` puts the tags on a copy about to get its name.
 */
async function claimAcross(
  path: string,
  to: string,
  copying: Set<string>,
  tag: (copy: string) => FlowFile,
): Promise<Claim> {
  const copy = posix.join(posix.dirname(to), HIDDEN_PREFIX + claimId(posix.basename(to)));
  copying.add(path);
  try {
    const before = factsOf(path);
    await copyFile(systemPath(path), copy);
    await syncFile(copy);
    // Whoever writes again to a file that was complete is not done with it.
    const after = factsOf(path);
    if (after !== before || after === undefined) {
      await rm(copy, { force: true });
      return { is: after === undefined ? "gone" : "unsettled" };
    }
    const file = tag(copy);
    const forget = noteSource(to, path);
    renameSync(copy, to);
    await syncFile(posix.dirname(to));
    checkpoint("copied-in");
    inClosed(path, () => discard(path));
    forget();
    return { is: "claimed", file };
  } catch (error) {
    // The file is there still: nothing but its own removal comes last.
    await patiently(() => discard(to));
    await patiently(() => discard(copy));
    if (factsOf(path) === undefined) return { is: "gone" };
    throw error;
  } finally {
    copying.delete(path);
  }
}

/** A clock set back must not make a file wait for the future. */
function isSettled(stat: Stats): boolean {
  const age = Date.now() - Math.max(stat.mtimeMs, stat.ctimeMs);
  return Math.abs(age) >= SETTLE_MS;
}
