import { UnquotableError } from "./error.ts";

const BARE = /^[A-Za-z0-9_./:@=+,%-]+$/;
const REFUSED = /[\p{Cc}$]/u;

/**
 * One word of an nginx configuration. Refuses control characters, and `$`: nginx has no escape for it and would read a
 * variable. Source: `ngx_conf_read_token()`.
 */
export function nginxWord(value: string | number): string {
  const text = String(value);
  if (BARE.test(text)) return text;
  if (REFUSED.test(text)) throw new UnquotableError("nginx", text);
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** Whether a text can be one word of an nginx configuration. */
export function isPlainText(text: string): boolean {
  return !REFUSED.test(text);
}

/** Whether a path can be written in every generated file. */
export function isPlainPath(path: string): boolean {
  return path.startsWith("/") && !REFUSED.test(path) && !/^\s|\s$|[\\"]/.test(path);
}
