import { existsSync, readFileSync, truncateSync } from "node:fs";

/** The points at which a test can kill an apply, conf_monitor or the pipeline, in the order in which they are passed. */
export const CHECKPOINTS = {
  apply: [
    "lock-taken",
    "swept",
    "loaded",
    "planned",
    "directories-made",
    "draft-made",
    "draft-half-written",
    "draft-written",
    "manifest-written",
    "staged",
    "checked",
    "doubt-noted",
    "parts-first",
    "parts-half",
    "parts-all",
    "link-made",
    "switched",
    "own-first",
    "own-all",
    "proven",
    "stops-first",
    "stops-half",
    "stops-all",
    "doubt-cleared",
    "pruned",
    "unrecorded",
    "recorded",
  ],
  rollback: ["rollback-begun", "rollback-switched", "undo-first", "undo-all"],
  monitor: ["monitor-woken", "monitor-busy", "monitor-applied", "monitor-reported", "monitor-watching", "monitor-idle"],
  flow: [
    "announced",
    "identified",
    "copied-in",
    "claimed",
    "lent",
    "returned",
    "put-back",
    "retry-due",
    "tagged",
    "moved",
    "copied",
    "pair-half",
    "placed",
    "part-made",
    "split-decided",
    "part-given",
    "recovered",
  ],
} as const;

export type Checkpoint = (typeof CHECKPOINTS)[keyof typeof CHECKPOINTS][number];

let target = parse(process.env["METWORK_KILL_AT"]);
let orders: { readonly file: string; text: string } | undefined;

/**
 * A test hook, which does nothing otherwise: with `METWORK_KILL_AT=name[:n]` in the environment, the process kills itself
 * with SIGKILL when it passes that point for the nth time.
 */
export function checkpoint(name: Checkpoint): void {
  if (orders !== undefined) readOrders(orders);
  if (target === undefined || target.name !== name || --target.left > 0) return;
  // Whoever is started in its place must not die of the same order.
  if (orders !== undefined) truncateSync(orders.file);
  process.kill(process.pid, "SIGKILL");
}

/** Lets a daemon, whose environment no test can set, take the order from a file from now on, if that file exists now. */
export function takeKillOrders(file: string): void {
  if (existsSync(file)) orders = { file, text: "" };
}

function readOrders(from: { readonly file: string; text: string }): void {
  const text = readFileSync(from.file, "utf8").trim();
  if (text === from.text) return;
  from.text = text;
  target = parse(text);
}

function parse(order: string | undefined): { readonly name: string; left: number } | undefined {
  if (order === undefined || order === "") return undefined;
  const [name = "", nth = "1"] = order.split(":");
  return { name, left: Number(nth) };
}
