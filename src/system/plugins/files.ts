import { join } from "node:path";
import ignore from "ignore";
import { listDirectory, readTextFile } from "../../kit/fs.ts";

/** A file of a plugin, relative to its home, in the order of an archive. */
export interface PluginFile {
  readonly path: string;
  readonly kind: "file" | "link" | "other";
}

/** The files a release holds: all but those that `.releaseignore` (as .gitignore, `!` included) leaves out. Sorted. */
export function releaseFiles(home: string): readonly PluginFile[] {
  const rules = readTextFile(join(home, ".releaseignore"));
  const ignored = ignore().add(rules.ok ? rules.text : "");
  const files: PluginFile[] = [];
  const walk = (directory: string): void => {
    const listed = listDirectory(join(home, directory));
    for (const entry of listed.ok ? listed.entries : []) {
      const path = directory === "" ? entry.name : `${directory}/${entry.name}`;
      if (entry.kind === "directory") {
        if (!ignored.ignores(`${path}/`)) walk(path);
      } else if (!ignored.ignores(path)) files.push({ path, kind: entry.kind });
    }
  };
  walk("");
  return files;
}
