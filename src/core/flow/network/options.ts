import { type Option, option } from "../../config/option.ts";
import { flag, integer, text, type text as textType } from "../../config/value-types.ts";
import { REQUIRED } from "./settings.ts";

type Declared = Omit<Option, "section" | "key">;

const LONGEST_S = 86_400;

/** Options that several programs have under their own prefixes. A change of any restarts the plugin's process. */
export const required = (type: typeof textType, meaning: string): Declared =>
  option(type, REQUIRED, "restart", meaning);

export const optional = (meaning: string, initial = ""): Declared => option(text, initial, "restart", meaning);

export const yesNo = (initial: "0" | "1", meaning: string): Declared => option(flag, initial, "restart", meaning);

export const seconds = (initial: string, meaning: string, least = 1): Declared =>
  option(integer(least, LONGEST_S), initial, "restart", meaning, "seconds");

/** The name a file gets on another machine. */
export const remoteName = (): Declared =>
  optional(
    "The name a file gets there: {ORIGINAL_BASENAME}, {ORIGINAL_DIRNAME}, {ORIGINAL_UID}, {RANDOM_ID}, {STEP_COUNTER}, and times as in strftime(3).",
    "{ORIGINAL_BASENAME}",
  );

export const temporarySuffix = (): Declared =>
  optional("A file has this behind its name until all of it is there. Empty: it is written under its name.", ".t");

export const sessions = (): Declared =>
  option(integer(1, 64), "1", "restart", "How many files one process sends at once, each in a session of its own.");

/** Which certificates are believed. Keys are `<prefix>_ca_file`, ... */
export function tlsOptions(prefix: string): Readonly<Record<string, Declared>> {
  return {
    [`${prefix}_ca_file`]: optional(
      "A PEM file of the authorities whose certificates are believed. Empty: those Node trusts.",
    ),
    [`${prefix}_cert_file`]: optional("A PEM file of our own certificate, where the server asks for one."),
    [`${prefix}_key_file`]: optional("A PEM file of its key."),
    [`${prefix}_verify`]: yesNo("1", "0: any certificate is believed. Only for tests: anybody could be the server."),
  };
}
