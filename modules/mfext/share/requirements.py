"""What a plugin needs of Python packages: is it there, and if not, wheels to ship with the plugin.

requirements.py check FILE [WHEELS]   prints, as JSON, the requirements that neither this Python nor a wheel satisfies
requirements.py freeze DIRECTORY      makes requirements3.txt and src/ of requirements-to-freeze.txt in DIRECTORY

A requirement that the machine's own packages satisfy stays as it is written and is not shipped, so that it follows their
updates; the others are shipped as wheels, with all they need, and their versions are fixed. Runs as `python3 -I`.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

try:
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name
except ImportError:
    from pip._vendor.packaging.requirements import InvalidRequirement, Requirement
    from pip._vendor.packaging.utils import canonicalize_name

COMMENT = re.compile(r"(?:^|\s)#.*$")


class Line:
    """A requirement, and the place of it."""

    def __init__(self, text, number):
        self.text = text
        self.number = number
        self.error = None
        self.requirement = None
        try:
            # Hashes and other options of a line are for pip.
            self.requirement = Requirement(re.split(r"\s--?[a-z]", text)[0])
        except InvalidRequirement as error:
            self.error = str(error).splitlines()[0]

    def applies(self):
        return self.requirement is None or self.requirement.marker is None or self.requirement.marker.evaluate()

    def accepts(self, version):
        return self.requirement.url is not None or self.requirement.specifier.contains(version, prereleases=True)


def read(path):
    """The requirements of a file, and the lines that are options of pip."""
    requirements, options = [], []
    text = path.read_text()
    number = 0
    for joined in re.sub(r"\\\n", "\0", text).split("\n"):
        number += 1
        line = COMMENT.sub("", joined.replace("\0", " ")).strip()
        if line.startswith("-"):
            options.append(line)
        elif line:
            requirements.append(Line(line, number))
        number += joined.count("\0")
    return [line for line in requirements if line.applies()], options


def installed(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def wheels(directory):
    """Versions of the wheels in a directory, by name."""
    found = {}
    for path in sorted(Path(directory).glob("*.whl")) if directory else []:
        name, version = path.name.split("-")[:2]
        found.setdefault(canonicalize_name(name), []).append(version)
    return found


def unsatisfied(lines, directory):
    shipped = wheels(directory)
    missing = []
    for line in lines:
        if line.error is not None:
            missing.append({"requirement": line.text, "line": line.number, "problem": f"is none: {line.error}"})
            continue
        have = installed(line.requirement.name)
        offered = shipped.get(canonicalize_name(line.requirement.name), [])
        if any(line.accepts(version) for version in [*([have] if have else []), *offered]):
            continue
        known = [*(f"{version} is shipped" for version in offered), *([f"{have} is installed"] if have else [])]
        problem = "is not satisfied: " + ("; ".join(known) or "the package is neither shipped nor installed")
        missing.append({"requirement": line.text, "line": line.number, "problem": problem})
    return missing


def check(file, directory=None):
    lines, _ = read(Path(file))
    print(json.dumps(unsatisfied(lines, directory)))


def freeze(directory):
    home = Path(directory)
    wanted, frozen, src = home / "requirements-to-freeze.txt", home / "requirements3.txt", home / "src"
    fresh = frozen.exists() and (not wanted.exists() or frozen.stat().st_mtime >= wanted.stat().st_mtime)
    if not fresh and not wanted.exists():
        return
    lines, options = read(frozen if fresh else wanted)
    wrong = [line for line in lines if line.error is not None]
    for line in wrong:
        print(f"{frozen if fresh else wanted}:{line.number}: {line.text!r} is no requirement: {line.error}", file=sys.stderr)
    if wrong:
        sys.exit(1)
    if fresh and not unsatisfied(lines, src):
        return
    missing = {entry["line"] for entry in unsatisfied(lines, None)}
    build([line.text for line in lines if line.number in missing], options, src)
    if fresh:
        return
    kept = [line.text for line in lines if line.number not in missing]
    pinned = [f"{name}=={version}" for name, versions in wheels(src).items() for version in versions]
    if not kept and not pinned:
        frozen.unlink(missing_ok=True)
        return
    frozen.write_text("".join(f"{text}\n" for text in [*kept, *pinned]))


def build(requirements, options, src):
    """Makes `src` hold the wheels of requirements and of all they need, and no others."""
    if not requirements:
        shutil.rmtree(src, ignore_errors=True)
        return
    new = src.with_name("tempolayer")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    listed = new / "requirements.txt"
    listed.write_text("".join(f"{text}\n" for text in [*options, *requirements]))
    links = ["--find-links", str(src)] if src.exists() else []
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "wheel", *links]
    done = subprocess.run([*pip, "--wheel-dir", str(new), "-r", str(listed)], env={**os.environ, "PYTHONSAFEPATH": "1"})
    listed.unlink()
    if done.returncode != 0:
        shutil.rmtree(new)
        print(f"the wheels of {', '.join(requirements)} could not be had; nothing was changed", file=sys.stderr)
        sys.exit(1)
    shutil.rmtree(src, ignore_errors=True)
    new.rename(src)


COMMANDS = {"check": (check, (1, 2)), "freeze": (freeze, (1, 1))}

if __name__ == "__main__":
    name, arguments = (sys.argv[1:2] or [""])[0], sys.argv[2:]
    command, (least, most) = COMMANDS.get(name, (None, (0, 0)))
    if command is None or not least <= len(arguments) <= most:
        sys.exit(__doc__)
    command(*arguments)
