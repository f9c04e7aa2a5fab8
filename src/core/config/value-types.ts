import { z } from "zod";
import { readMode } from "../flow/completeness.ts";
import type { ValueType } from "./option.ts";

/** Control characters, and those that would end or begin something in an nginx, systemd, telegraf or redis file. */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}"'`;{}$\\]/u;
const CONTROL = /\p{Cc}/u;
const HOST = /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,62}))*\.?$/;

function matching(label: string, accepts: RegExp | ((text: string) => boolean)): ValueType {
  const test = typeof accepts === "function" ? accepts : (text: string) => accepts.test(text);
  return { label, unset: [], schema: z.string().refine(test) };
}

/** Lets a type also say "not set": with `null`, or with the other texts given. */
export function orUnset(type: ValueType, ...texts: readonly string[]): ValueType {
  return { ...type, unset: ["null", ...texts] };
}

export const flag: ValueType = {
  label: "0 or 1",
  unset: [],
  schema: z.enum(["0", "1"]).transform((text) => text === "1"),
};

export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): ValueType {
  const range = max === Number.MAX_SAFE_INTEGER ? `, ${min} or more` : ` from ${min} to ${max}`;
  return {
    label: `a whole number${range}`,
    unset: [],
    schema: z
      .string()
      .regex(/^-?\d{1,16}$/)
      .transform(Number)
      .pipe(z.number().min(min).max(max)),
  };
}

export const port: ValueType = { ...integer(1, 65535), label: "a port number (1 to 65535)" };

/** A port that is not used when it says `0`. */
export const portOrZero: ValueType = { ...integer(0, 65535), label: "a port number (1 to 65535), or 0 for none" };

export function choice(...values: readonly [string, ...string[]]): ValueType {
  const label = `one of ${values.join(", ")}`;
  const byName = new Map(values.map((value) => [value.toUpperCase(), value]));
  const schema = z.string().transform((text, context) => {
    const value = byName.get(text.toUpperCase());
    if (value === undefined) context.addIssue(label);
    return value ?? "";
  });
  return { label, unset: [], schema };
}

export const level: ValueType = choice("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL");

export const host: ValueType = matching("a host name or an IP address", (text) => HOST.test(text) || isAddress(text));

export const ipAddress: ValueType = matching("an IP address", isAddress);

export const path: ValueType = matching(
  "an absolute path without quotes, backslashes and the characters ; { } $ `",
  (text) => text.startsWith("/") && !UNSAFE.test(text),
);

/** A place in a URL that needs no escaping. */
export const urlPath: ValueType = matching("a path such as /name, of letters, digits and - . _ ~ /", /^\/[\w.~/-]*$/);

export const headerName: ValueType = matching("a header's name, of letters, digits, - and _", /^[\w-]+$/);

export const endpoint: ValueType = matching(
  "an endpoint such as ipc:///path or tcp://127.0.0.1:5555",
  (text) => /^(ipc|tcp|inproc):\/\/[^\s?#]+$/.test(text) && !UNSAFE.test(text),
);

export const fileMode: ValueType = matching("an octal mode such as 0644", /^0?[0-7]{3}$/);

export const ciphers: ValueType = matching("a list of OpenSSL cipher names", /^[\w:!+@=.,-]+( [\w:!+@=.,-]+)*$/);

export const tlsProtocols: ValueType = matching(
  "some of TLSv1, TLSv1.1, TLSv1.2 and TLSv1.3, with spaces between",
  /^TLSv1(\.[123])?( +TLSv1(\.[123])?)*$/,
);

export const addressRanges: ValueType = list(
  ",",
  "IP addresses or ranges such as 10.0.0.0/8",
  (item) => isAddress(item) || z.cidrv4().safeParse(item).success || z.cidrv6().safeParse(item).success,
);

export const regexes: ValueType = list(";", "regular expressions", (item) => {
  try {
    new RegExp(item);
    return !CONTROL.test(item);
  } catch {
    return false;
  }
});

/** A text that reaches no generated file: passwords, names on other machines. */
export const text: ValueType = matching("any text", (given) => !CONTROL.test(given));

export const statusCodes: ValueType = list(",", "HTTP status codes", (item) => /^[1-5]\d\d$/.test(item));

/** Directories below a given one: no absolute path, no way up. */
export const subdirectories: ValueType = list(
  ",",
  "directory names of letters, digits, blanks and - . _ /",
  (item) => /^[\w. -]+(\/[\w. -]+)*$/.test(item) && !item.split("/").some((part) => part === "." || part === ".."),
);

/** Ways in which senders show that files are complete. */
export const completeness: ValueType = list(
  ",",
  "`close`, `rename`, `companion:.SUFFIX`, `temporary:.SUFFIX` or `stable:SECONDS`",
  (item) => readMode(item) !== undefined,
);

/** One directory below $IN that the pipeline does not keep for itself. */
export const entrance: ValueType = matching(
  "a name of letters, digits and - . _ that is neither tmp nor trash and does not begin with step.",
  /^(?!(?:tmp|trash)$|step\.)[\w-][\w.-]*$/,
);

export const accountName: ValueType = matching("a name of small letters, digits, - and _", /^[a-z_][a-z0-9_-]{0,31}$/);

/** A list in one text; an empty one is empty. Spaces around items do not count. */
function list(separator: string, items: string, accepts: (item: string) => boolean): ValueType {
  const split = (text: string): readonly string[] =>
    text
      .split(separator)
      .map((item) => item.trim())
      .filter((item) => item !== "");
  const schema = z
    .string()
    .refine((text) => split(text).every(accepts))
    .transform((text) => split(text).join(separator));
  return { label: `a list of ${items}, with \`${separator}\` between`, unset: [], schema };
}

function isAddress(text: string): boolean {
  return z.ipv4().safeParse(text).success || z.ipv6().safeParse(text).success;
}
