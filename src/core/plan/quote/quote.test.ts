import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { UnquotableError } from "./error.ts";
import { nginxWord } from "./nginx.ts";
import { environmentLine, systemdArgument, systemdAssignment, systemdText } from "./systemd.ts";
import { cronWord, logrotateWord, redisWord, tomlValue } from "./texts.ts";

/** Anything a user may write, with the characters that mean something somewhere made likely. */
const text = fc
  .array(
    fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.constantFrom(..."\"'\\;{}#$%`\n\r\t\0 =[]()&|<>*?~\x7f\x1b\u0085\u2028"),
    ),
  )
  .map((parts) => parts.join(""));

/** Every value either comes back as it went in, or is refused; never does it become something else. */
function holds(quote: (value: string) => string, read: (written: string) => string): void {
  fc.assert(
    fc.property(text, (value) => {
      let written: string;
      try {
        written = quote(value);
      } catch (error) {
        assert.ok(error instanceof UnquotableError);
        return;
      }
      assert.equal(read(written), value, JSON.stringify(written));
    }),
    { numRuns: 2_000 },
  );
}

/** The words of one directive, as `ngx_conf_read_token()` reads them. */
function nginxWords(line: string): string[] {
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (/[ \t\r\n]/.test(line[at] ?? "")) at++;
    const first = line[at];
    if (first === undefined) throw new Error("no end");
    if (first === ";") {
      if (at !== line.length - 1) throw new Error("text after the end");
      return words;
    }
    if (first === "{" || first === "}" || first === "#") throw new Error(`${first} begins a word`);
    const quote = first === '"' || first === "'" ? first : undefined;
    if (quote !== undefined) at++;
    let word = "";
    for (; ; at++) {
      const char = line[at];
      if (char === undefined) throw new Error("no end of the word");
      if (char === "$") throw new Error("a variable");
      if (char === "\\") {
        const next = line[++at] ?? "";
        word += { t: "\t", r: "\r", n: "\n" }[next] ?? (/["'\\]/.test(next) ? next : `\\${next}`);
      } else if (quote !== undefined ? char === quote : /[ \t\r\n;{]/.test(char)) break;
      else word += char;
    }
    if (quote !== undefined && !/[ \t\r\n;{)]/.test(line[++at] ?? "")) throw new Error("text after the quote");
    words.push(word);
  }
}

/** Words of a line of systemd's, with C escapes; `dollars` where variables are replaced. */
function systemdWords(line: string, dollars: boolean): string[] {
  const words: string[] = [];
  let word: number[] | undefined;
  let quoted = false;
  for (let at = 0; at < line.length; at++) {
    const char = String.fromCodePoint(line.codePointAt(at) ?? 0);
    if (char === "\n") throw new Error("a second line");
    if (!quoted && /[ \t]/.test(char)) {
      if (word !== undefined) words.push(Buffer.from(word).toString());
      word = undefined;
      continue;
    }
    word ??= [];
    if (char === '"') quoted = !quoted;
    else if (char === "'") {
      if (!quoted) throw new Error("an open quote");
      word.push(39);
    } else if (char === "\\") {
      const next = line[++at] ?? "";
      if (next === "x") {
        word.push(Number.parseInt(line.slice(at + 1, at + 3), 16));
        at += 2;
      } else if (/["\\]/.test(next)) word.push(next.charCodeAt(0));
      else throw new Error(`\\${next}`);
    } else if (char === "%" || (char === "$" && dollars)) {
      if (line[++at] !== char) throw new Error(`a lone ${char}`);
      word.push(char.charCodeAt(0));
    } else {
      word.push(...Buffer.from(char));
      at += char.length - 1;
    }
  }
  if (quoted) throw new Error("no end of the quote");
  if (word !== undefined) words.push(Buffer.from(word).toString());
  return words;
}

const only = (words: readonly string[]): string => {
  assert.equal(words.length, 1);
  return words[0] ?? "";
};

describe("quoting", () => {
  test("nginx reads one word back", () => holds(nginxWord, (written) => only(nginxWords(`${written};`))));

  test("systemd reads one argument back", () => {
    const plain = (value: string): string => {
      if (/\{instance\}|\$\(circus\.wid\)/.test(value)) throw new UnquotableError("test", value);
      return systemdArgument(value);
    };
    holds(plain, (written) => only(systemdWords(written, true)));
  });

  test("systemd reads one assignment back", () => {
    holds(systemdAssignment, (written) => only(systemdWords(written, false)));
  });

  test("systemd reads the rest of a line back", () => {
    holds(systemdText, (written) => {
      assert.doesNotMatch(written, /\p{Cc}|^\s|\s$|\\$/u);
      return written.replaceAll("%%", "%");
    });
  });

  test("an instance's number stays a specifier", () => {
    assert.equal(systemdArgument("/var/app_{instance}.socket"), '"/var/app_%i.socket"');
    assert.equal(systemdArgument("100%$(circus.wid)$HOME"), '"100%%%i$$HOME"');
    assert.equal(systemdText("/log/50%_{instance}.log"), "/log/50%%_%i.log");
  });

  test("an environment file gives one variable back", () => {
    holds(
      (value) => environmentLine("NAME", value),
      (written) => {
        const inside = /^NAME="((?:[^"\\$`]|\\["\\$`])*)"$/.exec(written)?.[1];
        assert.ok(inside !== undefined);
        return inside.replace(/\\(["\\$`])/g, "$1");
      },
    );
    assert.throws(() => environmentLine("A B", "x"), UnquotableError);
    assert.throws(() => environmentLine("A\nB", "x"), UnquotableError);
  });

  test("redis reads one word back", () => {
    holds(redisWord, (written) => {
      if (!written.startsWith('"')) return written;
      assert.doesNotMatch(written, /[\n\r]/);
      const inside = /^"((?:[^"\\]|\\.)*)"$/.exec(written)?.[1];
      assert.ok(inside !== undefined);
      return inside.replace(/\\(.)/g, (_, char: string) => ({ n: "\n", r: "\r", t: "\t" })[char] ?? char);
    });
  });

  test("TOML reads one string back", () => holds(tomlValue, (written) => JSON.parse(written)));

  test("cron and its shell read one word back", () => {
    holds(cronWord, (written) => {
      assert.doesNotMatch(written, /[\n\r]|(?<!\\)%/);
      const command = written.replaceAll("\\%", "%");
      let word = "";
      const rest = command.replace(/'([^']*)'|\\'|[A-Za-z0-9_./:=+,-]+/g, (part, inside?: string) => {
        word += inside ?? (part === "\\'" ? "'" : part);
        return "";
      });
      assert.equal(rest, "");
      return word;
    });
  });

  test("logrotate takes a path as it is, or not at all", () => {
    holds(logrotateWord, (written) => written.replace(/^"([^"]*)"$/, "$1"));
    for (const bad of ["/a*", "/a?", "/a[b]", '/a"', "/a\n", "/a{"])
      assert.throws(() => logrotateWord(bad), UnquotableError);
  });
});
