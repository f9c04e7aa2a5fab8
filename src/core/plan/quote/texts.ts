import { UnquotableError } from "./error.ts";

/** One word of redis.conf. Source: `sdssplitargs()`. */
export function redisWord(value: string | number): string {
  const text = String(value);
  if (/^[A-Za-z0-9_./:-]+$/.test(text)) return text;
  if (text.includes("\0")) throw new UnquotableError("redis.conf", text);
  return `"${text.replace(/["\\]/g, "\\$&").replace(/\n/g, "\\n").replace(/\r/g, "\\r").replace(/\t/g, "\\t")}"`;
}

/** A value of vsftpd.conf or a word of sshd_config, where nothing is quoted. */
export function plainWord(value: string | number): string {
  const text = String(value);
  if (!/^[A-Za-z0-9_./:-]+$/.test(text)) throw new UnquotableError("vsftpd.conf or sshd_config", text);
  return text;
}

/** A TOML basic string; numbers stay numbers. */
export function tomlValue(value: string | number): string {
  if (typeof value === "number") return String(value);
  const escaped = (control: string): string => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return `"${value.replace(/["\\]/g, "\\$&").replace(/\p{Cc}/gu, escaped)}"`;
}

/** One word of a crontab's command: quoted for the shell that cron starts, then `%` for cron itself. */
export function cronWord(value: string | number): string {
  const text = String(value);
  if (/[\n\r\0]/.test(text)) throw new UnquotableError("a crontab", text);
  const word = /^[A-Za-z0-9_./:=+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
  return word.replaceAll("%", "\\%");
}

/** A path or a number in logrotate.conf, which knows quotes but no escapes. */
export function logrotateWord(value: string | number): string {
  const text = String(value);
  if (/^[A-Za-z0-9_./:-]+$/.test(text)) return text;
  if (/["\\*?[\]{}]|\p{Cc}/u.test(text)) throw new UnquotableError("logrotate.conf", text);
  return `"${text}"`;
}
