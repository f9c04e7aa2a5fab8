"""Prints, as JSON, what the syntax of Python files says of the web applications in them. Nothing of them is executed.

python_facts.py DIRECTORY FILE...     (paths relative to the directory; the shape is PythonFacts in core/detect/types.ts)
"""

import ast
import json
import os
import sys


def dotted(node, known):
    """`web.Application` as the imports make it: `aiohttp.web.Application`; None for what is no plain name."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Call):
        inner = dotted(node.func, known)
        return None if inner is None else ".".join([inner, *reversed(parts)])
    if not isinstance(node, ast.Name):
        return None
    return ".".join([known.get(node.id, node.id), *reversed(parts)])


def imported(tree):
    """What each imported name stands for."""
    known = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                known[alias.asname or alias.name.split(".")[0]] = alias.name if alias.asname else alias.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                known[alias.asname or alias.name] = ".".join(filter(None, [node.module, alias.name]))
    return known


def top_level(body):
    """Statements that run when the module is imported, those of `if` and `try` included, `__main__` left out."""
    for node in body:
        if isinstance(node, ast.If) and "__name__" in ast.dump(node.test):
            continue
        yield node
        for inner in ("body", "orelse", "finalbody"):
            if isinstance(node, (ast.If, ast.Try, ast.With)):
                yield from top_level(getattr(node, inner, []))


def names_of(tree, known):
    for node in top_level(tree.body):
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            call = dotted(node.value.func, known) if isinstance(node.value, ast.Call) else None
            for target in targets:
                if isinstance(target, ast.Name):
                    yield {"name": target.id, "line": node.lineno, **({"call": call} if call else {})}
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = alias.asname or alias.name
                yield {"name": name, "line": node.lineno, "from": known[name]}


def arguments_of(function):
    return [argument.arg for argument in function.args.posonlyargs + function.args.args]


def function_facts(node, known):
    calls = [dotted(call.func, known) for call in ast.walk(node) if isinstance(call, ast.Call)]
    arguments = arguments_of(node)
    return {
        "name": node.name,
        "line": node.lineno,
        "async": isinstance(node, ast.AsyncFunctionDef),
        "arguments": arguments,
        "required": len(arguments) - len(node.args.defaults),
        "calls": sorted({call for call in calls if call}),
    }


FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def callable_of(tree):
    for node in tree.body:
        for method in node.body if isinstance(node, ast.ClassDef) else []:
            if isinstance(method, FUNCTIONS) and method.name == "__call__":
                is_async = isinstance(method, ast.AsyncFunctionDef)
                yield {"name": node.name, "async": is_async, "arguments": arguments_of(method)[1:]}


def modules_of(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def facts(path):
    with open(path, "rb") as file:
        source = file.read()
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        found = {"line": getattr(error, "lineno", None) or 1, "message": getattr(error, "msg", None) or str(error)}
        return {"error": found, "names": [], "functions": [], "callable": [], "imports": [], "readsPort": False}
    known = imported(tree)
    return {
        "names": list(names_of(tree, known)),
        "functions": [function_facts(node, known) for node in tree.body if isinstance(node, FUNCTIONS)],
        "callable": list(callable_of(tree)),
        "imports": sorted(set(modules_of(tree))),
        "readsPort": any(isinstance(node, ast.Constant) and node.value == "PORT" for node in ast.walk(tree)),
    }


if __name__ == "__main__":
    directory, *files = sys.argv[1:]
    print(json.dumps({file: facts(os.path.join(directory, file)) for file in files}))
