"""Switch rules of an ini file, for switches of one's own. The pipeline's own switch reads them elsewhere."""

import configparser
import fnmatch
import importlib.util
import os
import re

NOT_FOUND = "{NOT_FOUND}"


class Rule:
    """`matches(xaf)` says whether its targets, (plugin, step, hardlink) each, get the file."""

    def __init__(self, matches, targets):
        self.matches = matches
        self.targets = targets


def read_rules(path, section_prefix, plugin_name, warn):
    """The rules of the sections `PREFIX:TYPE[:PARAM]`, the prefix a glob. A bad rule is told to `warn` and left out."""
    parser = configparser.RawConfigParser(delimiters=("=",), comment_prefixes=("#",), strict=False)
    parser.optionxform = str
    # A pattern may begin with a bracket, too.
    parser.SECTCRE = re.compile(r"\[(?P<header>.+)\]\s*$")
    parser.read(path, encoding="utf-8")
    rules = []
    for section in parser.sections():
        prefix, *kind = section.split(":", 2)
        if not kind or not fnmatch.fnmatchcase(prefix, section_prefix):
            continue
        for pattern, written in parser.items(section):
            text = pattern.replace("@" * 6, "=").replace("~" * 6, "#")
            try:
                rules.append(Rule(_test(kind[0], "".join(kind[1:]), text), _targets(written, plugin_name)))
            except Exception as error:
                warn("the rule %s of [%s] is left out: %s", pattern, section, error)
    return rules


def _targets(written, plugin_name):
    targets = []
    for one in filter(None, (part.strip() for part in written.split(","))):
        match = re.fullmatch(r"(?:([A-Za-z0-9_-]+)/)?([A-Za-z0-9_]+)(\*?)", one)
        if match is None:
            raise ValueError(f"{one} is neither a step nor plugin/step")
        targets.append((match[1] or plugin_name, match[2], match[3] == "*"))
    return targets


def _test(kind, tag, pattern):
    if kind == "alwaystrue":
        return lambda xaf: True
    if kind == "python":
        return _function(pattern)
    negative = kind.startswith("not")
    simple = _simple_test(kind[3:] if negative else kind, pattern)
    if tag == "":
        raise ValueError(f"{kind} needs the name of a tag")
    return lambda xaf: simple(_value(xaf, tag)) != negative


def _simple_test(kind, pattern):
    if kind == "fnmatch":
        return lambda value: fnmatch.fnmatchcase(value, pattern)
    if kind == "regex":
        compiled = re.compile(pattern)
        return lambda value: compiled.match(value) is not None
    if kind == "equal":
        return lambda value: value == pattern
    raise ValueError(f"there is no type {kind}")


def _value(xaf, tag):
    value = xaf.tags.get(tag)
    return NOT_FOUND if value is None else value.decode("utf-8", "surrogateescape")


def _function(written):
    """`module.function` of the plugin, or `/directory:module.function`."""
    directory, _, dotted = written.rpartition(":")
    module, _, name = dotted.rpartition(".")
    home = directory or os.environ.get("MFDATA_CURRENT_PLUGIN_DIR", ".")
    path = os.path.join(home, *module.split(".")) + ".py"
    # The same module name in two directories is two modules.
    spec = importlib.util.spec_from_file_location("switch_rules_of_" + re.sub(r"\W", "_", path), path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return getattr(loaded, name)
