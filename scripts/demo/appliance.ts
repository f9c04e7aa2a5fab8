import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../src/kit/exec.ts";

export const root = join(import.meta.dirname, "..", "..");
export const demoHome = join(root, "build", "demo");
export const ports = { mfserv: 18868, mfdata: 9091 } as const;

const env: Record<string, string | undefined> = {
  ...process.env,
  METWORK_RUNTIME_ROOT: demoHome,
  METWORK_ETC: join(demoHome, "etc"),
  // The demo must also run in a container, where there may be nobody but root.
  ...(process.getuid?.() === 0 ? { METWORK_ALLOW_USAGE_BY_ROOT: "1" } : {}),
};

/** Types one of the project's commands as a user would, in sight. Throws when it fails. */
export function type(words: readonly [string, ...string[]], cwd = demoHome): Promise<string> {
  console.log(`  $ ${words.join(" ")}`);
  return command(words, cwd);
}

/** The same out of sight. */
export async function command(words: readonly [string, ...string[]], cwd = demoHome): Promise<string> {
  mkdirSync(cwd, { recursive: true });
  const [name, ...args] = words;
  const done = await run([join(root, "bin", name), ...args], { cwd, env, timeoutMs: 120_000 });
  if (done.code !== 0) throw new Error(`${words.join(" ")} ended with ${done.code}\n${done.stdout}${done.stderr}`);
  return done.stdout;
}

/** What a command printed, under the line that typed it. */
export function indented(text: string): string {
  return text.trimEnd().replace(/^/gm, "    ");
}
