/**
 * The override file of a plugin as the user first gets it: its config.ini without [general] and private keys, comments
 * kept, every value commented out.
 */
export function overrideTemplate(shipped: string, shippedPath: string): string {
  const lines: string[] = [];
  let waiting: string[] = [];
  let section = "";
  let dropping = false;
  for (const line of shipped.split(/\r?\n/)) {
    const header = /^\s*\[(?<name>[^\]]+)\]/.exec(line)?.groups?.["name"];
    const blankOrComment = /^\s*(?:#|$)/.test(line);
    if (header !== undefined) {
      section = header;
      dropping = false;
      if (isOffered(section)) lines.push(...waiting, line);
      waiting = [];
    } else if (blankOrComment) {
      waiting.push(line);
    } else {
      // A continued value goes with its key.
      if (!/^\s/.test(line)) dropping = line.startsWith("_");
      if (isOffered(section) && !dropping) lines.push(...waiting, `# ${line}`);
      waiting = [];
    }
  }
  return [
    "# Your changes to the plugin's configuration go here.",
    "# Each option shows its default; to change one, remove the `# ` before it and edit the value.",
    `# The defaults are in ${shippedPath}; what stands here wins over them.`,
    ...lines,
    "",
  ].join("\n");
}

function isOffered(section: string): boolean {
  return section !== "general" && section !== "internal" && section !== "" && !section.startsWith("switch_rules");
}
