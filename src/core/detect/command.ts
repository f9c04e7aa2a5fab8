/** The directory that holds the code, in a plugin made by detection. */
export const CODE = "main";

const BARE = /^[A-Za-z0-9_./:=+,@%$-]+$/;

/** Writes words as `_cmd_and_args` reads them back (see `splitWords`). Placeholders stay what they are. */
export function writeCommand(words: readonly string[]): string {
  return words.map(writeWord).join(" ");
}

function writeWord(word: string): string {
  const plain = word.replaceAll(
    /\{(?:unix_socket_path|plugin_dir|timeout|debug_extra_options|plugin_name|app_name)\}/g,
    "",
  );
  if (word !== "" && (plain === "" || BARE.test(plain))) return word;
  return `"${word.replace(/["\\]/g, "\\$&")}"`;
}

/** A command run where the code is. */
export function inCode(...words: readonly string[]): string {
  return writeCommand(["env", `--chdir={plugin_dir}/${CODE}`, ...words]);
}

/** Whether config.ini can hold the words: it is one line, and braces in it are a template's or a placeholder's. */
export function isWritable(words: readonly string[]): boolean {
  return words.every((word) => !/[\p{Cc}]|\{\{|\{%|\{#/u.test(word));
}
