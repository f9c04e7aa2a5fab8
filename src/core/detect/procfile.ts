import type { Diagnostic } from "../base/diagnostic.ts";
import { splitWords } from "../plugin/shlex.ts";
import { inCode, isWritable } from "./command.ts";
import { webCommand } from "./program.ts";
import type { Detected, Facts, Verdict } from "./types.ts";

const FILE = "Procfile";
const ASSIGNMENT = /^[A-Za-z_][A-Za-z0-9_]*=/;

interface Line {
  readonly name: string;
  readonly words: readonly string[];
  readonly number: number;
}

/**
 * A Procfile (format: Heroku's): `web` answers requests, `release` is left to the one who installs, every other line is a
 * daemon. There is no shell: assignments before a command work, all else of a shell's is refused.
 */
export function detectProcfile(facts: Facts): Verdict {
  const text = facts.texts[FILE];
  if (text === undefined || (facts.named !== undefined && facts.named !== FILE)) return undefined;
  const lines: Line[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const read = readLine(facts, line, index + 1);
    if ("code" in read) return { refused: read };
    const twin = lines.find(({ name }) => name === read.name);
    if (twin !== undefined)
      return { refused: mistake(facts, index + 1, `\`${read.name}\` is there twice`, "rename one") };
    lines.push(read);
  }
  return lines.length === 0 ? undefined : fromLines(facts, lines);
}

function fromLines(facts: Facts, lines: readonly Line[]): Verdict {
  const reasons: string[] = [];
  const daemons: { name: string; command: string }[] = [];
  let web: Detected["web"];
  for (const { name, words, number } of lines) {
    const at = words.findIndex((word) => !ASSIGNMENT.test(word));
    const [assignments, command] = [words.slice(0, at), words.slice(at)];
    if (name === "web") {
      const made = webCommand(command);
      web = {
        command: made.command.replace(/^env (\S+)/, (head) => [head, ...assignments.map(quoted)].join(" ")),
        debugOptions: "",
        gateway: "proxy",
        stopSignal: 15,
        one: false,
      };
      reasons.push(`${FILE}:${number}: \`web\` answers requests; ${made.reason}`);
    } else if (name === "release") {
      reasons.push(
        `${FILE}:${number}: \`release\` is not run: call it yourself, or from a \`postinstall\` of the plugin`,
      );
    } else {
      if (words.some((word) => word.includes("PORT"))) {
        const fix = "only `web` is told a port; call the line `web`, or let it choose its own";
        return { refused: mistake(facts, number, `\`${name}\` asks for PORT`, fix) };
      }
      daemons.push({ name, command: inCode(...words) });
      reasons.push(`${FILE}:${number}: \`${name}\` is a daemon beside it`);
    }
  }
  if (web === undefined && daemons.length === 0) return undefined;
  return {
    kind: web === undefined ? "daemons" : "program",
    ...(web === undefined ? {} : { web }),
    daemons,
    needs: ["nodejs@mfext", "-python3@mfext"],
    ...(facts.texts["requirements.txt"] === undefined ? {} : { requirements: facts.texts["requirements.txt"] }),
    restartOn: [FILE, "*.py", "*.js", "*.mjs", "*.cjs", "*.ts", "*.rb", "*.pl", "*.sh"],
    reasons,
  };
}

const quoted = (word: string): string => inCode(word).split(" ").slice(2).join(" ");

function readLine(facts: Facts, line: string, number: number): Line | Diagnostic {
  const match = /^\s*(?<name>[A-Za-z0-9_-]+):\s*(?<command>.*?)\s*$/.exec(line);
  const { name, command } = match?.groups ?? {};
  if (name === undefined || command === undefined || command === "") {
    return mistake(facts, number, "this is not `name: command`", "write for instance `web: gunicorn app:app`");
  }
  const split = splitWords(command);
  if (!split.ok) return mistake(facts, number, "a quote is not closed", "close it");
  const words = split.words.map(({ text }) => text);
  const shell = shellOf(command, words);
  if (shell !== undefined) {
    return mistake(
      facts,
      number,
      `\`${shell}\` needs a shell, and none is used here`,
      "put the command into a script and name that",
    );
  }
  if (!isWritable(words) || words.every((word) => ASSIGNMENT.test(word))) {
    return mistake(
      facts,
      number,
      "this command cannot be written into config.ini",
      "put it into a script and name that",
    );
  }
  return { name, words, number };
}

/** What in a command only a shell understands. `$PORT` is the bridge's. */
function shellOf(command: string, words: readonly string[]): string | undefined {
  const operator =
    words.find((word) => /^(?:&&|\|\|?|;|&|<|\d?>{1,2}.*|cd|exec|source|\.)$/.test(word)) ??
    words.find((word) => word.endsWith(";"));
  if (operator !== undefined) return operator;
  return /`[^`]*`|\$\(|\$(?!PORT\b|\{PORT\})[A-Za-z_{][^\s]*/.exec(command)?.[0];
}

function mistake(facts: Facts, line: number, message: string, fix: string): Diagnostic {
  const at = { file: `${facts.directory}/${FILE}`, line, col: 1, length: 1 };
  return { code: "MF3107", severity: "error", message, at, fix };
}
