import { createInterface } from "node:readline";

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  license: ["Proprietary", "BSD", "MIT", "GPL", "Specific"],
};

/**
 * Asks for each of these in turn, showing what it is when nothing is typed; of choices the number counts, too. Lines that are there
 * before their question answer it. undefined: whoever was asked broke off.
 */
export async function ask(
  defaults: Readonly<Record<string, string>>,
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
): Promise<Record<string, string> | undefined> {
  const terminal = createInterface({ input, output });
  const lines = terminal[Symbol.asyncIterator]();
  let ended = false;
  terminal.once("close", () => (ended = true));
  try {
    const answers: Record<string, string> = {};
    for (const [key, initial] of Object.entries(defaults)) {
      const choices = CHOICES[key] ?? [];
      const shown = choices.map((choice, index) => `${index + 1}: ${choice}`).join(", ");
      terminal.setPrompt(`${key}${shown === "" ? "" : ` (${shown})`} [${initial}]: `);
      // What was typed before the end still answers.
      if (!ended) terminal.prompt();
      const line = await lines.next();
      if (line.done === true) return undefined;
      const typed = line.value.trim();
      answers[key] = choices[Number(typed) - 1] ?? (typed || initial);
    }
    return answers;
  } finally {
    terminal.close();
  }
}
