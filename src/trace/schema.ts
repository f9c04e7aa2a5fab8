/** Changes with the schema below: a segment of another version is left alone until it is too old. */
export const SEGMENT_VERSION = 1;

/**
 * A segment of the trace: one SQLite file, written for a while, then only read, then removed as a whole. No row is ever
 * deleted, which would cost as much as writing it. `passage.visits` is JSON, see PassageRow of core/trace/batch. A uid is found
 * by its beginning: uids come in no order, so that each changes another page of their index, and this one has a third of the pages.
 */
export const SEGMENT_SCHEMA = `
CREATE TABLE step (id INTEGER PRIMARY KEY, plugin TEXT NOT NULL, step TEXT NOT NULL, version TEXT NOT NULL);
CREATE TABLE tags (id INTEGER PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE passage (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, uid TEXT NOT NULL, name TEXT NOT NULL, directory TEXT NOT NULL,
  counter INTEGER NOT NULL, size INTEGER NOT NULL, visits TEXT NOT NULL, path TEXT
);
CREATE INDEX passage_uid ON passage (substr(uid, 1, 8));
CREATE INDEX passage_name ON passage (name);
CREATE TABLE child (uid TEXT NOT NULL, passage INTEGER NOT NULL);
CREATE INDEX child_uid ON child (uid);
CREATE TABLE routing (
  passage INTEGER NOT NULL, at INTEGER NOT NULL, step INTEGER NOT NULL, name TEXT NOT NULL, own TEXT NOT NULL,
  tags INTEGER NOT NULL
);
CREATE TABLE digest (passage INTEGER PRIMARY KEY, sha256 TEXT NOT NULL);
CREATE INDEX digest_sha256 ON digest (sha256);
CREATE TABLE open (uid TEXT NOT NULL, name TEXT NOT NULL, step INTEGER NOT NULL, at INTEGER NOT NULL, size INTEGER NOT NULL);
CREATE TABLE gap (at INTEGER NOT NULL, passages INTEGER NOT NULL);
PRAGMA user_version = ${SEGMENT_VERSION};
`;

/** Finds passages by the uid ?1, as the index has it; segments of before have the whole uid in theirs. */
export const IS_UID = "substr(uid, 1, 8) = substr(?1, 1, 8) AND uid = ?1";
