"""Says when it is ready, then reads questions, a JSON object a line, and answers each rule of each with a line.

    {"ready": true}                                          when it is loaded
    {"id": 1, "path": "/in/tmp/...", "tags": {...}, "rules": ["/plugin:rules.is_mine"]}
    {"id": 1, "rule": 0, "verdict": true, "ms": 0.1}        or "error": "..." instead of the verdict

It ends with CHANGED when a file it took code from was edited; unanswered questions are then asked again.
"""

import importlib.util
import json
import os
import re
import sys
import time

CHANGED = 75
LOOK_EVERY_S = 0.2

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from xattrfile import XattrFile  # noqa: E402


class Gone(XattrFile):
    """A file that is not there any more: its tags are."""

    def __init__(self, filepath, tags):
        self.filepath = filepath
        self._original_filepath = filepath
        self._tags = None
        self._written = None
        try:
            super().__init__(filepath, tags=tags)
        except OSError:
            self._tags = XattrFile(__file__, tags=tags).tags


class Code:
    """Functions by name, and whether the files they came from are still the same."""

    def __init__(self):
        self.functions = {}
        self.directories = {os.environ.get("METWORK_RULES_HOME") or os.getcwd()}
        self.seen = {}
        self.looked = 0.0

    def function(self, name):
        if name not in self.functions:
            try:
                self.functions[name] = self.load(name)
            finally:
                self.remember()
        return self.functions[name]

    def load(self, name):
        directory, _, dotted = name.rpartition(":")
        module, _, function = dotted.rpartition(".")
        self.directories.add(directory)
        if directory not in sys.path:
            sys.path.insert(0, directory)
        path = os.path.join(directory, *module.split(".")) + ".py"
        self.seen.setdefault(path, stamp(path))
        # The same module name in two directories is two modules.
        alias = "metwork_rules_of_" + re.sub(r"\W", "_", path)
        if alias not in sys.modules:
            spec = importlib.util.spec_from_file_location(alias, path)
            loaded = importlib.util.module_from_spec(spec)
            sys.modules[alias] = loaded
            try:
                spec.loader.exec_module(loaded)
            except BaseException:
                del sys.modules[alias]
                raise
        return getattr(sys.modules[alias], function)

    def remember(self):
        for module in list(sys.modules.values()):
            path = getattr(module, "__file__", None)
            if path and path not in self.seen and any(path.startswith(one + "/") for one in self.directories):
                self.seen[path] = stamp(path)

    def changed(self):
        now = time.monotonic()
        if now - self.looked < LOOK_EVERY_S:
            return False
        self.looked = now
        return any(stamp(path) != before for path, before in self.seen.items())


def stamp(path):
    try:
        found = os.stat(path)
        return (found.st_mtime_ns, found.st_size, found.st_ino)
    except OSError:
        return None


def encoded(tags):
    encode = lambda text: text.encode("utf-8", "surrogateescape")  # noqa: E731
    return {encode(name): encode(value) for name, value in tags.items()}


def main():
    # What a rule prints is for the log; it must not get between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    answers.write(json.dumps({"ready": True}) + "\n")
    code = Code()
    for line in sys.stdin:
        if code.changed():
            os._exit(CHANGED)
        question = json.loads(line)
        xaf = Gone(question["path"], encoded(question["tags"]))
        for index, rule in enumerate(question["rules"]):
            began = time.monotonic()
            answer = {"id": question["id"], "rule": index}
            try:
                answer["verdict"] = bool(code.function(rule)(xaf))
            except Exception as error:
                answer["error"] = f"{type(error).__name__}: {error}"
            answer["ms"] = round((time.monotonic() - began) * 1000, 3)
            answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
