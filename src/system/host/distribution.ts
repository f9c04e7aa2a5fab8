/** A package a distribution must have installed. */
export interface PackageNeed {
  /** Any one of these installed is enough; setup installs the first. */
  readonly names: readonly [string, ...string[]];
  /** `run`: the appliance needs it; `test`: only `make test` and `make check` do. */
  readonly use: "run" | "test";
  /** The unit the package would start on its own, beside the daemon metwork runs; more than one name: joined by commas. */
  readonly unit?: string;
}

/** What differs from one Linux distribution to another. This page is the only place that knows. */
export interface Distribution {
  readonly name: string;
  readonly manager: "apt-get" | "dnf";
  /** Whether a machine with this os-release is one. */
  readonly covers: (os: OsRelease) => boolean;
  /** Packages that add a repository the needs come from. */
  readonly repositories: readonly string[];
  readonly needs: readonly PackageNeed[];
  /** Where its nginx packages put dynamic modules. */
  readonly nginxModules: string;
  /** Where its packages put Lua libraries for nginx. */
  readonly lua: LuaPlaces;
}

/** Directories; those that a machine lacks do not count. */
export interface LuaPlaces {
  /** Not found by LuaJIT itself: of libraries in Lua, and of compiled ones. */
  readonly path: readonly string[];
  readonly cpath: readonly string[];
  /** Libraries that it calls otherwise than their authors: by the name before the dot. */
  readonly renamed: Readonly<Record<string, string>>;
}

/** Fields of `/etc/os-release`, os-release(5). */
export type OsRelease = Readonly<Record<string, string>>;

const run = (...names: readonly [string, ...string[]]): PackageNeed => ({ names, use: "run" });
const test = (...names: readonly [string, ...string[]]): PackageNeed => ({ names, use: "test" });
const testDaemon = (unit: string, ...names: readonly [string, ...string[]]): PackageNeed => ({
  names,
  use: "test",
  unit,
});
const daemon = (unit: string, ...names: readonly [string, ...string[]]): PackageNeed => ({ names, use: "run", unit });

/** What every distribution with rpm calls alike; neither RHEL, EPEL nor Fedora packages a Lua module for nginx. */
const rpmNeeds: readonly PackageNeed[] = [
  run("nginx"),
  run("file"),
  run("python3"),
  run("python3-flask"),
  run("python3-waitress"),
  // Installs the wheels that plugins ship.
  run("python3-pip"),
  run("util-linux"),
  run("cronie"),
  run("curl-minimal", "curl"),
  test("ShellCheck"),
  // Compiles what the pipeline is measured against.
  test("gcc"),
  test("strace"),
  test("systemd"),
];

/** The places of Lua 5.1, which not every build of LuaJIT looks into, and those of OpenResty's own packages. */
const rpmLua: LuaPlaces = {
  path: ["/usr/share/lua/5.1", "/usr/local/openresty/site/lualib", "/usr/local/openresty/lualib"],
  cpath: ["/usr/lib64/lua/5.1", "/usr/local/openresty/site/lualib", "/usr/local/openresty/lualib"],
  renamed: {},
};

const isEnterprise = (os: OsRelease, major: string): boolean =>
  ["rhel", "rocky", "almalinux", "centos", "ol"].includes(os["ID"] ?? "") &&
  (os["VERSION_ID"] ?? "").split(".")[0] === major;

export const distributions: readonly Distribution[] = [
  {
    name: "Debian",
    manager: "apt-get",
    covers: (os) => os["ID"] === "debian" || (os["ID_LIKE"] ?? "").split(" ").includes("debian"),
    repositories: [],
    needs: [
      daemon("nginx", "nginx"),
      run("libnginx-mod-http-lua"),
      // Libraries that Lua code of plugins had at hand; those that depend on all of nginx's modules are left to plugins.
      run("lua-cjson"),
      run("lua-nginx-cookie"),
      run("lua-nginx-dns"),
      run("lua-nginx-string"),
      daemon("redis-server", "redis-server"),
      // Brings libmagic too.
      run("file"),
      run("python3"),
      run("python3-flask"),
      run("python3-waitress"),
      // Installs the wheels that plugins ship.
      run("python3-pip"),
      run("util-linux"),
      run("cron"),
      run("curl"),
      test("shellcheck"),
      test("gcc"),
      test("libc6-dev"),
      // Ends the pipeline at a system call in `make chaos`.
      test("strace"),
      test("systemd"),
      // Loads nginx in `make bench`.
      test("wrk"),
      // Python 3.9 on Debian 12, which is what RHEL 9 has.
      test("pypy3"),
      // What the other templates of mfserv serve with; a machine needs those its plugins ask for.
      test("python3-django"),
      test("uvicorn"),
      test("python3-aiohttp"),
      test("python3-tornado"),
      testDaemon("php8.2-fpm,php8.3-fpm,php8.4-fpm", "php-fpm"),
      // The other end of the ways in and out.
      testDaemon("mosquitto", "mosquitto"),
      test("mosquitto-clients"),
      testDaemon("rabbitmq-server,epmd", "rabbitmq-server"),
      testDaemon("vsftpd", "vsftpd"),
      testDaemon("ssh", "openssh-server"),
      test("bubblewrap"),
      test("gunicorn"),
      // Restarts what `metwork export` wrote for it.
      testDaemon("supervisor", "supervisor"),
      // Builds the image of an exported service: 10 s to install, no daemon, no network.
      test("buildah"),
    ],
    nginxModules: "/usr/lib/nginx/modules",
    // Its packages `lua-nginx-*` install what their authors call `resty.*` as `nginx.*`.
    lua: { path: [], cpath: [], renamed: { resty: "/usr/share/lua/5.1/nginx" } },
  },
  {
    name: "Enterprise Linux 9",
    manager: "dnf",
    covers: (os) => isEnterprise(os, "9"),
    repositories: ["epel-release"],
    needs: [...rpmNeeds, run("redis", "valkey")],
    nginxModules: "/usr/lib64/nginx/modules",
    lua: rpmLua,
  },
  {
    name: "Enterprise Linux 10",
    manager: "dnf",
    covers: (os) => isEnterprise(os, "10"),
    repositories: ["epel-release"],
    needs: [...rpmNeeds, run("valkey")],
    nginxModules: "/usr/lib64/nginx/modules",
    lua: rpmLua,
  },
  {
    name: "Fedora",
    manager: "dnf",
    covers: (os) => os["ID"] === "fedora",
    repositories: [],
    needs: [...rpmNeeds, run("valkey", "redis")],
    nginxModules: "/usr/lib64/nginx/modules",
    lua: rpmLua,
  },
];

/** Names each program goes by, the preferred first. */
export const programNames = {
  nginx: ["nginx"],
  redis: ["redis-server", "valkey-server"],
  python3: ["python3"],
  telegraf: ["telegraf"],
  vsftpd: ["vsftpd"],
  sshd: ["sshd"],
  bubblewrap: ["bwrap"],
  systemdAnalyze: ["systemd-analyze"],
} as const;

/** The modules a Lua configuration loads, in the order nginx wants them. */
export const nginxLuaModules: readonly string[] = ["ndk_http_module.so", "ngx_http_lua_module.so"];

/** Reads the `KEY=value` lines of an os-release file; quotes around a value are dropped. */
export function parseOsRelease(text: string): OsRelease {
  const fields = text.matchAll(/^([A-Z0-9_]+)=(?:"([^"\n]*)"|'([^'\n]*)'|(.*))$/gm);
  return Object.fromEntries([...fields].map(([, key, double, single, bare]) => [key, double ?? single ?? bare ?? ""]));
}

export function distributionOf(os: OsRelease): Distribution | undefined {
  return distributions.find((distribution) => distribution.covers(os));
}
