import { posix } from "node:path";
import { type Destination, type StepName, type StepWork, stepKey, type Target } from "./types.ts";

/** What a step's command line says it is: a built-in, a custom program, or a built-in used wrongly. */
export type Recognised =
  | { readonly kind: "builtin"; readonly work: StepWork }
  | { readonly kind: "custom" }
  | { readonly kind: "wrong"; readonly message: string };

export interface Recognition {
  readonly argv: readonly string[];
  /** Label of the plugin's layer: tells the predecessor's guess_file_type, whose command is its own `main.py`. */
  readonly label: string;
  /** `CUSTOM_*` of the plugin. */
  readonly settings: Readonly<Record<string, string>>;
  readonly noMatch: { readonly policy: "delete" | "keep"; readonly originalName: boolean };
}

type Options = ReadonlyMap<string, string>;

const NAMES = [
  "dest-dir",
  "dest-dirs",
  "dest-basename",
  "force-chmod",
  "keep-tags-suffix",
  "drop-tags",
  "no-match-policy",
  "magic-custom-file",
  "magic-use-custom-only",
  "ascii-header-max-length",
  "add-size-tag",
  "command-template",
];
const UNSET = new Set(["", "null"]);
const DEFAULT_HEADER_LENGTH = 60;

/** Recognises the steps the flow daemon does itself, by the command of a step and its arguments. */
export function recognise(given: Recognition): Recognised {
  const [program = "", ...args] = given.argv;
  const options = parseOptions(args);
  switch (posix.basename(program)) {
    case "guess_file_type_step":
      return guessFileType(options, given.settings);
    case "main.py":
      return /^plugin_guess_file_type@/.test(given.label) ? guessFileType(options, given.settings) : { kind: "custom" };
    case "switch_step":
      return builtin({
        do: "switch",
        noMatch: noMatchPolicy(options, given.noMatch.policy),
        noMatchOriginalName: given.noMatch.originalName,
        rules: [],
      });
    case "archive_step":
      return archive(options);
    case "move_step":
      return move(options);
    case "copy_step":
      return copy(options);
    case "delete_step":
      return builtin({ do: "delete" });
    case "fork_step":
      return fork(options);
    case "ungzip_step":
    case "unbzip2_step":
    case "unxz_step":
    case "unzstd_step":
    case "reinject_step":
      return layerProgram(options);
    default:
      return { kind: "custom" };
  }
}

/** `plugin/step`, or an absolute directory. */
export function parseDestination(text: string): Destination | undefined {
  if (posix.isAbsolute(text)) return { to: "directory", path: posix.normalize(text) };
  const step = parseStepName(text);
  return step === undefined ? undefined : { to: "step", step };
}

/** `plugin/step`. */
export function parseStepName(text: string): StepName | undefined {
  const [, plugin, step] = /^([A-Za-z0-9_-]+)\/([A-Za-z0-9_]+)$/.exec(text) ?? [];
  return plugin === undefined || step === undefined ? undefined : { plugin, step };
}

/** `--name=value` and `--name value`; a beginning that means one name only is enough, as with argparse. */
function parseOptions(args: readonly string[]): Options {
  const options = new Map<string, string>();
  for (let at = 0; at < args.length; at++) {
    const [, written, inline] = /^--([a-z-]+)(?:=([\s\S]*))?$/.exec(args[at] ?? "") ?? [];
    if (written === undefined) continue;
    const meant = NAMES.filter((name) => name === written || name.startsWith(written));
    const name = meant.find((candidate) => candidate === written) ?? (meant.length === 1 ? meant[0] : undefined);
    const value = inline ?? args[at + 1];
    if (inline === undefined) at++;
    if (name !== undefined && value !== undefined) options.set(name, value);
  }
  return options;
}

function builtin(work: StepWork): Recognised {
  return { kind: "builtin", work };
}

/** A program of the layers that would refuse to run otherwise. */
function layerProgram(options: Options): Recognised {
  const recognised = toStep(options, () => ({ do: "external" }));
  return recognised.kind === "wrong" ? recognised : { kind: "custom" };
}

function fork(options: Options): Recognised {
  const template = options.get("command-template") ?? "";
  if (template.includes("{PATH}")) return layerProgram(options);
  return {
    kind: "wrong",
    message: `--command-template is \`${template}\`; it must be a command with {PATH}, which stands for the file's path`,
  };
}

function copy(options: Options): Recognised {
  const written = options.get("dest-dirs") ?? "";
  const entries = written.split(",").map((entry) => entry.trim());
  const targets = entries.filter((entry) => entry !== "").map(parseTarget);
  const to = new Map(targets.map((target) => [target === undefined ? "" : stepKey(target), target]));
  const good = [...to.values()].filter((target) => target !== undefined);
  if (good.length === to.size && to.size > 0) return builtin({ do: "copy", to: good });
  return { kind: "wrong", message: `--dest-dirs is \`${written}\`; it must be \`plugin/step,plugin2/step2*\`` };
}

/** `plugin/step`, or `plugin/step*` where a hard link will do. */
function parseTarget(text: string): Target | undefined {
  const step = parseStepName(text.replace(/\*$/, ""));
  return step === undefined ? undefined : { ...step, hardlink: text.endsWith("*") };
}

function toStep(options: Options, make: (to: StepName) => StepWork): Recognised {
  const written = options.get("dest-dir") ?? "";
  const to = parseStepName(written);
  return to === undefined
    ? { kind: "wrong", message: `--dest-dir is \`${written}\`; it must be \`plugin/step\`` }
    : builtin(make(to));
}

function guessFileType(options: Options, settings: Readonly<Record<string, string>>): Recognised {
  const read = (option: string, setting: string): string => options.get(option) ?? settings[`CUSTOM_${setting}`] ?? "";
  const customMagic = read("magic-custom-file", "MAGIC_CUSTOM_FILE");
  const headerLength = Number.parseInt(read("ascii-header-max-length", "ASCII_HEADER_MAX_LENGTH"), 10);
  const merged = new Map(options).set("dest-dir", read("dest-dir", "DEST_DIR") || "switch/main");
  return toStep(merged, (to) => ({
    do: "guess_file_type",
    to,
    headerLength: Number.isNaN(headerLength) ? DEFAULT_HEADER_LENGTH : headerLength,
    sizeTag: read("add-size-tag", "ADD_SIZE_TAG") !== "0",
    ...(UNSET.has(customMagic) ? {} : { customMagic }),
    customOnly: read("magic-use-custom-only", "MAGIC_USE_CUSTOM_ONLY") === "1" && !UNSET.has(customMagic),
  }));
}

function noMatchPolicy(options: Options, fallback: "delete" | "keep"): "delete" | "keep" {
  const written = options.get("no-match-policy");
  return written === "keep" || written === "delete" ? written : fallback;
}

function archive(options: Options): Recognised {
  const directory = options.get("dest-dir") ?? "";
  if (!posix.isAbsolute(directory)) {
    return { kind: "wrong", message: `--dest-dir is \`${directory}\`; it must be an absolute directory` };
  }
  const chmod = parseMode(options.get("force-chmod"));
  if (chmod === "wrong") return wrongMode(options);
  const suffix = options.get("keep-tags-suffix") ?? ".tags";
  return builtin({
    do: "archive",
    directory: posix.normalize(directory),
    basename: options.get("dest-basename") ?? "{ORIGINAL_UID}",
    tagsSuffix: UNSET.has(suffix) ? "" : suffix.replaceAll("/", "_"),
    ...(chmod === undefined ? {} : { chmod }),
  });
}

function move(options: Options): Recognised {
  const written = options.get("dest-dir") ?? "";
  const to = parseDestination(written);
  if (to === undefined) {
    return {
      kind: "wrong",
      message: `--dest-dir is \`${written}\`; it must be \`plugin/step\` or an absolute directory`,
    };
  }
  const chmod = parseMode(options.get("force-chmod"));
  if (chmod === "wrong") return wrongMode(options);
  const drop = options.get("drop-tags") ?? "AUTO";
  return builtin({
    do: "move",
    to,
    basename: options.get("dest-basename") ?? "{ORIGINAL_UID}",
    dropTags: drop === "AUTO" ? to.to === "directory" : drop === "1",
    ...(chmod === undefined ? {} : { chmod }),
  });
}

function parseMode(text: string | undefined): number | undefined | "wrong" {
  if (text === undefined || UNSET.has(text)) return undefined;
  return /^[0-7]{3,4}$/.test(text) ? Number.parseInt(text, 8) : "wrong";
}

function wrongMode(options: Options): Recognised {
  return { kind: "wrong", message: `--force-chmod is \`${options.get("force-chmod")}\`; it must be octal, like 0644` };
}
