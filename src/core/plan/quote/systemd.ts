import { UnquotableError } from "./error.ts";

const BARE = /^[A-Za-z0-9_./:=+,-]+$/;
const INSTANCE = /\{instance\}|\$\(circus\.wid\)/;

/** One word of `ExecStart=`: specifiers and variables are switched off, the instance number becomes `%i`. */
export function systemdArgument(value: string | number): string {
  const parts = String(value).split(INSTANCE);
  const text = parts.map((part) => escaped(part).replaceAll("$", "$$$$")).join("%i");
  return parts.length === 1 && BARE.test(text) ? text : `"${text}"`;
}

/** `NAME=value` of `Environment=`, where `$` means itself. */
export function systemdAssignment(value: string | number): string {
  return `"${escaped(String(value))}"`;
}

/** One path of a list such as `ReadWritePaths=`. */
export function systemdWord(value: string | number): string {
  const text = escaped(String(value));
  return BARE.test(text) ? text : `"${text}"`;
}

/** The rest of a line that systemd takes as it is, such as `WorkingDirectory=`; the instance number becomes `%i`. */
export function systemdText(value: string | number): string {
  const text = String(value);
  if (/\p{Cc}|^\s|\s$|\\$/u.test(text)) throw new UnquotableError("systemd", text);
  return text
    .split(INSTANCE)
    .map((part) => part.replaceAll("%", "%%"))
    .join("%i");
}

/**
 * One line of an environment file. Double quotes keep everything, line ends included, except the four characters a
 * backslash protects. Source: systemd.exec(5), `EnvironmentFile=`.
 */
export function environmentLine(name: string, value: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || value.includes("\0")) {
    throw new UnquotableError("an environment file", `${name}=${value}`);
  }
  return `${name}="${value.replace(/["\\$`]/g, "\\$&")}"`;
}

function escaped(text: string): string {
  if (text.includes("\0")) throw new UnquotableError("systemd", text);
  return text
    .replace(/["\\]/g, "\\$&")
    .replace(/\p{Cc}/gu, hexadecimal)
    .replaceAll("%", "%%");
}

function hexadecimal(control: string): string {
  return [...new TextEncoder().encode(control)].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
}
