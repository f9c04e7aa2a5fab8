import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ignore from "ignore";
import { listDirectory, readTextFile } from "../../kit/fs.ts";

const INCLUDES = ".autorestart_includes";
const EXCLUDES = ".autorestart_excludes";

/** What of a plugin's code there is, and where a change of it would show. */
export interface Code {
  /** Equal code has equal digests. */
  readonly digest: string;
  readonly inputs: readonly string[];
}

/**
 * Reads the code a plugin wants its processes restarted for: files that `.autorestart_includes` names and
 * `.autorestart_excludes` does not, both in the syntax of .gitignore. undefined: it names none. `read` holds files,
 * relative to the home, whose content counts elsewhere.
 */
export function readCode(home: string, read: ReadonlySet<string>): Code | undefined {
  const patterns = readTextFile(join(home, INCLUDES));
  if (!patterns.ok) return undefined;
  const included = ignore().add(patterns.text);
  const left = readTextFile(join(home, EXCLUDES));
  const excluded = ignore().add(left.ok ? left.text : "");
  const inputs = [join(home, INCLUDES), join(home, EXCLUDES)];
  const hash = createHash("sha256");
  const walk = (directory: string): void => {
    const listed = listDirectory(join(home, directory));
    inputs.push(join(home, directory));
    for (const { name, kind } of listed.ok ? listed.entries : []) {
      const path = directory === "" ? name : `${directory}/${name}`;
      if (kind === "directory") {
        if (!name.startsWith(".git") && !excluded.ignores(`${path}/`)) walk(path);
      } else if (included.ignores(path) && !excluded.ignores(path) && !read.has(path)) {
        inputs.push(join(home, path));
        hash.update(`${path}\0`).update(contentOf(join(home, path)));
      }
    }
  };
  walk("");
  return { digest: hash.digest("hex").slice(0, 16), inputs };
}

/** A file that vanished meanwhile, or must not be read, is told from an empty one. */
function contentOf(file: string): Buffer | string {
  try {
    return readFileSync(file);
  } catch {
    return "\0";
  }
}
