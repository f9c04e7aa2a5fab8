import { inCode, isWritable } from "./command.ts";
import type { Facts, Verdict } from "./types.ts";

/** A command that listens on a TCP port it is told in PORT, as `$PORT` in its arguments, behind the socket it is lent. */
export function bridged(...words: readonly string[]): string {
  return inCode("port_bridge", "--", ...words);
}

/** A command that answers requests: it binds the socket path it is given when it asks for one, else listens on $PORT. */
export function webCommand(words: readonly string[]): { readonly command: string; readonly reason: string } {
  if (words.some((word) => word.includes("{unix_socket_path}"))) {
    return { command: inCode(...words), reason: "it binds the socket that replaces {unix_socket_path}" };
  }
  const inherits = inheriting(words);
  if (inherits !== undefined) {
    return { command: inCode(...inherits), reason: `${words[0]} serves the socket it is lent; it needs no port` };
  }
  return { command: bridged(...words), reason: "it listens on 127.0.0.1 and the port it is told in PORT" };
}

/** Servers that can serve an inherited socket: how they are told, and how they say where they listen otherwise. */
const INHERITING: Readonly<Record<string, { readonly words: readonly string[]; readonly options: readonly string[] }>> =
  {
    gunicorn: { words: ["listen_pid", "gunicorn"], options: ["-b", "--bind"] },
    uvicorn: { words: ["uvicorn", "--fd", "3"], options: ["--port", "--host", "--uds"] },
    hypercorn: { words: ["hypercorn", "--bind", "fd://3"], options: ["-b", "--bind"] },
  };

function inheriting([program = "", ...given]: readonly string[]): readonly string[] | undefined {
  const known = INHERITING[program];
  if (known === undefined) return undefined;
  const kept: string[] = [];
  for (let index = 0; index < given.length; index++) {
    const word = given[index] ?? "";
    if (known.options.includes(word)) index++;
    else if (!known.options.some((option) => word.startsWith(`${option}=`))) kept.push(word);
  }
  return [...known.words, ...kept];
}

/** An executable file: the one that was named, or the only one of the directory. */
export function detectProgram(facts: Facts): Verdict {
  const programs = facts.entries.filter(({ kind, program }) => kind === "file" && program).map(({ name }) => name);
  const chosen = facts.named === undefined ? programs : programs.filter((name) => name === facts.named);
  const [name, ...others] = chosen;
  if (name === undefined) return undefined;
  if (others.length > 0) {
    return {
      refused: {
        code: "MF3105",
        severity: "error",
        message: `${facts.directory} holds ${chosen.length} programs: ${chosen.join(", ")}`,
        fix: `name one (metwork serve ${name}), or write a Procfile: \`web: ./${name}\``,
      },
    };
  }
  if (!isWritable(facts.arguments)) {
    return {
      refused: {
        code: "MF3106",
        severity: "error",
        message: "an argument holds a line end or double braces, which config.ini cannot hold",
        fix: "put the call into a script and serve that",
      },
    };
  }
  const { command, reason } = webCommand([`./${name}`, ...facts.arguments]);
  return {
    kind: "program",
    web: { command, debugOptions: "", gateway: "proxy", stopSignal: 15, one: false },
    daemons: [],
    needs: ["nodejs@mfext", "-python3@mfext"],
    ...(facts.named === undefined ? {} : { only: [name] }),
    restartOn: [name],
    reasons: [`${name} is a program`, reason],
  };
}
