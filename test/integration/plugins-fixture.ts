import { createHash } from "node:crypto";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { Header } from "tar";
import { type ModuleName, type ModulePaths, modulePaths, runtimeLayout } from "../../src/core/module/paths.ts";

export const root = join(import.meta.dirname, "..", "..");

/** A module's runtime of its own below a temporary directory. */
export interface Sandbox extends Disposable {
  readonly directory: string;
  readonly paths: ModulePaths;
  readonly env: Readonly<Record<string, string>>;
  /** Everything in the runtime but lock and workspace: names, kinds, links, contents. */
  snapshot(): string;
}

/** Where a plugin is once it is installed. */
export function homeOf(box: Sandbox, name: string): string {
  return join(runtimeLayout(box.paths.runtime).plugins, name);
}

export function sandbox(module: ModuleName): Sandbox {
  const directory = mkdtempSync(join(tmpdir(), "metwork-test-"));
  const roots = { METWORK_RUNTIME_ROOT: directory, METWORK_ETC: join(directory, "etc") };
  const paths = modulePaths(module, root, { user: "", userHome: directory, env: roots });
  mkdirSync(join(paths.etc, "metwork.config.d", module, "plugins"), { recursive: true });
  const layout = runtimeLayout(paths.runtime);
  for (const path of [layout.plugins, layout.pluginOverrides, layout.tmp]) mkdirSync(path, { recursive: true });
  const PATH = `${root}/bin:${root}/node_modules/.bin:/usr/bin:/bin`;
  const env = {
    ...roots,
    PATH,
    MFMODULE_VERSION: "1.2.3",
    MFMODULE_RUNTIME_HOME: paths.runtime,
    MFMODULE: module.toUpperCase(),
  };
  return {
    directory,
    paths,
    env,
    snapshot: () => {
      const ignored = [layout.pluginLock, join(layout.var, "plugins.incoming")];
      return [layout.plugins, layout.config, layout.var].flatMap((path) => describe(path, ignored)).join("\n");
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function describe(path: string, ignored: readonly string[]): string[] {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || ignored.includes(path)) return [];
  if (stat.isSymbolicLink()) return [`${path} -> ${readlinkSync(path)}`];
  if (!stat.isDirectory()) return [`${path} ${createHash("sha256").update(readFileSync(path)).digest("hex")}`];
  return [path, ...readdirSync(path).flatMap((name) => describe(join(path, name), ignored))];
}

export const GENERAL =
  "[general]\n_version = 1.0.0\n_summary = s\n_license = BSD\n_url = http://u\n_maintainer = m\n_vendor = v\n";

/** The files of a small valid plugin. */
export function pluginFiles(name: string, module: ModuleName, more: Readonly<Record<string, string>> = {}) {
  return {
    ".layerapi2_label": `plugin_${name}@${module}\n`,
    ".plugin_format_version": "1.0.0\n",
    "config.ini": `${GENERAL}\n[custom]\n# How many.\nfoo = 1\n_hidden = 2\n`,
    ...more,
  };
}

/** Writes files below a directory; names that begin with `!` are executable. */
export function writeFiles(directory: string, files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, name.replace(/^!/, ""));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode: name.startsWith("!") ? 0o755 : 0o644 });
  }
  return directory;
}

export interface RawEntry {
  readonly path: string;
  readonly type?: "File" | "Directory" | "SymbolicLink" | "Link" | "CharacterDevice" | "FIFO";
  readonly linkpath?: string;
  readonly mode?: number;
  readonly text?: string;
}

/** Writes a gzipped tar as given, however wrong: no tool would make these. */
export function writeArchive(file: string, entries: readonly RawEntry[]): string {
  const blocks = entries.flatMap(({ path, type = "File", linkpath, mode = 0o644, text = "" }) => {
    const body = Buffer.from(text);
    const header = new Header({
      path,
      type,
      mode,
      size: body.length,
      uid: 0,
      gid: 0,
      mtime: new Date(0),
      ...(linkpath && { linkpath }),
    });
    const block = Buffer.alloc(512);
    header.encode(block, 0);
    return [block, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
  });
  writeFileSync(file, gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)])));
  return file;
}

export function archiveOf(
  file: string,
  files: Readonly<Record<string, string>>,
  more: readonly RawEntry[] = [],
): string {
  const entries = Object.entries(files).map(([name, text]) => ({
    path: `metwork_plugin/${name.replace(/^!/, "")}`,
    text,
    mode: name.startsWith("!") ? 0o755 : 0o644,
  }));
  return writeArchive(file, [...entries, ...more]);
}
