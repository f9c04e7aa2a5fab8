/** A module's `config.ini` as the user first gets it: headers and comments kept, every other line commented out. */
export function commentedCopy(shipped: string, shippedPath: string): string {
  const lines = shipped.split(/\r?\n/).map((line) => (/^\s*([#[]|$)/.test(line) ? line : `# ${line}`));
  return [
    "# Your changes to the module's configuration go here.",
    "# Each option shows its default; to change one, remove the `# ` before it and edit the value.",
    `# The defaults are in ${shippedPath}; what stands here wins over them.`,
    "#",
    ...lines,
  ].join("\n");
}

/** Whether the user has set anything: a line other than a header or a comment that holds a letter. */
export function hasActiveLine(text: string): boolean {
  return text.split(/\r?\n/).some((line) => !/^\s*[#[]/.test(line) && /\p{L}/u.test(line));
}
