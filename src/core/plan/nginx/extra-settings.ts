import { tokenEnd } from "./nested.ts";

/** One `set $extra_log_format VALUE;` of a fragment. */
export interface Setting {
  /** Offsets of the directive, with its `;`. */
  readonly start: number;
  readonly end: number;
  /** As nginx reads the word, with its variables. */
  readonly value: string;
}

/** All of them in the order of the text. */
export function settingsOf(fragment: string): readonly Setting[] {
  const settings: Setting[] = [];
  for (let at = 0; at < fragment.length; ) {
    const found = /(?:^|[\s;{}])$/.test(fragment.slice(Math.max(0, at - 1), at)) ? settingAt(fragment, at) : undefined;
    if (found !== undefined) settings.push(found);
    at = found?.end ?? tokenEnd(fragment, at);
  }
  return settings;
}

function settingAt(text: string, start: number): Setting | undefined {
  const head = /^set\s+(?:\$extra_log_format|\$\{extra_log_format\})\s+/.exec(text.slice(start, start + 200));
  if (head === null) return undefined;
  const from = start + head[0].length;
  const word = wordAt(text, from);
  const tail = word === undefined ? null : /^\s*;/.exec(text.slice(word.end));
  return word === undefined || tail === null ? undefined : { start, end: word.end + tail[0].length, value: word.value };
}

/** Source: `ngx_conf_read_token()`. */
function wordAt(text: string, from: number): { readonly value: string; readonly end: number } | undefined {
  const quote = /["']/.exec(text[from] ?? "")?.[0];
  const control: Readonly<Record<string, string>> = { t: "\t", r: "\r", n: "\n" };
  let value = "";
  for (let at = quote === undefined ? from : from + 1; at < text.length; at++) {
    const char = text[at] ?? "";
    const next = text[at + 1] ?? "";
    if (char === "\\") {
      value +=
        control[next] ?? (/["'\\]/.test(next) || (quote === undefined && /[\s;]/.test(next)) ? next : `\\${next}`);
      at++;
    } else if (char === quote) return { value, end: at + 1 };
    else if (quote === undefined && /[\s;]/.test(char)) return { value, end: at };
    else value += char;
  }
  return undefined;
}
