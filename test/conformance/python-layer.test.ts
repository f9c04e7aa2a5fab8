import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../../src/kit/exec.ts";
import { root } from "../support/appliance.ts";

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
            if top not in own and top not in sys.stdlib_module_names:
                print(f"{path}:{node.lineno}: {name} is no part of Python")
        if isinstance(node, ast.Match if hasattr(ast, "Match") else ()):
            print(f"{path}:{node.lineno}: match is of Python 3.10")
print("looked")
`;

test("the Python layer is for Python 3.9 and later, and needs nothing else", async () => {
  const done = await run(["python3", "-c", CHECK, join(root, "layers/python3/lib")]);
  assert.equal(done.stderr, "");
  assert.equal(done.stdout, "looked\n");
});

test("every class of the layer can be imported by its name", async () => {
  const env = { ...process.env, PYTHONPATH: join(root, "layers/python3/lib"), PYTHONDONTWRITEBYTECODE: "1" };
  const program =
    "import acquisition\nfrom acquisition import *\nprint(len([globals()[n] for n in acquisition.__all__]))";
  const done = await run(["python3", "-c", program], { env });
  assert.equal(done.stdout, "14\n", done.stderr);
});
