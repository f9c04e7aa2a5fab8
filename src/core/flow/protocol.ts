import { nameToBytes } from "./names.ts";
import { parseStepName } from "./recognise.ts";
import type { Tags } from "./tags.ts";
import type { StepName } from "./types.ts";

/** What this program speaks; see docs/reference/protocol.md. */
export const PROTOCOL = 1;
/** Files one connection may have in its hands. */
export const HANDS_MAX = 256;

/** How an output leaves: the file itself, a copy, or another name of the same content where that is possible. */
export type OutputMode = "move" | "copy" | "link";

/** What a step says. Paths are text as `core/flow/names` makes it. */
export type FromStep =
  | { readonly op: "hello"; readonly step: StepName; readonly sdk: string }
  /** It has room for `count` more files. */
  | { readonly op: "next"; readonly count: number }
  | {
      readonly op: "emit";
      readonly id: number;
      readonly path: string;
      readonly to: StepName;
      readonly mode: OutputMode;
      /** undefined: the tags of the file it was made from. */
      readonly tags: Tags | undefined;
    }
  /** null takes a tag off. */
  | { readonly op: "tag"; readonly id: number; readonly set: Readonly<Record<string, string | null>> }
  | { readonly op: "done"; readonly id: number; readonly outcome: "ok" | "failed"; readonly reason: string }
  /** It wants no more files. */
  | { readonly op: "stop" };

/** What a step is told. */
export type ToStep =
  | { readonly op: "welcome"; readonly protocol: typeof PROTOCOL }
  | {
      readonly op: "file";
      readonly id: number;
      readonly path: string;
      readonly tags: Readonly<Record<string, string>>;
      /** 1: the first time this step sees it. */
      readonly attempt: number;
      /** No other file comes until this one is done: it was there when a worker died. */
      readonly alone: boolean;
    }
  | { readonly op: "stop" }
  | { readonly op: "error"; readonly message: string };

type Fields = Readonly<Record<string, unknown>>;

/** Reads one message of a step; a text says what is wrong with it. Fields nobody knows are ignored. */
export function readMessage(message: unknown): FromStep | string {
  if (typeof message !== "object" || message === null) return "a message is a JSON object";
  const fields = message as Fields;
  switch (fields["op"]) {
    case "hello":
      return readHello(fields);
    case "next":
      return readNext(fields);
    case "emit":
      return readEmit(fields);
    case "tag":
      return readTag(fields);
    case "done":
      return readDone(fields);
    case "stop":
      return { op: "stop" };
    default:
      return `there is no op ${JSON.stringify(fields["op"])}`;
  }
}

function readHello({ protocol, step, sdk }: Fields): FromStep | string {
  if (protocol !== PROTOCOL) return `protocol ${JSON.stringify(protocol)} is not spoken here, ${PROTOCOL} is`;
  const name = typeof step === "string" ? parseStepName(step) : undefined;
  if (name === undefined) return "`step` of hello must be `plugin/step`";
  return { op: "hello", step: name, sdk: typeof sdk === "string" ? sdk : "unknown" };
}

function readNext({ count = 1 }: Fields): FromStep | string {
  if (!Number.isInteger(count) || Number(count) < 1) return "`count` of next must be a whole number above 0";
  return { op: "next", count: Number(count) };
}

function readEmit({ id, path, to, mode = "move", tags }: Fields): FromStep | string {
  const target = typeof to === "string" ? targetOf(to) : undefined;
  if (typeof id !== "number") return "`id` of emit must be that of a file in hand";
  if (typeof path !== "string" || !path.startsWith("/") || nameToBytes(path).includes(0))
    return "`path` of emit must be an absolute path";
  if (target === undefined) return "`to` of emit must be `plugin/step`";
  if (mode !== "move" && mode !== "copy" && mode !== "link") return "`mode` of emit must be move, copy or link";
  if (tags === undefined) return { op: "emit", id, path, to: target, mode, tags: undefined };
  if (!isTexts(tags, false)) return "`tags` of emit must be an object of texts";
  return { op: "emit", id, path, to: target, mode, tags: new Map(Object.entries(tags)) };
}

const TARGETS_MAX = 1000;
/** The same object for the same text: whoever counts by steps knows them by that. */
const targets = new Map<string, StepName>();

function targetOf(text: string): StepName | undefined {
  const known = targets.get(text);
  if (known !== undefined) return known;
  const target = parseStepName(text);
  if (target !== undefined && targets.size < TARGETS_MAX) targets.set(text, target);
  return target;
}

function readTag({ id, set }: Fields): FromStep | string {
  if (typeof id !== "number") return "`id` of tag must be that of a file in hand";
  return isTexts(set, true) ? { op: "tag", id, set } : "`set` of tag must be an object of texts and nulls";
}

function readDone({ id, outcome, reason }: Fields): FromStep | string {
  if (typeof id !== "number") return "`id` of done must be that of a file in hand";
  if (outcome !== "ok" && outcome !== "failed") return "`outcome` of done must be ok or failed";
  return { op: "done", id, outcome, reason: typeof reason === "string" && reason !== "" ? reason : "it says so" };
}

function isTexts(value: unknown, nulls: false): value is Record<string, string>;
function isTexts(value: unknown, nulls: true): value is Record<string, string | null>;
function isTexts(value: unknown, nulls: boolean): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((one) => typeof one === "string" || (nulls && one === null));
}
