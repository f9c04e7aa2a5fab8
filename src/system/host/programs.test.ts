import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { findPrograms, withNginxVersion } from "./programs.ts";

const home = mkdtempSync(join(tmpdir(), "programs-"));
after(() => rmSync(home, { recursive: true, force: true }));

function directory(name: string, files: Readonly<Record<string, number>>): string {
  const path = join(home, name);
  mkdirSync(path, { recursive: true });
  for (const [file, mode] of Object.entries(files)) {
    writeFileSync(join(path, file), "");
    chmodSync(join(path, file), mode);
  }
  return path;
}

describe("findPrograms", () => {
  it("takes the first directory that has a program", () => {
    const path = [directory("a", { nginx: 0o755 }), directory("b", { nginx: 0o755, python3: 0o755 })];
    const found = findPrograms({ path, nginxModules: [] });
    assert.equal(found.nginx, join(home, "a", "nginx"));
    assert.equal(found.python3, join(home, "b", "python3"));
  });

  it("knows the version of Python by the name of what it is a link to", () => {
    const versioned = directory("versioned", { "python3.13": 0o755 });
    symlinkSync("python3.13", join(versioned, "python3"));
    assert.equal(findPrograms({ path: [versioned], nginxModules: [] }).python3Version, "3.13");
    const plain = directory("unversioned", { python3: 0o755 });
    assert.equal(findPrograms({ path: [plain], nginxModules: [] }).python3Version, undefined);
  });

  it("asks nginx for its version, and takes no other program's", async () => {
    const said = async (words: string): Promise<string | undefined> => {
      const file = join(home, "told");
      writeFileSync(file, `#!/bin/sh\necho '${words}' >&2\n`, { mode: 0o755 });
      return (await withNginxVersion({ node: "/n", nginx: file, nginxModules: [] })).nginxVersion;
    };
    assert.equal(await said("nginx version: nginx/1.14.1"), "1.14.1");
    assert.equal(await said("nginx version: nginx/1.24.0 (Ubuntu)"), "1.24.0");
    assert.equal(await said("nginx version: openresty/1.21.4.2"), undefined);
    assert.equal((await withNginxVersion({ node: "/n", nginxModules: [] })).nginxVersion, undefined);
  });

  it("takes valkey where there is no redis, and redis before valkey wherever it stands", () => {
    const valkey = directory("valkey", { "valkey-server": 0o755 });
    const redis = directory("redis", { "redis-server": 0o755 });
    assert.equal(findPrograms({ path: [valkey], nginxModules: [] }).redis, join(valkey, "valkey-server"));
    assert.equal(findPrograms({ path: [valkey, redis], nginxModules: [] }).redis, join(redis, "redis-server"));
  });

  it("leaves out what is absent, a directory, not executable, or named by a relative PATH entry", () => {
    const path = [directory("plain", { nginx: 0o644 }), join(home, "nowhere"), "bin", ""];
    mkdirSync(join(home, "plain", "python3"));
    const found = findPrograms({ path, nginxModules: [] });
    assert.deepEqual(Object.keys(found).sort(), ["lua", "nginxModules", "node"]);
  });

  it("finds Lua libraries, those of other names by the names that code asks for", () => {
    const renamed = directory("renamed", { "cookie.lua": 0o644, "note.txt": 0o644 });
    mkdirSync(join(renamed, "dns"));
    writeFileSync(join(renamed, "dns", "resolver.lua"), "");
    const compiled = directory("compiled", { "cjson.so": 0o644 });
    const lua = [
      { path: [join(home, "nowhere")], cpath: [compiled], renamed: { resty: renamed } },
      { path: [renamed], cpath: [compiled], renamed: { other: join(home, "nowhere") } },
    ];
    assert.deepEqual(findPrograms({ path: [], nginxModules: [], lua }).lua, {
      path: [renamed],
      cpath: [compiled],
      named: {
        "resty.cookie": join(renamed, "cookie.lua"),
        "resty.dns.resolver": join(renamed, "dns", "resolver.lua"),
      },
    });
  });

  it("names nginx's Lua modules with their kit first, or none of them", () => {
    const whole = directory("modules", { "ngx_http_lua_module.so": 0o644, "ndk_http_module.so": 0o644 });
    const half = directory("half", { "ngx_http_lua_module.so": 0o644 });
    assert.deepEqual(findPrograms({ path: [], nginxModules: [half, whole] }).nginxModules, [
      join(whole, "ndk_http_module.so"),
      join(whole, "ngx_http_lua_module.so"),
    ]);
    assert.deepEqual(findPrograms({ path: [], nginxModules: [half] }).nginxModules, []);
  });
});
