/** Python packages of plugins: shipped, the machine's, or missing; and Django, which needs some. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, afterEach, before, test } from "node:test";
import { run } from "../../src/kit/exec.ts";
import { findPrograms } from "../../src/system/host/programs.ts";
import { root } from "../support/appliance.ts";
import { type Developer, lacks, makeDeveloper } from "../support/developer.ts";
import { wheel } from "../support/wheel.ts";

let developer: Developer;
const python = findPrograms().python3 ?? "python3";

before(async () => {
  developer = await makeDeveloper();
});
afterEach(async () => {
  await developer.forget("foobar");
});
after(async () => {
  await developer[Symbol.asyncDispose]();
});

/** How many processes there are is not what these tests are about. */
const ONE = "[app_main]\nnumprocesses = 1\n";

test("0003_python_raw_wsgi, with a package of its own: frozen, shipped as a wheel, installed without a network", async () => {
  const { appliance, type } = developer;
  const index = join(appliance.home, "index");
  wheel(index, "metwork_tiny", "1.2");
  const home = await developer.create("python3_raw_wsgi", "foobar");
  writeFileSync(join(home, "python3_virtualenv_sources", "requirements-to-freeze.txt"), "metwork_tiny\n");
  const app = join(home, "main", "wsgi.py");
  writeFileSync(app, `import metwork_tiny\n${readFileSync(app, "utf8")}`);
  const archive = await developer.release(home, { PIP_NO_INDEX: "1", PIP_FIND_LINKS: index });
  developer.site("foobar", ONE);
  await type(appliance.home, "plugins.install", archive);
  assert.equal((await developer.answered("/foobar")).body.trim(), "Hello World!");
  const installed = join(appliance.home, "mfserv/var/plugins/foobar");
  const frozen = readFileSync(join(installed, "python3_virtualenv_sources/requirements3.txt"), "utf8");
  assert.equal(frozen, "metwork-tiny==1.2\n");
  // The environment was made elsewhere; its programs say where it is now.
  const [shebang] = readFileSync(join(installed, "local/bin/metwork_tiny"), "utf8").split("\n");
  assert.equal(shebang, `#!${installed}/local/bin/python`);
});

test("freezing ships what the machine lacks, and leaves everything alone when that cannot be had", async () => {
  const { home } = developer.appliance;
  const sources = join(home, "sources");
  const index = join(home, "index");
  wheel(index, "metwork_tiny", "1.2");
  mkdirSync(sources);
  const wanted = join(sources, "requirements-to-freeze.txt");
  const frozen = (): string => readFileSync(join(sources, "requirements3.txt"), "utf8");
  const freeze = (env: Readonly<Record<string, string>>) =>
    run([python, "-I", join(root, "modules/mfext/share/requirements.py"), "freeze", sources], {
      env: { PATH: process.env["PATH"], PIP_NO_INDEX: "1", ...env },
    });
  writeFileSync(
    wanted,
    "waitress >= 1 # the machine's\nmetwork_tiny>=1; python_version>'3'\nnever; python_version<'3'\n",
  );
  const done = await freeze({ PIP_FIND_LINKS: index });
  assert.equal(done.code, 0, done.stderr);
  assert.equal(frozen(), "waitress >= 1\nmetwork-tiny==1.2\n");
  assert.deepEqual(readdirSync(join(sources, "src")), ["metwork_tiny-1.2-py3-none-any.whl"]);
  assert.equal((await freeze({})).code, 0, "what is shipped already is not asked for again");

  writeFileSync(wanted, "metwork_tiny>=2\n");
  utimesSync(wanted, Date.now() / 1000 + 10, Date.now() / 1000 + 10);
  const refused = await freeze({});
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /metwork_tiny>=2/);
  assert.equal(frozen(), "waitress >= 1\nmetwork-tiny==1.2\n");
  assert.deepEqual(readdirSync(sources).sort(), ["requirements-to-freeze.txt", "requirements3.txt", "src"]);
});

test("a requirement nobody satisfies refuses the plugin and names the line; the installed version serves on", async () => {
  const { appliance, type, answered } = developer;
  const home = await developer.create("python3_raw_wsgi", "foobar");
  developer.site("foobar", ONE);
  await type(appliance.home, "plugins.install", home);
  await answered("/foobar");
  const requirements = join(home, "python3_virtualenv_sources", "requirements3.txt");
  writeFileSync(requirements, "# ours\nwaitress\nmetwork-nowhere==4.5\nwaitress>900\n");
  const refused = await developer.run(appliance.home, "plugins.install", "--force", home);
  assert.equal(refused.code, 2, refused.stderr);
  assert.match(refused.stderr, /MF3093[^\n]*metwork-nowhere==4\.5[^\n]*neither shipped nor installed/);
  assert.match(refused.stderr, new RegExp(`${requirements}:3:1`));
  assert.match(refused.stderr, new RegExp(`MF3093[^\n]*waitress>900[^\n]*is installed[^]*${requirements}:4:1`));
  assert.ok(
    !existsSync(join(appliance.home, "mfserv/var/plugins/foobar/python3_virtualenv_sources/requirements3.txt")),
  );
  assert.equal((await answered("/foobar")).body.trim(), "Hello World!");
  writeFileSync(requirements, "waitress\n");
  await type(appliance.home, "plugins.install", "--force", home);
});

test("0009_django_plugin: served, static files too; installed again, it keeps database and key", {
  skip: lacks({ python: "django" }),
}, async () => {
  const { appliance, type, get } = developer;
  developer.site("foobar", ONE);
  await developer.provide("python3_django", "foobar");
  assert.match((await developer.answered("/foobar")).body, /Hello World from django main app/);
  assert.match((await get("/foobar/main/")).body, /Hello World from django main app/);
  for (const file of ["main/style.css", "admin/css/base.css"]) {
    assert.match((await get(`/foobar/static/${file}`)).body, /body/);
  }
  const data = join(appliance.home, "mfserv/var/data/foobar");
  const key = readFileSync(join(data, "secret_key"), "utf8");
  {
    using database = new DatabaseSync(join(data, "db.sqlite3"));
    database.exec("UPDATE django_content_type SET model = 'keeper' WHERE id = 1");
  }
  await type(appliance.home, "plugins.install", "--force", join(appliance.home, "foobar"));
  using database = new DatabaseSync(join(data, "db.sqlite3"));
  const kept = database.prepare("SELECT id FROM django_content_type WHERE model = 'keeper'").all();
  assert.equal(kept.length, 1);
  assert.equal(readFileSync(join(data, "secret_key"), "utf8"), key);
});

test("0020_hotswap: of the same file, a page every 0.1 s meanwhile, and each is right", {
  skip: lacks({ python: "django" }),
}, async () => {
  const { appliance, type, get } = developer;
  developer.site("foobar", ONE);
  const home = await developer.create("python3_django", "foobar");
  const archive = await developer.release(home);
  await type(appliance.home, "plugins.install", archive);
  const page = /Hello World from django main app/;
  assert.match((await developer.answered("/foobar")).body, page);
  const asked: Promise<string>[] = [];
  const ask = async (): Promise<string> => {
    const { status, body } = await get("/foobar/");
    return page.test(body) ? String(status) : body;
  };
  const every = setInterval(() => asked.push(ask()), 100);
  try {
    await type(appliance.home, "plugins.hotswap", archive);
  } finally {
    clearInterval(every);
  }
  assert.deepEqual(new Set(await Promise.all(asked)), new Set(["200"]));
  assert.ok(asked.length >= 3, `${asked.length}`);
});

test("a Django plugin cannot be called main, as its app is", async () => {
  const { appliance } = developer;
  const created = await developer.run(
    appliance.home,
    "bootstrap_plugin.py",
    "create",
    "--no-input",
    "--template=python3_django",
    "main",
  );
  assert.equal(created.code, 1);
  assert.match(created.stderr, /MF3095/);
  assert.ok(!existsSync(join(appliance.home, "main")));
});
