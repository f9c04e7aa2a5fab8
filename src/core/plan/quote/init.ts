import { UnquotableError } from "./error.ts";

const BARE = /^[A-Za-z0-9_./:=+,@-]+$/;

/** One word of a POSIX shell. */
export function shellWord(value: string | number): string {
  const text = String(value);
  if (BARE.test(text)) return text;
  if (/\p{Cc}/u.test(text)) throw new UnquotableError("a shell script", text);
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** One word of `command=` of supervisor, which splits as a shell does, after `%` and comments. Source: its `options.py`. */
export function supervisorWord(value: string | number): string {
  const text = String(value);
  if (/\s[;#]|\p{Cc}/u.test(text)) throw new UnquotableError("supervisord.conf", text);
  return shellWord(text).replaceAll("%", "%%");
}

/** One value of `environment=` of supervisor: quotes group, nothing escapes them, and all at both ends are taken off. */
export function supervisorValue(value: string | number): string {
  const text = String(value);
  const quote = text.includes('"') ? "'" : '"';
  if (text.includes(quote) || /^['"]|['"]$|\s[;#]|\\|\p{Cc}/u.test(text))
    throw new UnquotableError("supervisord.conf", text);
  return `${quote}${text.replaceAll("%", "%%")}${quote}`;
}

/** The value of `ENV` of a Containerfile, where double quotes leave three characters to be escaped. */
export function containerValue(value: string | number): string {
  const text = String(value);
  if (/\p{Cc}/u.test(text)) throw new UnquotableError("a Containerfile", text);
  return `"${text.replace(/["\\$]/g, "\\$&")}"`;
}
