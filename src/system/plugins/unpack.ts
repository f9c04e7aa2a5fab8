import { createReadStream } from "node:fs";
import { type ReadEntry, Unpack } from "tar";
import { archiveJudge } from "../../core/plugin/archive-entry.ts";
import { done, type Outcome, problem, reasonOf, refused } from "./failure.ts";

/**
 * Unpacks a `.plugin` archive into an empty directory, without its root `metwork_plugin/`. The first entry that could do
 * harm ends it; what is then in the directory must not be used. Nobody's files but the caller's come out of it.
 */
export async function unpackArchive(file: string, into: string): Promise<Outcome<void>> {
  const judge = archiveJudge();
  const source = createReadStream(file);
  let bad: string | undefined;
  const accept = (path: string, entry: ReadEntry): boolean => {
    if (bad !== undefined) return false;
    const { type, linkpath, mode = 0, size } = entry;
    const reason = judge({ path, type, mode, size, ...(linkpath === undefined ? {} : { linkpath }) });
    if (reason === undefined) return true;
    bad = `${JSON.stringify(path)}: ${reason}`;
    source.destroy(new Error(bad));
    return false;
  };
  try {
    await new Promise<void>((resolve, reject) => {
      const unpack = new Unpack({
        cwd: into,
        strip: 1,
        strict: true,
        preserveOwner: false,
        preservePaths: false,
        chmod: true,
        processUmask: 0o022,
        filter: (path, entry) => accept(path, entry as ReadEntry),
      });
      unpack.on("close", () => resolve());
      unpack.on("error", reject);
      source.on("error", reject);
      source.pipe(unpack);
    });
  } catch (error) {
    return refused("refused", notUsable(file, bad, error));
  }
  return bad === undefined ? done(undefined) : refused("refused", notUsable(file, bad, undefined));
}

function notUsable(file: string, bad: string | undefined, error: unknown) {
  if (bad !== undefined) {
    return problem(
      "MF3081",
      `${file} is refused: ${bad}`,
      "do not use this archive; build it again with `make release`",
    );
  }
  const fix = "give a `.plugin` file made by `make release`, or a plugin's directory";
  return problem("MF3082", `${file} is not a usable plugin archive: ${reasonOf(error)}`, fix);
}
