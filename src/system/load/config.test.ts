import assert from "node:assert/strict";
import {
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { flagOf, listOf, numberOf, optionalNumberOf, optionalTextOf, textOf } from "../../core/config/access.ts";
import { configFiles, modulePaths } from "../../core/module/paths.ts";
import { gatherHost } from "../host/host.ts";
import { loadConfig, prepareUserConfig } from "./config.ts";

const root = join(import.meta.dirname, "..", "..", "..");
const host = gatherHost();

/** A private runtime home and /etc, with the given files in them. */
function makeModule(context: TestContext, files: Readonly<Record<string, string | Uint8Array>> = {}) {
  const home = mkdtempSync(join(tmpdir(), "load-config-"));
  context.after(() => rmSync(home, { recursive: true }));
  const env = { METWORK_RUNTIME_ROOT: home, METWORK_ETC: join(home, "etc") };
  const paths = modulePaths("mfserv", root, { user: "someone", userHome: "/nowhere", env });
  const where: Readonly<Record<string, string>> = { ...configFiles(paths), name: join(paths.etc, "metwork.config") };
  for (const [name, content] of Object.entries(files)) {
    const path = where[name] ?? join(home, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return { home, paths, where };
}

test("without any file of the user's the shipped values hold", async (context) => {
  const { paths, where } = makeModule(context);
  const loaded = await loadConfig(paths, host, {});
  assert.ok(loaded.ok);
  assert.deepEqual(loaded.notes, []);
  assert.equal(numberOf(loaded.value, "nginx.port"), 18868);
  assert.equal(flagOf(loaded.value, "nginx.flag"), true);
  assert.equal(textOf(loaded.value, "nginx.clientbody_temp_path"), `${paths.runtime}/var/nginx2`);
  assert.equal(optionalTextOf(loaded.value, "admin.hostname"), undefined);
  assert.equal(optionalNumberOf(loaded.value, "nginx.https_port"), undefined);
  assert.equal(listOf(loaded.value, "nginx.real_ip_set_from", ",").length, 3);
  assert.equal(loaded.value.configurationName, "GENERIC");
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  assert.equal(loaded.value.env["MFMODULE_VERSION"], version);
  assert.deepEqual(loaded.inputs, [where["name"], where["package"], where["user"], where["site"]]);
});

test("asking for an option wrongly is a bug, not a value", async (context) => {
  const loaded = await loadConfig(makeModule(context).paths, host, {});
  assert.ok(loaded.ok);
  const { value } = loaded;
  assert.throws(() => numberOf(value, "nginx.prot"), /no option is called nginx.prot/);
  assert.throws(() => numberOf(value, "nginx.flag"), /not a number but boolean/);
  assert.throws(() => numberOf(value, "nginx.https_port"), /null/);
});

test("site beats user beats package, and the losers are remembered", async (context) => {
  const { paths, where } = makeModule(context, {
    user: "[nginx]\nport = 1001\ntimeout = 5\n",
    site: "[nginx]\n\nport = 1002\n",
  });
  const loaded = await loadConfig(paths, host, {});
  assert.ok(loaded.ok);
  const port = loaded.value.values.get("nginx.port");
  assert.equal(port?.value, 1002);
  assert.deepEqual([port?.origin, port?.at?.file, port?.at?.line], ["site", where["site"], 3]);
  assert.deepEqual(
    port?.shadows.map(({ origin, raw }) => [origin, raw]),
    [
      ["user", "1001"],
      ["package", "18868"],
    ],
  );
  assert.equal(loaded.value.env["MFSERV_NGINX_PORT"], "1002");
  assert.equal(numberOf(loaded.value, "nginx.timeout"), 5);
});

test("the configuration's name chooses variants: of the file, or of the environment", async (context) => {
  const { paths } = makeModule(context, { name: "# c\nDEV_JOHN\n", user: "[nginx]\nport[DEV] = 1\nport[PROD] = 2\n" });
  const port = async (env: Record<string, string>) => {
    const loaded = await loadConfig(paths, host, env);
    return loaded.ok ? numberOf(loaded.value, "nginx.port") : loaded.notes;
  };
  assert.equal(await port({}), 1);
  assert.equal(await port({ MFCONFIG: "prod" }), 2);
  assert.equal(await port({ MFCONFIG: "OTHER" }), 18868);
});

test("a module's own environment, loaded again, follows the file", async (context) => {
  const { paths, where } = makeModule(context, { name: "DEV" });
  const before = await loadConfig(paths, host, {});
  assert.ok(before.ok);
  writeFileSync(where["name"] ?? "", "PROD");
  const after = await loadConfig(paths, host, before.value.env);
  assert.ok(after.ok);
  assert.equal(after.value.configurationName, "PROD");
});

const BROKEN: readonly (readonly [what: string, files: Record<string, string | Uint8Array>, found: string])[] = [
  ["Latin-1 text", { user: Buffer.from("[nginx]\n# caf\xe9\nport = 1\n", "latin1") }, "MF1010 user 2:6"],
  ["UTF-16 text", { site: Buffer.from("\ufeff[nginx]\n", "utf16le") }, "MF1010 site 1:1"],
  ["a duplicate key", { user: "[nginx]\nport = 1\nport = 2\n" }, "MF1003 user 3:1"],
  ["a duplicate section", { user: "[nginx]\n[log]\n[nginx]\n" }, "MF1004 user 3:2"],
  ["a bad header", { site: "[nginx\nport = 1\n" }, "MF1005 site 1:1"],
  ["a bad variant bracket", { user: "[nginx]\nport[DEV = 1\n" }, "MF1006 user 2:1"],
  ["a NUL byte", { user: "[nginx]\nport = 1\0\n" }, "MF1007 user 2:9"],
  ["a line of another language", { user: "nginx: {}\n" }, "MF1002 user 1:1"],
  ["a name with a slash", { name: "# c\nDEV/JOHN\n" }, "MF2008 name 2:1"],
];
for (const [what, files, found] of BROKEN) {
  test(`points at ${what}`, async (context) => {
    const { paths, where } = makeModule(context, files);
    const loaded = await loadConfig(paths, host, {});
    assert.equal(loaded.ok, false);
    const names = Object.fromEntries(Object.entries(where).map(([name, path]) => [path, name]));
    assert.deepEqual(
      loaded.notes.map(({ code, at }) => `${code} ${names[at?.file ?? ""]} ${at?.line}:${at?.col}`),
      [found],
    );
  });
}

test("a file that cannot be read is an error at that file", async (context) => {
  const { paths, where } = makeModule(context);
  mkdirSync(where["user"] ?? "", { recursive: true });
  const loaded = await loadConfig(paths, host, {});
  assert.deepEqual(
    [loaded.ok, loaded.notes.map(({ code, at }) => [code, at?.file])],
    [false, [["MF1009", where["user"]]]],
  );
});

test("mistakes of several files are told together", async (context) => {
  const { paths } = makeModule(context, {
    user: Buffer.from("[nginx]\n\xff\n", "latin1"),
    site: "[nginx]\nprot = 1\nworkers = x\n",
  });
  const loaded = await loadConfig(paths, host, {});
  assert.deepEqual(loaded.notes.map(({ code }) => code).sort(), ["MF1010", "MF2003", "MF2005"]);
});

test("a host that is an address is its own address", async (context) => {
  const { paths } = makeModule(context, { user: "[admin]\nhostname = 10.1.2.3\n" });
  const loaded = await loadConfig(paths, host, {});
  assert.ok(loaded.ok);
  assert.equal(loaded.value.env["MFSERV_ADMIN_HOSTNAME_IP"], "10.1.2.3");
});

test("a host without address is a warning at its line, and says so in the environment", async (context) => {
  const { paths } = makeModule(context, { user: "[admin]\n\nhostname = no-such-host.invalid\n" });
  const loaded = await loadConfig(paths, host, {});
  assert.ok(loaded.ok);
  assert.equal(loaded.value.env["MFSERV_ADMIN_HOSTNAME_IP"], "dns_error");
  assert.deepEqual(
    loaded.notes.map(({ code, severity, at }) => [code, severity, at?.line]),
    [["MF2009", "warning", 3]],
  );
});

const past = new Date("2001-01-01");

test("the user's file is made once, and again only while the user has set nothing in an older one", async (context) => {
  const { paths, where } = makeModule(context);
  const user = where["user"] ?? "";
  assert.equal(await prepareUserConfig(paths), true);
  const made = readFileSync(user, "utf8");
  assert.equal(await prepareUserConfig(paths), false);
  writeFileSync(user, "# nothing set\n[nginx]\n");
  assert.equal(await prepareUserConfig(paths), false, "it is newer");
  utimesSync(user, past, past);
  assert.equal(await prepareUserConfig(paths), true);
  assert.equal(readFileSync(user, "utf8"), made);
  writeFileSync(user, "[nginx]\nport = 1\n");
  utimesSync(user, past, past);
  assert.equal(await prepareUserConfig(paths), false, "something is set");
});

test("a symbolic link to a shared file is left alone", async (context) => {
  const { home, paths, where } = makeModule(context, { "shared.ini": "" });
  const user = where["user"] ?? "";
  mkdirSync(dirname(user), { recursive: true });
  symlinkSync(join(home, "shared.ini"), user);
  lutimesSync(user, past, past);
  assert.equal(await prepareUserConfig(paths), false);
  assert.equal(readFileSync(user, "utf8"), "");
});
