import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MODULE_DIALECT } from "../ini/dialects.ts";
import { parseIni } from "../ini/parse.ts";
import { MODULE_OPTIONS } from "../module/options/index.ts";
import { checkTogether } from "../module/options/together.ts";
import { MODULE_NAMES, type ModuleName } from "../module/paths.ts";
import { defaultsFile } from "./document.ts";
import type { ConfigLayer } from "./merge.ts";
import { resolveConfig } from "./resolve.ts";

const VARIABLES = {
  MFMODULE_RUNTIME_HOME: "/home/m",
  MFHARDWARE_NUMBER_OF_CPU_CORES: "4",
  MFHARDWARE_NUMBER_OF_CPU_CORES_MULTIPLIED_BY_2: "8",
  MFHARDWARE_NUMBER_OF_CPU_CORES_DIVIDED_BY_2: "2",
};

function resolved(user: string, module: ModuleName = "mfserv", configuration = "GENERIC") {
  const options = MODULE_OPTIONS[module];
  const layer = (origin: ConfigLayer["origin"], text: string): ConfigLayer => ({
    origin,
    ini: parseIni(text, `${origin}.ini`, MODULE_DIALECT),
  });
  const layers = [layer("package", defaultsFile(module, options)), layer("user", user)];
  const result = resolveConfig(options, layers, configuration, VARIABLES);
  return { ...result, notes: [...result.notes, ...checkTogether(result.values)] };
}

for (const module of MODULE_NAMES) {
  test(`the shipped file of ${module} sets every option and has no mistake`, () => {
    const { values, notes } = resolved("", module);
    const declared = MODULE_OPTIONS[module].flatMap(({ options }) => options).filter(({ key }) => !key.endsWith("*"));
    assert.deepEqual(notes, []);
    assert.deepEqual([...values.keys()].sort(), declared.map(({ section, key }) => `${section}.${key}`).sort());
    assert.ok([...values.values()].every(({ origin }) => origin === "package"));
  });

  test(`the defaults of ${module} hold without any file`, () => {
    const { values, notes } = resolveConfig(MODULE_OPTIONS[module], [], "GENERIC", VARIABLES);
    assert.deepEqual(notes, []);
    assert.ok([...values.values()].every(({ origin, at }) => origin === "default" && at === undefined));
  });
}

test("what the predecessor turned off by 0 is turned off by 0", () => {
  const keys = ["monitor_inactivitytimeout", "forced_poll", "poll_queue_limit"];
  const { values, notes } = resolved(`[directory_observer]\n${keys.map((key) => `${key} = 0\n`).join("")}`, "mfdata");
  assert.deepEqual(notes, []);
  for (const key of keys) assert.equal(values.get(`directory_observer.${key}`)?.value, 0);
});

const VALUES: readonly (readonly [line: string, name: string, value: unknown, text?: string])[] = [
  ["[nginx]\nport = 80", "nginx.port", 80],
  ["[nginx]\nPORT: 80", "nginx.port", 80],
  ["[nginx]\nport = NULL", "nginx.port", null, "NULL"],
  ["[nginx]\nport = 0", "nginx.port", 0],
  ["[nginx]\nlogging = 0", "nginx.logging", false, "0"],
  ["[nginx]\nworkers = {{MFHARDWARE_NUMBER_OF_CPU_CORES_MULTIPLIED_BY_2}}", "nginx.workers", 8, "8"],
  ["[nginx]\nworkers = @@@MFHARDWARE_NUMBER_OF_CPU_CORES_DIVIDED_BY_2@@@", "nginx.workers", 2, "2"],
  [
    "[nginx]\nclientbody_temp_path = @@@MFMODULE_RUNTIME_HOME@@@/@@@MFMODULE_RUNTIME_HOME@@@",
    "nginx.clientbody_temp_path",
    "/home/m//home/m",
  ],
  ["[nginx]\ntimeout = {% if NOPE %}1{% else %}2{% endif %}", "nginx.timeout", 2, "2"],
  ["[nginx]\nreal_ip_set_from = 10.0.0.0/8 , ::1, fd00::/8", "nginx.real_ip_set_from", "10.0.0.0/8,::1,fd00::/8"],
  ["[nginx]\nuuid_endpoint_extra_allows =", "nginx.uuid_endpoint_extra_allows", "", ""],
  ["[log]\nminimal_level = debug", "log.minimal_level", "DEBUG"],
  ["[log]\njson_file = AUTO", "log.json_file", null, "AUTO"],
  ["[log]\nchmod = 640", "log.chmod", "640"],
  ["[misc]\ncore_size = -1", "misc.core_size", -1],
  ["[admin]\nhostname = admin.example.org", "admin.hostname", "admin.example.org"],
  ["[internal_plugins]\ninstall_foo = 1", "internal_plugins.install_foo", true, "1"],
];
for (const [user, name, value, text] of VALUES) {
  test(`understands ${JSON.stringify(user)}`, () => {
    const { values, texts, notes } = resolved(user);
    assert.deepEqual(notes, []);
    assert.equal(values.get(name)?.value, value);
    assert.equal(values.get(name)?.origin, "user");
    assert.equal(texts.get(name), text ?? String(value));
  });
}

const MISTAKES: readonly (readonly [what: string, user: string, found: string, says: RegExp])[] = [
  ["a misspelt key", "[nginx]\nprot = 1", "MF2005 2:1", /did you mean `port`/],
  ["a misspelt key of a foreign variant", "[nginx]\nprot[DEV] = 1", "MF2005 2:1", /did you mean `port`/],
  ["a key of another section", "[log]\nhostname = x", "MF2005 2:1", /belongs in \[admin\]/],
  ["an unknown key", "[startup]\nzzzzzz = x", "MF2005 2:1", /known keys of \[startup\]: flag/],
  ["a misspelt section", "\n[ngnix]\nport = 1", "MF2002 2:2", /did you mean \[nginx\]/],
  ["a section of the other module", "[redis]\nport = 1", "MF2002 1:2", /known sections/],
  ["a word for a number", "[nginx]\nworkers = many", "MF2003 2:11", /whole number.*"many"/],
  ["a fraction", "[nginx]\ntimeout = 1.5", "MF2003 2:11", /whole number/],
  ["too large a port", "[nginx]\nport = 65536", "MF2003 2:8", /port number/],
  ["a negative number", "[log]\nmax_size_before_rotation = -1", "MF2003 2:28", /0 or more/],
  ["a word for a flag", "[nginx]\nlogging = yes", "MF2003 2:11", /0 or 1/],
  ["null where it means nothing", "[nginx]\nlogging = null", "MF2003 2:11", /0 or 1/],
  ["an empty number", "[nginx]\nworkers =", "MF2003 2:10", /whole number/],
  ["an undefined variable in a number", "[nginx]\nworkers = {{NOPE}}", "MF2003 2:11", /it became ""/],
  ["a broken template", "[nginx]\nworkers = {{ 1 + }}", "MF2004 2:11", /template/],
  ["an unclosed template", "[nginx]\nworkers = {% if X %}1", "MF2004 2:11", /template/],
  ["an indentation mistake", "[nginx]\nport = 80\n workers = 3", "MF2003 2:8", /continues the value above/],
  ["nginx syntax in a path", "[nginx]\nssl_certificate = /x; deny all", "MF2003 2:19", /absolute path/],
  ["an nginx variable in a path", "[nginx]\nssl_certificate = /$host", "MF2003 2:19", /absolute path/],
  ["a relative path", "[nginx]\nclientbody_temp_path = tmp", "MF2003 2:24", /absolute path/],
  ["a space in a URL path", "[nginx]\nhealth_location = /a b", "MF2003 2:19", /path such as/],
  ["a bad range", "[nginx]\nreal_ip_set_from = 10.0.0.0/8,10.0.0.0/33", "MF2003 2:20", /ranges/],
  ["an unknown protocol", "[nginx]\nssl_protocols = TLSv1.2 SSLv3", "MF2003 2:17", /TLSv1.3/],
  ["shell in ciphers", "[nginx]\nssl_ciphers = HIGH; }", "MF2003 2:15", /cipher/],
  ["a bad level", "[log]\nminimal_level = LOUD", "MF2003 2:17", /one of DEBUG, INFO/],
  ["a bad mode", "[log]\nchmod = 0888", "MF2003 2:9", /octal/],
  ["a bad host", "[admin]\nhostname = a b", "MF2003 2:12", /host name.*or null/],
  [
    "HTTPS without certificate",
    "[nginx]\nhttps_port = 443\nssl_certificate = /c.pem",
    "MF2007 2:14",
    /ssl_certificate_key/,
  ],
  [
    "one port for two",
    "[nginx]\nhttps_port = 18868\nssl_certificate = /c\nssl_certificate_key = /k",
    "MF2006 2:14",
    /same port/,
  ],
];
for (const [what, user, found, says] of MISTAKES) {
  test(`complains about ${what}`, () => {
    const { notes } = resolved(user);
    assert.deepEqual(
      notes.map(({ code, at }) => `${code} ${at?.line}:${at?.col}`),
      [found],
    );
    assert.equal(notes[0]?.at?.file, "user.ini");
    assert.match(`${notes[0]?.message} ${notes[0]?.fix}`, says);
  });
}

const DATA_MISTAKES: readonly (readonly [what: string, user: string, found: string])[] = [
  ["a bad regular expression", "[directory_observer]\nignore = ^a$;(", "MF2003 2:10"],
  ["a way up", "[internal_plugins]\nwatched_directories = incoming,../x", "MF2003 2:23"],
  ["an unknown policy", "[internal_plugins]\nswitch_no_match_policy = move", "MF2003 2:26"],
];
for (const [what, user, found] of DATA_MISTAKES) {
  test(`complains about ${what}`, () => {
    const { notes } = resolved(user, "mfdata");
    assert.deepEqual(
      notes.map(({ code, at }) => `${code} ${at?.line}:${at?.col}`),
      [found],
    );
  });
}

test("all mistakes are told at once, and what is right has its value", () => {
  const { notes, values } = resolved("[nginx]\nport = x\nprot = 1\ntimeout = 7\n[nope]\n[log]\nchmod = 9");
  assert.deepEqual(notes.map(({ code }) => code).sort(), ["MF2002", "MF2003", "MF2003", "MF2005"]);
  assert.equal(values.get("nginx.timeout")?.value, 7);
  assert.equal(values.has("nginx.port"), false);
});

test("private sections and keys are nobody's business", () => {
  assert.deepEqual(resolved("[_mine]\nx = 1\n[nginx]\n_note = x").notes, []);
});

test("no value with a character that means something to a generated file gets through", () => {
  const dangerous = fc.constantFrom("\n", ";", "{", "}", '"', "'", "\\", "`", "$");
  const options = MODULE_NAMES.flatMap((module) => MODULE_OPTIONS[module].flatMap((section) => section.options));
  const lists = new Set(["ignore"]);
  const texts = options.filter(({ key }) => !lists.has(key));
  fc.assert(
    fc.property(fc.constantFrom(...texts), fc.string(), dangerous, fc.string(), (option, before, bad, after) => {
      const start = option.default.startsWith("{{") ? "/" : option.default;
      const tried = [`${start}${bad}${after}`, `${before}${bad}${start}`, `/${before}${bad}${after}`];
      for (const text of tried) {
        const parsed = option.type.schema.safeParse(text);
        if (parsed.success) assert.ok(!String(parsed.data).includes(bad), `${option.key}: ${JSON.stringify(text)}`);
      }
    }),
  );
});
