import assert from "node:assert/strict";
import { existsSync, lstatSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { pluginConfigFiles, runtimeLayout } from "../../src/core/module/paths.ts";
import { lockFile } from "../../src/kit/linux/lock.ts";
import { gatherHost } from "../../src/system/host/host.ts";
import { loadConfig } from "../../src/system/load/config.ts";
import { loadPlugins } from "../../src/system/load/plugins.ts";
import { buildArchive } from "../../src/system/plugins/build.ts";
import { developPlugin } from "../../src/system/plugins/develop.ts";
import { inspectPlugin, listPlugins } from "../../src/system/plugins/inspect.ts";
import { installPlugin } from "../../src/system/plugins/install.ts";
import { provisionPlugins } from "../../src/system/plugins/provision.ts";
import { uninstallPlugin } from "../../src/system/plugins/uninstall.ts";
import {
  archiveOf,
  GENERAL,
  pluginFiles,
  type RawEntry,
  sandbox,
  writeArchive,
  writeFiles,
} from "./plugins-fixture.ts";

const homeOf = (box: ReturnType<typeof sandbox>, name: string): string =>
  join(runtimeLayout(box.paths.runtime).plugins, name);

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

describe("uninstalling", () => {
  it("removes the plugin and an override file in which nothing is set", async () => {
    using box = sandbox("mfserv");
    const archive = archiveOf(join(box.directory, "x.plugin"), pluginFiles("foo", "mfserv"));
    const { user } = pluginConfigFiles(box.paths, "foo", "");
    assert.ok((await installPlugin(box.paths, box.env, archive)).ok);
    assert.ok((await uninstallPlugin(box.paths, "some/path/foo")).ok);
    assert.deepEqual([existsSync(homeOf(box, "foo")), existsSync(user)], [false, false]);
    const again = await uninstallPlugin(box.paths, "foo");
    assert.deepEqual([again.ok, again.notes[0]?.code], [false, "MF3087"]);
  });

  it("keeps what the user has set, and the next install too; clean removes it", async () => {
    using box = sandbox("mfserv");
    const archive = archiveOf(join(box.directory, "x.plugin"), pluginFiles("foo", "mfserv"));
    const { user } = pluginConfigFiles(box.paths, "foo", "");
    assert.ok((await installPlugin(box.paths, box.env, archive)).ok);
    writeFileSync(user, "[custom]\nfoo = 7\n");
    assert.ok((await uninstallPlugin(box.paths, "foo")).ok);
    const outcome = await installPlugin(box.paths, box.env, archive);
    assert.deepEqual([outcome.ok, outcome.notes[0]?.code, existsSync(`${user}.new`)], [true, "MF3083", true]);
    assert.equal((await loadPlugins(box.paths, box.env)).plugins[0]?.settings["CUSTOM_FOO"], "7");
    assert.ok((await uninstallPlugin(box.paths, "foo", { clean: true })).ok);
    assert.deepEqual([existsSync(user), existsSync(`${user}.new`)], [false, false]);
  });

  it("knows the addresses of the hosts its settings name", async () => {
    using box = sandbox("mfdata");
    const custom = "[custom]\nftp_hostname = localhost\npeers_hostnames = 10.1.2.3;no-such-host.invalid\n";
    const daemon = "[extra_daemon_x]\n_cmd_and_args = sleep {CUSTOM_FTP_HOSTNAME_IP}\nnumprocesses = 1\n";
    writeFiles(homeOf(box, "foo"), pluginFiles("foo", "mfdata", { "config.ini": `${GENERAL}${custom}${daemon}` }));
    const { plugins, broken } = await loadPlugins(box.paths, box.env);
    assert.deepEqual(broken, []);
    assert.equal(plugins[0]?.settings["CUSTOM_FTP_HOSTNAME_IP"], "127.0.0.1");
    assert.equal(plugins[0]?.settings["CUSTOM_PEERS_HOSTNAMES_IPS"], "10.1.2.3;dns_error");
  });

  it("works on broken plugins, which are listed as error and stop nobody", async () => {
    using box = sandbox("mfserv");
    writeFiles(homeOf(box, "broken"), { "config.ini": GENERAL });
    writeFiles(homeOf(box, "good"), pluginFiles("good", "mfserv"));
    assert.deepEqual(
      (await listPlugins(box.paths, box.env)).map(({ name, version }) => [name, version]),
      [
        ["broken", "error"],
        ["good", "1.0.0"],
      ],
    );
    assert.ok((await uninstallPlugin(box.paths, "broken")).ok);
    assert.deepEqual((await loadPlugins(box.paths, box.env)).broken, []);
  });
});

describe("a working directory", () => {
  it("is linked once, edited in place, and survives the uninstall", async () => {
    using box = sandbox("mfserv");
    const source = writeFiles(join(box.directory, "src"), pluginFiles("foo", "mfserv"));
    const first = await developPlugin(box.paths, box.env, source);
    assert.deepEqual(first.ok && first.value, { name: "foo", already: false });
    assert.ok(lstatSync(homeOf(box, "foo")).isSymbolicLink());
    const second = await developPlugin(box.paths, box.env, source);
    assert.deepEqual(second.ok && second.value.already, true);
    assert.deepEqual((await listPlugins(box.paths, box.env))[0]?.version, "dev_link");
    assert.ok((await uninstallPlugin(box.paths, "foo")).ok);
    assert.deepEqual([existsSync(homeOf(box, "foo")), existsSync(join(source, "config.ini"))], [false, true]);
  });

  it("is not linked when it is broken, or when the plugin is installed otherwise", async () => {
    using box = sandbox("mfserv");
    const broken = writeFiles(join(box.directory, "b"), pluginFiles("foo", "mfserv", { "config.ini": "[general]\n" }));
    assert.equal((await developPlugin(box.paths, box.env, broken)).ok, false);
    assert.deepEqual(await listPlugins(box.paths, box.env), []);
    const source = writeFiles(join(box.directory, "src"), pluginFiles("foo", "mfserv"));
    assert.ok((await installPlugin(box.paths, box.env, source)).ok);
    const outcome = await developPlugin(box.paths, box.env, source);
    assert.deepEqual([outcome.ok, !outcome.ok && outcome.why], [false, "name"]);
  });

  it("replaced by force stays where it is", async () => {
    using box = sandbox("mfserv");
    const source = writeFiles(join(box.directory, "src"), pluginFiles("foo", "mfserv"));
    assert.ok((await developPlugin(box.paths, box.env, source)).ok);
    assert.ok((await installPlugin(box.paths, box.env, source, { force: true })).ok);
    assert.deepEqual(
      [lstatSync(homeOf(box, "foo")).isDirectory(), existsSync(join(source, "config.ini"))],
      [true, true],
    );
  });
});

describe("building an archive", () => {
  const stamp = { host: "h", date: new Date("2026-01-02T03:04:05Z") };

  it("gives the same bytes for the same files, which say what the archive holds", async () => {
    using box = sandbox("mfserv");
    const source = writeFiles(join(box.directory, "src"), pluginFiles("foo", "mfserv", { "!bin/x": "#!/bin/sh\n" }));
    const built = await buildArchive(box.paths, box.env, source, box.directory, stamp);
    assert.ok(built.ok, JSON.stringify(built.notes));
    assert.equal(built.value, join(box.directory, "foo-1.0.0-1.metwork.mfserv.plugin"));
    const bytes = readFileSync(built.value);
    rmSync(built.value);
    assert.ok((await buildArchive(box.paths, box.env, source, box.directory, stamp)).ok);
    assert.deepEqual(readFileSync(built.value), bytes);
    const info = await inspectPlugin(box.paths, box.env, built.value);
    assert.ok(info.ok);
    assert.equal(info.value.metadata.build_date, "2026-01-02T03:04:05Z");
    assert.ok(info.value.files.includes("bin/x"));
    assert.ok((await installPlugin(box.paths, box.env, built.value)).ok);
    const installed = await inspectPlugin(box.paths, box.env, "foo");
    assert.deepEqual(installed.ok && installed.value.metadata, info.value.metadata);
    assert.equal(lstatSync(join(homeOf(box, "foo"), "bin/x")).mode & 0o777, 0o755);
  });

  it("refuses a directory that could not be installed", async () => {
    using box = sandbox("mfserv");
    const source = writeFiles(
      join(box.directory, "src"),
      pluginFiles("foo", "mfserv", { "config.ini": "[general]\n" }),
    );
    assert.equal((await buildArchive(box.paths, box.env, source, box.directory)).ok, false);
  });
});

describe("provisioning", () => {
  it("installs internal and external plugins, each build once, and reports what is no good", async () => {
    using box = sandbox("mfserv");
    const config = await loadConfig(box.paths, gatherHost(), box.env);
    assert.ok(config.ok, JSON.stringify(config.notes));
    const external = join(box.paths.etc, "metwork.config.d", "mfserv", "plugins");
    writeFileSync(join(external, "a.plugin"), "garbage");
    const source = writeFiles(join(box.directory, "src"), pluginFiles("ext", "mfserv"));
    assert.ok((await buildArchive(box.paths, box.env, source, external, { host: "h", date: new Date(0) })).ok);
    const paths = { ...box.paths, home: writeFiles(join(box.directory, "home"), { "share/plugins/.keep": "" }) };
    const welcome = writeFiles(join(box.directory, "welcome"), pluginFiles("welcome", "mfserv"));
    assert.ok((await buildArchive(box.paths, box.env, welcome, join(paths.home, "share", "plugins"))).ok);

    const notes = await provisionPlugins(paths, config.value);
    assert.deepEqual(
      notes.map((note) => [note.code, note.severity]),
      [["MF3082", "warning"]],
    );
    assert.deepEqual(
      (await listPlugins(paths, box.env)).map(({ name }) => name),
      ["ext", "welcome"],
    );

    const { user } = pluginConfigFiles(paths, "ext", "");
    writeFileSync(user, "[custom]\nfoo = 7\n");
    const before = box.snapshot();
    await provisionPlugins(paths, config.value);
    assert.equal(box.snapshot(), before);

    writeFiles(source, { extra: "new" });
    assert.ok((await buildArchive(box.paths, box.env, source, external, { host: "h", date: new Date(86_400_000) })).ok);
    await provisionPlugins(paths, config.value);
    assert.ok(existsSync(join(homeOf(box, "ext"), "extra")));
    assert.equal(readFileSync(user, "utf8"), "[custom]\nfoo = 7\n");
  });
});
