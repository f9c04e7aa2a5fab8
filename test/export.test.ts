import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { exportFor } from "../src/core/export/export.ts";
import { type Exported, INIT_SYSTEMS } from "../src/core/export/types.ts";
import { UnquotableError } from "../src/core/plan/quote/error.ts";
import { containerValue, shellWord, supervisorValue, supervisorWord } from "../src/core/plan/quote/init.ts";
import { loadTemplates } from "../src/system/load/templates.ts";
import { root } from "./support/appliance.ts";
import { lacks } from "./support/developer.ts";

/** `UPDATE_GOLDEN=1` writes what is there now; read the diff before committing it. */
const EXPECTED = join(import.meta.dirname, "export");
const UPDATE = process.env["UPDATE_GOLDEN"] === "1";
const templates = loadTemplates(join(root, "templates"));
const helpers = {
  listenOn: "/opt/metwork/layers/core/bin/listen_on",
  image: "docker.io/library/debian:12-slim",
  packages: ["python3", "python3-waitress"],
};
const EXAMPLE: Exported = {
  name: "rain-radar",
  description: "Radar pictures, 100% of them",
  argv: ["/opt/radar/bin/serve", "--title=It's $5 & 100%", "radar:app"],
  directory: "/srv/rain radar",
  env: { PATH: "/opt/radar/bin:/usr/bin:/bin", GREETING: "it's 50% of $HOME; #1" },
  listen: "127.0.0.1:5003",
  inherits: true,
  user: "radar",
  stopSignal: "INT",
  graceS: 70,
};

const filesFor = (init: (typeof INIT_SYSTEMS)[number], service: Exported) =>
  exportFor(init, service, templates, helpers);

describe("export", () => {
  for (const init of INIT_SYSTEMS) {
    test(`for ${init} writes what is expected`, () => {
      // supervisor's files cannot hold a comment's beginning.
      const env = {
        ...EXAMPLE.env,
        GREETING: init === "supervisor" ? "it's 50% of $HOME" : (EXAMPLE.env["GREETING"] ?? ""),
      };
      const files = filesFor(init, { ...EXAMPLE, env });
      const text = files
        .map((file) => `==> ${file.name}${file.executable ? " (program)" : ""}: ${file.use} <==\n${file.text}`)
        .join("");
      const path = join(EXPECTED, `${init}.txt`);
      if (UPDATE) writeFileSync(path, text);
      assert.equal(text, readFileSync(path, "utf8"));
    });
  }

  for (const [what, front] of [
    ["files", { php: false, root: "/srv/rain radar", location: "/maps/", fragment: "autoindex on;\n" }],
    ["one-file", { php: false, root: "/srv/radar", file: "map.html", location: "/", fragment: "" }],
    ["php", { php: true, root: "/srv/radar", location: "/", fragment: "location ~ /\\. {\n  return 404;\n}\n" }],
  ] as const) {
    test(`for an nginx of its own, of ${what}, writes what is expected and nginx accepts`, {
      skip: lacks({ program: /^nginx$/ }),
    }, () => {
      const files = filesFor("sysv", { ...EXAMPLE, inherits: false, front });
      const [configuration, types] = files.slice(1);
      assert.deepEqual([configuration?.use, types?.use], ["/etc/rain-radar/nginx.conf", "/etc/rain-radar/mime.types"]);
      const path = join(EXPECTED, `nginx-${what}.txt`);
      if (UPDATE) writeFileSync(path, configuration?.text ?? "");
      assert.equal(configuration?.text, readFileSync(path, "utf8"));
      const directory = mkdtempSync(join(tmpdir(), "metwork-front-"));
      for (const file of [configuration, types]) writeFileSync(join(directory, file?.name ?? ""), file?.text ?? "");
      const words = ["-t", "-p", directory, "-e", "stderr", "-c", join(directory, "nginx.conf")];
      const checked = spawnSync("/usr/sbin/nginx", words, { encoding: "utf8" });
      rmSync(directory, { recursive: true });
      assert.equal(checked.status, 0, checked.stderr);
      const inImage = filesFor("container", { ...EXAMPLE, inherits: false, front }).map(({ name }) => name);
      assert.deepEqual(inImage.slice(2), ["root/etc/rain-radar/nginx.conf", "root/etc/rain-radar/mime.types"]);
    });
  }

  for (const init of ["rc.d", "sysv", "container"] as const) {
    test(`for ${init} writes scripts that shellcheck has nothing to say about`, () => {
      const scripts = filesFor(init, EXAMPLE).filter(({ executable }) => executable);
      // SC2016: a dollar in single quotes is meant as it is.
      for (const { text } of scripts) {
        const checked = spawnSync("shellcheck", ["--exclude=SC2016", "-"], { input: text, encoding: "utf8" });
        assert.equal(checked.stdout + checked.stderr, "");
      }
    });
  }

  test("for systemd writes units that systemd-analyze accepts", () => {
    const directory = mkdtempSync(join(tmpdir(), "metwork-units-"));
    const service = {
      ...EXAMPLE,
      argv: ["/bin/true", ...EXAMPLE.argv.slice(1)] as const,
      directory: "/",
      user: "root",
    };
    const paths = filesFor("systemd", service).map(({ name, text }) => {
      writeFileSync(join(directory, name), text);
      return join(directory, name);
    });
    const verified = spawnSync("systemd-analyze", ["verify", "--man=no", ...paths], { encoding: "utf8" });
    rmSync(directory, { recursive: true });
    assert.equal(verified.stderr, "");
  });

  test("refuses what a target cannot hold", () => {
    const bad = { ...EXAMPLE, env: { A: "line\nline" } };
    for (const init of INIT_SYSTEMS.filter((one) => one !== "systemd")) {
      assert.throws(() => filesFor(init, bad), UnquotableError, init);
    }
  });
});

describe("quoting", () => {
  const value = fc.string({ unit: fc.constantFrom(..."ab '\"\\$`%;#&|<>(){}*?~!\n\t=-") });
  const written = (quote: (text: string) => string, text: string): string | undefined => {
    try {
      return quote(text);
    } catch (error) {
      assert.ok(error instanceof UnquotableError);
      return undefined;
    }
  };

  test("a shell reads every word back", () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 20, maxLength: 20 }), (texts) => {
        const given = texts.filter((text) => written(shellWord, text) !== undefined);
        const ran = spawnSync("sh", ["-c", `printf '%s\\n' ${given.map(shellWord).join(" ")}`], { encoding: "utf8" });
        assert.deepEqual(given.length === 0 ? [] : ran.stdout.slice(0, -1).split("\n"), given);
      }),
      { numRuns: 20 },
    );
  });

  test("supervisor's own reader reads commands and environments back", () => {
    const samples = fc.sample(value, 300);
    const words = samples.filter((text) => written(supervisorWord, text) !== undefined);
    const values = samples.filter((text) => written(supervisorValue, text) !== undefined);
    const script = [
      "import json, shlex, sys",
      "from supervisor.datatypes import dict_of_key_value_pairs",
      "from supervisor.options import UnhosedConfigParser, expand",
      "parser = UnhosedConfigParser()",
      "parser.read_string(sys.stdin.read())",
      "read = lambda key: expand(parser.get('program:x', key), {}, 'x')",
      "count = sum(1 for key in parser.options('program:x') if key.startswith('environment'))",
      "envs = [dict_of_key_value_pairs(read('environment%d' % n))['A'] for n in range(count)]",
      "print(json.dumps([shlex.split(read('command')), envs]))",
    ].join("\n");
    const lines = values.map((text, index) => `environment${index}=A=${supervisorValue(text)}`);
    const input = ["[program:x]", `command=x ${words.map(supervisorWord).join(" ")}`, ...lines, ""].join("\n");
    const ran = spawnSync("/usr/bin/python3", ["-c", script], { input, encoding: "utf8" });
    assert.equal(ran.stderr, "");
    assert.deepEqual(JSON.parse(ran.stdout), [["x", ...words], values]);
  });

  test("a Containerfile's value keeps its quotes, backslashes and dollars", () => {
    assert.equal(containerValue('a "b" \\ $c'), '"a \\"b\\" \\\\ \\$c"');
  });
});
