import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { format } from "../src/core/base/diagnostic.ts";
import type { ModuleName, ModulePaths } from "../src/core/module/paths.ts";
import { manifestOf, SERVED_ID, servedId } from "../src/core/plan/manifest.ts";
import { plan } from "../src/core/plan/plan.ts";
import type { Plan } from "../src/core/plan/types.ts";
import { findPrograms } from "../src/system/host/programs.ts";
import { materialise, readInput, temporaryHome } from "./support/planned.ts";

/**
 * A case is a directory: `input/` is a runtime home as a user left it, `expected/` what a plan makes of it on the example
 * machine. `UPDATE_GOLDEN=1` writes what is there now; read the diff before committing it.
 */
const CASES = join(import.meta.dirname, "golden");
const UPDATE = process.env["UPDATE_GOLDEN"] === "1";
const programs = findPrograms();

for (const name of readdirSync(CASES).sort()) {
  const module = name.split("-")[0] as ModuleName;
  const home = join(CASES, name);
  describe(name, () => {
    test("plans what is expected", async () => {
      using runtime = temporaryHome(module, join(home, "input"));
      const actual = await expectation(runtime.paths);
      if (UPDATE) rewrite(join(home, "expected"), actual);
      assert.deepEqual(Object.fromEntries(actual), Object.fromEntries(readTree(join(home, "expected"))));
    });

    const testNginx = existsSync(join(home, "expected", "tree", "nginx.conf")) ? test : undefined;
    testNginx?.("nginx accepts it", { skip: programs.nginx === undefined && "nginx is not installed" }, async () => {
      using runtime = temporaryHome(module, join(home, "input"));
      const planned = await planHere(runtime.paths);
      const configAuto = materialise(planned, runtime.paths);
      const file = join(configAuto, "nginx.conf");
      const tried = spawnSync(programs.nginx ?? "", ["-t", "-q", "-e", "stderr", "-p", configAuto, "-c", file], {
        encoding: "utf8",
      });
      assert.equal(tried.stderr, "");
      assert.equal(tried.status, 0);
    });

    test("systemd accepts its units", { skip: !hasSystemd() && "systemd-analyze is not installed" }, async () => {
      using runtime = temporaryHome(module, join(home, "input"));
      const planned = await planHere(runtime.paths);
      const units = join(materialise(planned, runtime.paths), "systemd");
      const names = readdirSync(units).map((unit) => join(units, unit.replace("@.", "@1.")));
      // Parts of plugins start through env: the fixture's commands need not exist.
      const verified = spawnSync("systemd-analyze", ["verify", "--man=no", ...names], {
        encoding: "utf8",
        env: { ...process.env, SYSTEMD_UNIT_PATH: `${units}:` },
      });
      assert.equal(verified.stderr, "");
      assert.equal(verified.status, 0);
    });
  });
}

/** The plan as the programs of this machine would get it. */
async function planHere(paths: ModulePaths): Promise<Plan> {
  const { input } = await readInput(paths);
  const uid = process.getuid?.() ?? 0;
  const planned = plan({ ...input, programs, host: { ...input.host, uid } });
  assert.ok(planned.ok);
  return planned.value;
}

/** Everything a plan says, as texts by path, on the example machine. */
async function expectation(paths: ModulePaths): Promise<Map<string, string>> {
  const installed = installedAt(paths);
  const { input, notes } = installed(await readInput(paths));
  const planned = plan(input);
  const texts = new Map<string, string>();
  texts.set("diagnostics.txt", [...notes, ...planned.notes].map((note) => `${format(note)}\n`).join("\n"));
  if (planned.ok) {
    const { tree, services, directories } = planned.value;
    const served = servedId(manifestOf(planned.value));
    for (const [path, file] of tree) texts.set(`tree/${path}`, file.text.replaceAll(served, SERVED_ID));
    texts.set("services.json", `${JSON.stringify(services, null, 2)}\n`);
    texts.set("modes.txt", lines([...tree].map(([path, { mode }]) => `${mode.toString(8)} ${path}`)));
    texts.set("directories.txt", lines(directories.map(({ path, mode }) => `${mode.toString(8)} ${path}`)));
  }
  return texts;
}

/** Moves everything read from a checkout and a temporary home to where an installed appliance has it. */
function installedAt({ runtime, root, etc, module }: ModulePaths): <T>(value: T) => T {
  const move = (value: unknown): unknown => {
    if (typeof value === "string") {
      return value.replaceAll(runtime, `/home/${module}`).replaceAll(etc, "/etc").replaceAll(root, "/opt/metwork");
    }
    if (Array.isArray(value)) return value.map(move);
    if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, move(item)]));
    if (value instanceof Set || typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, move(item)]));
  };
  return <T>(value: T) => move(value) as T;
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join("");
}

function readTree(directory: string): Map<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return new Map(paths.map((path) => [path.slice(directory.length + 1), readFileSync(path, "utf8")]));
}

function rewrite(directory: string, texts: ReadonlyMap<string, string>): void {
  rmSync(directory, { recursive: true, force: true });
  for (const [path, text] of texts) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
}

function hasSystemd(): boolean {
  return spawnSync("systemd-analyze", ["--version"]).status === 0;
}
