import assert from "node:assert/strict";
import { existsSync, lstatSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { pluginConfigFiles } from "../../src/core/module/paths.ts";
import { gatherHost } from "../../src/system/host/host.ts";
import { loadConfig } from "../../src/system/load/config.ts";
import { loadPlugins } from "../../src/system/load/plugins.ts";
import { buildArchive } from "../../src/system/plugins/build.ts";
import { developPlugin } from "../../src/system/plugins/develop.ts";
import { inspectPlugin, listPlugins } from "../../src/system/plugins/inspect.ts";
import { installPlugin } from "../../src/system/plugins/install.ts";
import { provisionPlugins } from "../../src/system/plugins/provision.ts";
import { uninstallPlugin } from "../../src/system/plugins/uninstall.ts";
import { archiveOf, GENERAL, homeOf, pluginFiles, sandbox, writeFiles } from "./plugins-fixture.ts";

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
