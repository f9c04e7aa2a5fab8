import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../../src/kit/exec.ts";
import { root } from "../support/appliance.ts";
import { missing, PYTHONS } from "../support/pythons.ts";

/** RHEL 9 has Python 3.9: what was added to the language later, and what is no part of Python, cannot be used. */
const CHECK = `
import ast, pathlib, sys
lib = pathlib.Path(sys.argv[1])
own = {path.stem for path in lib.iterdir()}
for path in sorted(lib.rglob("*.py")):
    tree = ast.parse(path.read_text(), str(path), feature_version=(3, 9))
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.level == 0 else []
        for name in names:
            top = name.split(".")[0]
            if top not in own and top not in getattr(sys, "stdlib_module_names", own | {top}):
                print(f"{path}:{node.lineno}: {name} is no part of Python")
        if isinstance(node, ast.Match if hasattr(ast, "Match") else ()):
            print(f"{path}:{node.lineno}: match is of Python 3.10")
print("looked")
`;

const LOAD = `
import importlib, os, pkgutil
os.environ["MFDATA_CURRENT_PLUGIN_NAME"] = "own"
import acquisition
from acquisition import *
packages = ("acquisition", "metwork_rules", "mflog", "mfplugin", "mfutil", "opinionated_configparser", "telegraf_unixsocket_client", "xattrfile")
for package in packages:
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__, package + "."):
        if module.name != "metwork_rules.helper":
            importlib.import_module(module.name)
print(len([globals()[name] for name in acquisition.__all__]))
`;

const TAGS = `
import gc, os, sys
from xattrfile import XattrFile
os.chdir(sys.argv[1])
with open("a", "w") as file:
    file.write("content")
xaf = XattrFile("a")
xaf.tags["name"] = "value"
xaf.commit()
xaf.rename("b")
xaf.copy("c")
xaf.hard_link("d")
for name in "bcd":
    assert XattrFile(name).tags == {b"name": b"value"}, name
XattrFile("c").write_tags_in_a_file("tags")
with open("tags") as file:
    assert file.read() == "name = value\\n"
made = XattrFile("c")
made.tags["late"] = "written by nobody"
del made
gc.collect()
assert XattrFile("c").tags[b"late"] == b"written by nobody"
inwork = XattrFile("c", tags={"of": "the pipeline"})
inwork.tags["more"] = "x"
del inwork
gc.collect()
assert b"more" not in XattrFile("c").tags
gone = XattrFile("c")
gone.tags["x"] = "y"
os.rename("c", "elsewhere")
del gone
gc.collect()
os.rename("elsewhere", "c")
for name in "bcd":
    XattrFile(name).delete()
assert sorted(os.listdir()) == ["tags"], os.listdir()
print("done")
`;

const SAYS = `
import os, sys
from acquisition import AcquisitionStep
from xattrfile import XattrFile
with open(sys.argv[1], "w") as file:
    file.write("content")
AcquisitionStep.plugin_name, AcquisitionStep.step_name = "own", "main"
step, xaf = AcquisitionStep(), XattrFile(sys.argv[1])
for value in ("good", b"good", b"caf\\xe9"):
    step.set_tag(xaf, "quality", value, add_latest=False, info=True)
assert xaf.tags[b"0.own.main.quality"] == b"caf\\xe9"
`;

test("the Python layer is for Python 3.9 and later, and needs nothing else", async () => {
  const done = await run(["python3", "-c", CHECK, join(root, "layers/python3/lib")]);
  assert.equal(done.stderr, "");
  assert.equal(done.stdout, "looked\n");
});

for (const { title, program } of PYTHONS) {
  test(`${title}: every module can be loaded, every class imported by its name`, {
    skip: missing(program),
  }, async () => {
    const env = { ...process.env, PYTHONPATH: join(root, "layers/python3/lib"), PYTHONDONTWRITEBYTECODE: "1" };
    const done = await run([program, "-c", LOAD], { env });
    assert.equal(done.stdout, "14\n", done.stderr);
  });

  test(`${title}: what plugins import beside the steps does what they expect`, { skip: missing(program) }, async () => {
    const env = { ...process.env, PYTHONPATH: join(root, "layers/python3/lib"), PYTHONDONTWRITEBYTECODE: "1" };
    const done = await run([program, join(import.meta.dirname, "python", "shared_modules.py")], { env });
    assert.equal(done.code, 0, done.stderr);
  });

  test(`${title}: a log says of a tag what its value is, text or bytes`, { skip: missing(program) }, async () => {
    const env = { ...process.env, PYTHONPATH: join(root, "layers/python3/lib"), PYTHONDONTWRITEBYTECODE: "1" };
    const directory = mkdtempSync(join(tmpdir(), "metwork-tags-"));
    try {
      const done = await run([program, "-c", SAYS, join(directory, "file")], { env });
      assert.equal(done.code, 0, done.stderr);
      const said = [...done.stdout.matchAll(/Setting tag 0\.own\.main\.quality = (.*)/g)].map(([, value]) => value);
      assert.deepEqual(said, ["good", "good", "caf\\xe9"]);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test(`${title}: tags are on a file, and come along when it is renamed, copied and linked`, {
    skip: missing(program),
  }, async () => {
    const env = { ...process.env, PYTHONPATH: join(root, "layers/python3/lib"), PYTHONDONTWRITEBYTECODE: "1" };
    const directory = mkdtempSync(join(tmpdir(), "metwork-tags-"));
    try {
      const done = await run([program, "-c", TAGS, directory], { env });
      assert.equal(done.stdout, "done\n", done.stderr);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}
