import { readFileSync } from "node:fs";

/** Connections at one address of unix(7). */
export interface Connections {
  /** Taken by whoever listens there, idle ones included. */
  accepted: number;
  /** In the backlog: nobody has taken them yet. */
  waiting: number;
}

const TABLE = "/proc/net/unix";
/** `Num: RefCount Protocol Flags Type St Inode Path`, the path with all its blanks. */
const ROW = /^\S+: \S+ \S+ (?<flags>\S+) \S+ (?<state>\S+) +(?<inode>\d+) (?<path>\/.*)$/;
const LISTENS = "00010000";
const ACCEPTED = "03";
const WAITING = "02";

/** The connections at every path somebody listens at or has listened at, by the path as it was bound. */
export function unixConnections(table = readFileSync(TABLE, "utf8")): ReadonlyMap<string, Readonly<Connections>> {
  const found = new Map<string, Connections>();
  for (const line of table.split("\n")) {
    const { flags, state, path = "" } = ROW.exec(line)?.groups ?? {};
    if (flags !== LISTENS && state !== ACCEPTED && state !== WAITING) continue;
    const counted = found.get(path) ?? { accepted: 0, waiting: 0 };
    found.set(path, counted);
    if (flags === LISTENS) continue;
    if (state === ACCEPTED) counted.accepted++;
    else counted.waiting++;
  }
  return found;
}

/** The inode of the socket that listens at a path, as it was bound; undefined where none does. Descriptors for it read `socket:[INODE]`. */
export function listeningInode(path: string, table = readFileSync(TABLE, "utf8")): number | undefined {
  for (const line of table.split("\n")) {
    if (!line.endsWith(path)) continue;
    const row = ROW.exec(line)?.groups;
    if (row?.["path"] === path && row["flags"] === LISTENS) return Number(row["inode"]);
  }
  return undefined;
}
