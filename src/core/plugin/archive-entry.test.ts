import assert from "node:assert/strict";
import { posix } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type ArchiveEntry, archiveJudge } from "./archive-entry.ts";

const entry = (path: string, more: Partial<ArchiveEntry> = {}): ArchiveEntry => ({
  path,
  type: "File",
  mode: 0o644,
  size: 1,
  ...more,
});
const link = (path: string, linkpath: string): ArchiveEntry => entry(path, { type: "SymbolicLink", linkpath });

const REFUSED: readonly (readonly [string, readonly ArchiveEntry[], RegExp])[] = [
  ["a path above the root", [entry("metwork_plugin/../x")], /not below/],
  ["a path beside the root", [entry("other/x")], /not below/],
  ["a name the root's begins with", [entry("metwork_plugin2/x")], /not below/],
  ["an absolute path", [entry("/etc/passwd")], /not below/],
  ["a line feed in a path", [entry("metwork_plugin/a\nb")], /not below/],
  ["a device", [entry("metwork_plugin/x", { type: "CharacterDevice" })], /not a file/],
  ["a fifo", [entry("metwork_plugin/x", { type: "FIFO" })], /not a file/],
  ["a setuid file", [entry("metwork_plugin/x", { mode: 0o4755 })], /setuid/],
  ["an absolute link", [link("metwork_plugin/x", "/etc")], /absolute/],
  ["a link above the root", [link("metwork_plugin/x", "../y")], /lead out/],
  ["a deep link above the root", [link("metwork_plugin/a/b/x", "../../../y")], /lead out/],
  ["a link that climbs through a name", [link("metwork_plugin/a/x", "b/../../../y")], /lead out/],
  ["a file below a link", [link("metwork_plugin/x", "y"), entry("metwork_plugin/x/z")], /not a directory/],
  ["a file in the place of a link", [link("metwork_plugin/x", "y"), entry("metwork_plugin/x")], /twice/],
  ["a hard link out", [entry("metwork_plugin/x", { type: "Link", linkpath: "/etc/passwd" })], /hard link/],
  [
    "a hard link to a link",
    [link("metwork_plugin/y", "z"), entry("metwork_plugin/x", { type: "Link", linkpath: "metwork_plugin/y" })],
    /hard link/,
  ],
  ["too many bytes", [entry("metwork_plugin/x", { size: 101 })], /bytes/],
  ["too many files", [1, 2, 3].map((n) => entry(`metwork_plugin/${n}`)), /files/],
];

describe("the judge of archives", () => {
  for (const [what, entries, reason] of REFUSED) {
    it(`refuses ${what}`, () => {
      const judge = archiveJudge({ entries: 3, bytes: 100 });
      const verdicts = entries.map(judge);
      assert.match(verdicts.at(-1) ?? "accepted", reason);
      assert.deepEqual(verdicts.slice(0, -1).filter(Boolean), []);
    });
  }

  it("accepts what plugins hold", () => {
    const judge = archiveJudge();
    const entries = [
      entry("./metwork_plugin/", { type: "Directory", mode: 0o755 }),
      entry("metwork_plugin/config.ini"),
      entry("metwork_plugin/node_modules/.bin/", { type: "Directory" }),
      link("metwork_plugin/node_modules/.bin/x", "../x/cli.js"),
      link("metwork_plugin/here", "."),
      entry("metwork_plugin/again", { type: "Link", linkpath: "metwork_plugin/config.ini" }),
      entry("metwork_plugin/with space & é"),
    ];
    assert.deepEqual(entries.map(judge).filter(Boolean), []);
  });

  it("never accepts a link that resolves outside, whatever other links there are", () => {
    const name = fc.constantFrom("a", "b", "c");
    const target = fc.array(fc.constantFrom("a", "b", "c", "..", "."), { minLength: 1, maxLength: 5 });
    const links = fc.array(fc.tuple(fc.array(name, { minLength: 1, maxLength: 3 }), target), { maxLength: 8 });
    fc.assert(
      fc.property(links, (given) => {
        const judge = archiveJudge();
        const accepted = new Map<string, string>();
        for (const [path, to] of given) {
          const full = ["metwork_plugin", ...path].join("/");
          if (judge(link(full, to.join("/"))) === undefined) accepted.set(full, to.join("/"));
        }
        for (const [path] of accepted) assert.ok(staysInside(path, accepted), JSON.stringify([...accepted]));
      }),
    );
  });
});

/** Follows links as the kernel does; what leads nowhere or in circles stays inside. */
function staysInside(start: string, links: ReadonlyMap<string, string>): boolean {
  const todo = start.split("/");
  let at = "";
  for (let steps = 0; steps < 200; steps++) {
    const part = todo.shift();
    if (part === undefined) return true;
    if (part === "..") {
      if (at === "metwork_plugin") return false;
      at = posix.dirname(at);
    } else if (part !== ".") {
      const next = at === "" ? part : `${at}/${part}`;
      const to = links.get(next);
      if (to === undefined) at = next;
      else todo.unshift(...to.split("/"));
    }
  }
  return true;
}
