import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { pluginConfigFiles, runtimeLayout } from "../../src/core/module/paths.ts";
import { lockFile } from "../../src/kit/linux/lock.ts";
import { loadPlugins } from "../../src/system/load/plugins.ts";
import { listPlugins } from "../../src/system/plugins/inspect.ts";
import { installPlugin } from "../../src/system/plugins/install.ts";
import {
  archiveOf,
  GENERAL,
  homeOf,
  pluginFiles,
  type RawEntry,
  sandbox,
  writeArchive,
  writeFiles,
} from "./plugins-fixture.ts";

describe("installing a plugin", () => {
  it("from an archive: it is there, its override file is offered, conf_monitor is told", async () => {
    using box = sandbox("mfserv");
    const archive = archiveOf(join(box.directory, "x.plugin"), pluginFiles("foo", "mfserv"));
    const outcome = await installPlugin(box.paths, box.env, archive);
    assert.ok(outcome.ok, JSON.stringify(outcome.notes));
    const { plugins } = await loadPlugins(box.paths, box.env);
    assert.deepEqual(
      plugins.map((plugin) => [plugin.name, plugin.home]),
      [["foo", homeOf(box, "foo")]],
    );
    const override = readFileSync(pluginConfigFiles(box.paths, "foo", "").user, "utf8");
    assert.match(override, /^\[custom\]\n# How many\.\n# foo = 1$/m);
    assert.doesNotMatch(override, /general|_hidden/);
    assert.ok(existsSync(runtimeLayout(box.paths.runtime).confMonitor));
    assert.ok(!existsSync(join(box.paths.runtime, "var", "plugins.incoming")));
  });

  it("from a directory, without what .releaseignore names", async () => {
    using box = sandbox("mfserv");
    const ignore = "/local\n*.pyc\n!keep.pyc\n";
    const files = { ".releaseignore": ignore, "local/x": "", "a.pyc": "", "keep.pyc": "", "bin/y": "" };
    const home = writeFiles(join(box.directory, "src"), pluginFiles("foo", "mfserv", files));
    assert.ok((await installPlugin(box.paths, box.env, home)).ok);
    const there = ["local", "a.pyc", "keep.pyc", "bin/y", ".metadata.json"].filter((name) =>
      existsSync(join(homeOf(box, "foo"), name)),
    );
    assert.deepEqual(there, ["keep.pyc", "bin/y", ".metadata.json"]);
  });

  it("twice is refused; with force the new one takes its place", async () => {
    using box = sandbox("mfserv");
    const one = archiveOf(join(box.directory, "1.plugin"), pluginFiles("foo", "mfserv", { mark: "one" }));
    const two = archiveOf(join(box.directory, "2.plugin"), pluginFiles("foo", "mfserv", { mark: "two" }));
    assert.ok((await installPlugin(box.paths, box.env, one)).ok);
    const before = box.snapshot();
    const again = await installPlugin(box.paths, box.env, two);
    assert.deepEqual([again.ok, again.notes[0]?.code, box.snapshot()], [false, "MF3086", before]);
    assert.ok((await installPlugin(box.paths, box.env, two, { force: true })).ok);
    assert.equal(readFileSync(join(homeOf(box, "foo"), "mark"), "utf8"), "two");
  });

  it("with force: a new one that is no good leaves the old one", async () => {
    using box = sandbox("mfserv");
    assert.ok(
      (await installPlugin(box.paths, box.env, archiveOf(join(box.directory, "1"), pluginFiles("foo", "mfserv")))).ok,
    );
    const before = box.snapshot();
    const bad = [
      pluginFiles("foo", "mfserv", { "config.ini": `${GENERAL}[app_main]\nnumprocesses = many\n` }),
      pluginFiles("foo", "mfserv", { "!postinstall": "#!/bin/sh\necho no luck >&2\nexit 3\n" }),
    ];
    for (const files of bad) {
      const outcome = await installPlugin(box.paths, box.env, archiveOf(join(box.directory, "2"), files), {
        force: true,
      });
      assert.equal(outcome.ok, false);
      assert.equal(box.snapshot(), before);
    }
  });

  it("under a new name, which decides label, place and environment", async () => {
    using box = sandbox("mfserv");
    const archive = archiveOf(join(box.directory, "x.plugin"), pluginFiles("foo", "mfserv"));
    assert.ok((await installPlugin(box.paths, box.env, archive)).ok);
    assert.ok((await installPlugin(box.paths, box.env, archive, { newName: "bar" })).ok);
    const { plugins } = await loadPlugins(box.paths, box.env);
    assert.deepEqual(
      plugins.map((plugin) => plugin.label),
      ["plugin_bar@mfserv", "plugin_foo@mfserv"],
    );
  });

  for (const name of ["a/b", "../a", "a\nb", "", "plugin_a", "__a", "config", "a b", "é", "a".repeat(65)]) {
    it(`under the name ${JSON.stringify(name.slice(0, 12))} is refused`, async () => {
      using box = sandbox("mfserv");
      const before = box.snapshot();
      const archive = archiveOf(join(box.directory, "x.plugin"), pluginFiles("foo", "mfserv"));
      const renamed = await installPlugin(box.paths, box.env, archive, { newName: name });
      assert.deepEqual([renamed.ok, !renamed.ok && renamed.why, renamed.notes[0]?.code], [false, "name", "MF3001"]);
      const labelled = archiveOf(join(box.directory, "y.plugin"), {
        ...pluginFiles("foo", "mfserv"),
        ".layerapi2_label": `plugin_${name}@mfserv`,
      });
      assert.equal((await installPlugin(box.paths, box.env, labelled)).ok, false);
      assert.equal(box.snapshot(), before);
      assert.deepEqual(await listPlugins(box.paths, box.env), []);
    });
  }

  it("runs postinstall in its home and environment, and undoes everything when that fails", async () => {
    using box = sandbox("mfserv");
    const works = '#!/bin/sh\necho "$MFSERV_CURRENT_PLUGIN_NAME $MFSERV_CURRENT_PLUGIN_CUSTOM_FOO $PWD" > done\n';
    const archive = archiveOf(join(box.directory, "1"), pluginFiles("foo", "mfserv", { "!postinstall": works }));
    assert.ok((await installPlugin(box.paths, box.env, archive)).ok);
    assert.equal(readFileSync(join(homeOf(box, "foo"), "done"), "utf8"), `foo 1 ${homeOf(box, "foo")}\n`);
    const before = box.snapshot();
    const fails = archiveOf(
      join(box.directory, "2"),
      pluginFiles("bar", "mfserv", { "!postinstall": "#!/bin/sh\nexit 3\n" }),
    );
    const outcome = await installPlugin(box.paths, box.env, fails);
    assert.deepEqual([outcome.ok, !outcome.ok && outcome.why, outcome.notes[0]?.code], [false, "failed", "MF3084"]);
    assert.equal(box.snapshot(), before);
  });

  it("says where in the archive a mistake is", async () => {
    using box = sandbox("mfserv");
    const config = `${GENERAL}[app_main]\ntimeout = soon\n`;
    const archive = archiveOf(join(box.directory, "x.plugin"), pluginFiles("foo", "mfserv", { "config.ini": config }));
    const outcome = await installPlugin(box.paths, box.env, archive);
    assert.deepEqual(
      [outcome.ok, outcome.notes[0]?.at?.file, outcome.notes[0]?.at?.line],
      [false, join(archive, "config.ini"), 9],
    );
  });

  it("refuses files that would be shared with another plugin", async () => {
    using box = sandbox("mfserv");
    const app = (name: string) => ({ "config.ini": `${GENERAL}[app_${name}]\ndebug = 0\n` });
    const one = archiveOf(join(box.directory, "1"), pluginFiles("a_b", "mfserv", app("c")));
    const two = archiveOf(join(box.directory, "2"), pluginFiles("c", "mfserv", app("b_c")));
    assert.ok((await installPlugin(box.paths, box.env, one)).ok);
    const outcome = await installPlugin(box.paths, box.env, two, { newName: "a" });
    assert.deepEqual([outcome.ok, outcome.notes[0]?.code], [false, "MF3070"]);
  });

  it("waits for another command, but not for ever", async () => {
    using box = sandbox("mfserv");
    const archive = archiveOf(join(box.directory, "x.plugin"), pluginFiles("foo", "mfserv"));
    const layout = runtimeLayout(box.paths.runtime);
    const lock = await lockFile(layout.pluginLock, { waitMs: 0 });
    const outcome = await installPlugin(box.paths, box.env, archive, { waitMs: 100 });
    assert.deepEqual([outcome.ok, !outcome.ok && outcome.why, outcome.notes[0]?.code], [false, "busy", "MF3080"]);
    const waiting = installPlugin(box.paths, box.env, archive);
    lock.release();
    assert.ok((await waiting).ok);
  });
});

describe("an archive that could do harm", () => {
  const attacks: Readonly<Record<string, readonly RawEntry[]>> = {
    "a path that climbs": [{ path: "metwork_plugin/../../../evil", text: "x" }],
    "an absolute path": [{ path: "/tmp/metwork-evil", text: "x" }],
    "a link to an absolute path": [{ path: "metwork_plugin/l", type: "SymbolicLink", linkpath: "/etc" }],
    "a link that leads out": [{ path: "metwork_plugin/l", type: "SymbolicLink", linkpath: "../.." }],
    "a file through a link": [
      { path: "metwork_plugin/l", type: "SymbolicLink", linkpath: "." },
      { path: "metwork_plugin/l/evil", text: "x" },
    ],
    "a hard link out": [{ path: "metwork_plugin/l", type: "Link", linkpath: "../../config/config.ini" }],
    "a device": [{ path: "metwork_plugin/d", type: "CharacterDevice" }],
    "a fifo": [{ path: "metwork_plugin/f", type: "FIFO" }],
    "a setuid program": [{ path: "metwork_plugin/s", mode: 0o4755, text: "x" }],
    "a second label": [{ path: "metwork_plugin/.layerapi2_label", text: "plugin_other@mfserv" }],
  };
  for (const [what, entries] of Object.entries(attacks)) {
    it(`is refused: ${what}`, async () => {
      using box = sandbox("mfserv");
      const first = archiveOf(join(box.directory, "1"), pluginFiles("there", "mfserv"));
      assert.ok((await installPlugin(box.paths, box.env, first)).ok);
      const before = box.snapshot();
      const archive = archiveOf(join(box.directory, "x.plugin"), pluginFiles("foo", "mfserv"), entries);
      const outcome = await installPlugin(box.paths, box.env, archive);
      assert.equal(outcome.ok, false);
      assert.equal(outcome.notes[0]?.code, "MF3081");
      assert.equal(box.snapshot(), before);
      assert.ok(!existsSync("/tmp/metwork-evil"));
    });
  }

  for (const [what, make] of Object.entries({
    "no archive at all": (file: string) => writeFileSync(file, "hello"),
    "an empty file": (file: string) => writeFileSync(file, ""),
    "a truncated archive": (file: string) => {
      archiveOf(file, pluginFiles("foo", "mfserv", { big: "x".repeat(200_000) + Math.random() }));
      writeFileSync(file, readFileSync(file).subarray(0, -60));
    },
    "an archive without label": (file: string) =>
      writeArchive(file, [{ path: "metwork_plugin/config.ini", text: GENERAL }]),
    "a plugin of another module": (file: string) => archiveOf(file, pluginFiles("foo", "mfdata")),
  })) {
    it(`is refused: ${what}`, async () => {
      using box = sandbox("mfserv");
      const file = join(box.directory, "x.plugin");
      make(file);
      const outcome = await installPlugin(box.paths, box.env, file);
      assert.deepEqual([outcome.ok, !outcome.ok && outcome.why], [false, "refused"]);
      assert.deepEqual(await listPlugins(box.paths, box.env), []);
    });
  }
});
