import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type ModulePaths, runtimeLayout } from "../../src/core/module/paths.ts";

/** A directory of the test's own; `write` makes what is above a file too. */
export function workplace() {
  const home = mkdtempSync(join(tmpdir(), "doc-"));
  const paths: ModulePaths = {
    module: "mfserv",
    root: home,
    home: join(home, "home"),
    mfext: join(home, "ext"),
    runtime: join(home, "rt"),
    etc: join(home, "etc"),
  };
  return {
    home,
    paths,
    layout: runtimeLayout(paths.runtime),
    write(path: string, text: string, mode = 0o644): string {
      const file = join(home, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
      chmodSync(file, mode);
      return file;
    },
    [Symbol.dispose]: () => rmSync(home, { recursive: true, force: true }),
  };
}

/** The same server, once it listens. */
export async function listening(server: Server): Promise<Server> {
  await once(server, "listening");
  return server;
}
