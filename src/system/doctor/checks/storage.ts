import type { Finding, HostCheck, ModuleCheck, Seen, Volume } from "../types.ts";
import { bytes, couldNotLook } from "./findings.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

export const tmpSpace: HostCheck = {
  id: "tmp-space",
  title: "space in /tmp",
  run: ({ tmp }) => judgeVolume("/tmp", tmp),
};

export const space: ModuleCheck = {
  id: "space",
  title: "disk space and inodes",
  run: ({ volumes }) => {
    const known = new Set<number>();
    return volumes.flatMap(({ what, ...volume }) => {
      if (volume.ok && known.has(volume.value.device)) return [];
      if (volume.ok) known.add(volume.value.device);
      return judgeVolume(what, volume);
    });
  },
};

export const sameFileSystem: ModuleCheck = {
  id: "file-systems",
  title: "files move by renaming",
  run: ({ paths, plan, ways }) => {
    if (paths.module !== "mfdata") return undefined;
    if (!plan.ok) return [couldNotLook(plan.reason)];
    return ways.flatMap(({ what, from, to, same, copies }): Finding[] => {
      if (!same.ok) return [couldNotLook(same.reason, to)];
      if (same.value) return [];
      return [
        {
          state: copies ? "WARNING" : "ERROR",
          place: to,
          message: `it is on another file system than ${from}: ${what} ${copies ? "copies it" : "fails, as it cannot be renamed"}`,
          fix: `put both on one file system (\`df ${from} ${to}\` tells which they are on)`,
        },
      ];
    });
  },
};

export const attributes: ModuleCheck = {
  id: "xattr",
  title: "incoming files can carry tags",
  run: ({ attributes }) => {
    if (attributes === undefined) return undefined;
    if (!attributes.ok) return [couldNotLook(attributes.reason, attributes.path)];
    if (attributes.value) return [];
    return [
      {
        state: "WARNING",
        place: attributes.path,
        message:
          "this file system has no user attributes, or no room for one: tags go to side-car files, which costs speed",
        fix: "mount it with user_xattr, or set `[data_in] dir` to a directory on ext4, xfs or btrfs",
      },
    ];
  },
};

/** A share alone would be wrong for huge disks, an amount alone for small ones: it takes both. */
function judgeVolume(what: string, volume: Seen<Volume>): readonly Finding[] {
  if (!volume.ok) return [couldNotLook(volume.reason, what)];
  const { path, total, free, inodes, freeInodes } = volume.value;
  if (total === 0) return [couldNotLook("this file system does not tell its size", path)];
  const findings: Finding[] = [];
  const full = worse(free, total, { share: 0.02, amount: GIB }, { share: 0.1, amount: 10 * GIB });
  if (full !== undefined || free < 16 * MIB) {
    findings.push({
      state: free < 16 * MIB ? "ERROR" : (full ?? "ERROR"),
      place: path,
      message: `${bytes(free)} of ${bytes(total)} are free for ${what}`,
      fix: `see what fills it with \`du -xh ${path} | sort -h | tail\``,
    });
  }
  const used = worse(freeInodes, inodes, { share: 0.01, amount: 10_000 }, { share: 0.05, amount: 100_000 });
  if (inodes > 0 && used !== undefined) {
    findings.push({
      state: used,
      place: path,
      message: `${freeInodes} of ${inodes} inodes are free for ${what}`,
      fix: `see where the many files are with \`du -x --inodes ${path} | sort -n | tail\``,
    });
  }
  return findings;
}

interface Threshold {
  readonly share: number;
  readonly amount: number;
}

function worse(free: number, total: number, error: Threshold, warning: Threshold): "ERROR" | "WARNING" | undefined {
  const below = ({ share, amount }: Threshold): boolean => free < amount && free < total * share;
  if (below(error)) return "ERROR";
  return below(warning) ? "WARNING" : undefined;
}
