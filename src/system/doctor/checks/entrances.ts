import type { Reason } from "../../../core/flow/pressure.ts";
import type { Finding, ModuleCheck } from "../types.ts";
import { bytes, couldNotLook, duration } from "./findings.ts";

/** So near to the limit it is time to make room. */
const NEAR = 2;

/** Whether files are refused at the door, or will be soon. */
export const entrances: ModuleCheck = {
  id: "entrances",
  title: "the ways in take files",
  looksInto: ["var"],
  run: ({ entrances: facts, run }, { clock }) => {
    if (facts === undefined) return undefined;
    const { refusing, volume, freeBytes, freeInodes } = facts;
    // What a stopped pipeline refused it judges again when it starts.
    if (refusing !== undefined && run.services.includes("flow")) {
      const since = Date.parse(refusing.since ?? "");
      const ago = Number.isNaN(since) ? "" : ` since ${duration(Math.max(0, clock.now - since))}`;
      const reasons = refusing.reasons.length > 0 ? refusing.reasons : [{ what: "space", text: "the disk is full" }];
      return reasons.map((reason) => ({
        state: "ERROR",
        message: `they refuse files${ago}: ${reason.text}`,
        fix: wayOut(reason),
      }));
    }
    if (!volume.ok) return [couldNotLook(volume.reason)];
    const { path, free, freeInodes: inodes, inodes: all } = volume.value;
    const findings: Finding[] = [];
    if (freeBytes > 0 && free < freeBytes * NEAR) {
      const message = `${bytes(free)} are free for files; below ${bytes(freeBytes)} the ways in refuse them`;
      findings.push({
        state: free < freeBytes ? "ERROR" : "WARNING",
        place: path,
        message,
        fix: wayOut({ what: "space" }),
      });
    }
    if (freeInodes > 0 && all > 0 && inodes < freeInodes * NEAR) {
      const message = `${inodes} more files can be made; below ${freeInodes} the ways in refuse them`;
      const state = inodes < freeInodes ? "ERROR" : "WARNING";
      findings.push({ state, place: path, message, fix: wayOut({ what: "inodes" }) });
    }
    return findings;
  },
};

function wayOut({ what }: Pick<Reason, "what">): string {
  if (what === "space")
    return "make room (`metwork trash list` shows what failed), or lower `[data_in] min_free_space`";
  if (what === "inodes") return "remove files that nobody needs, or lower `[data_in] min_free_inodes`";
  return "see in `metwork status` whether the steps run and in their logs why files wait, or raise the limit; nothing that has come is lost";
}
