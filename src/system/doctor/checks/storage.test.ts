import { disk, files, host, ok, testRows, unseen, web } from "../../../../test/support/doctor.ts";
import type { ModuleFacts, Volume } from "../types.ts";

const volume = (over: Partial<Volume>): ModuleFacts =>
  web({ volumes: [{ what: "the runtime home", ...ok({ ...disk, ...over }) }] });

testRows(
  ["tmp-space", "space", "file-systems", "xattr"],
  [
    ["full /tmp", "tmp-space", web({}), host({ tmp: ok({ ...disk, free: 1e6 }) }), "ERROR", /977 KiB of/],
    ["/tmp behind a locked door", "tmp-space", web({}), host({ tmp: unseen }), "UNKNOWN", /locked/],
    ["a huge disk with little", "space", volume({ free: 15e9 }), host(), "-", /^$/],
    ["a disk with little", "space", volume({ free: 9e9 }), host(), "WARNING", /8\.4 GiB of 931 GiB.*du/s],
    ["a disk with nothing", "space", volume({ free: 9e8 }), host(), "ERROR", /858 MiB/],
    ["a small disk, half full", "space", volume({ total: 1e8, free: 5e7 }), host(), "-", /^$/],
    ["few inodes", "space", volume({ inodes: 1e6, freeInodes: 40_000 }), host(), "WARNING", /40000 of 1000000 inodes/],
    ["no inodes", "space", volume({ inodes: 1e6, freeInodes: 100 }), host(), "ERROR", /100 of/],
    ["a file system without inodes", "space", volume({ inodes: 0, freeInodes: 0 }), host(), "-", /^$/],
    ["a file system of no size", "space", volume({ total: 0, free: 0 }), host(), "UNKNOWN", /its size/],
    [
      "a disk behind a locked door",
      "space",
      web({ volumes: [{ what: "the logs", ...unseen }] }),
      host(),
      "UNKNOWN",
      /the logs.*locked/s,
    ],
    [
      "trash elsewhere",
      "file-systems",
      files({ ways: [{ what: "putting it aside", from: "/a", to: "/b", same: ok(false), copies: false }] }),
      host(),
      "ERROR",
      /\/b.*df \/a \/b/s,
    ],
    [
      "an archive elsewhere",
      "file-systems",
      files({ ways: [{ what: "archiving", from: "/a", to: "/b", same: ok(false), copies: true }] }),
      host(),
      "WARNING",
      /copies/,
    ],
    [
      "a way behind a locked door",
      "file-systems",
      files({ ways: [{ what: "archiving", from: "/a", to: "/b", same: unseen, copies: true }] }),
      host(),
      "UNKNOWN",
      /locked/,
    ],
    [
      "no attributes",
      "xattr",
      files({ attributes: { path: "/in", ...ok(false) } }),
      host(),
      "WARNING",
      /\/in.*side-car/s,
    ],
    [
      "attributes nobody could try",
      "xattr",
      files({ attributes: { path: "/in", ...unseen } }),
      host(),
      "UNKNOWN",
      /locked/,
    ],
    ["no attributes needed", "xattr", web({ attributes: undefined }), host(), "n/a", /^$/],
  ],
);
