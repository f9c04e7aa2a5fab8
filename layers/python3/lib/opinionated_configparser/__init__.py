"""Ini files with variants: `key[NAME] = value` counts where the configuration has that name, or one below it (`NAME_OTHER`)."""

import configparser
import importlib
import io
import os
import re

_VARIANT = re.compile(r"(.+)\[(.+)\]", re.DOTALL)
_NAME_ONLY = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")


class Jinja2Interpolation(configparser.Interpolation):
    """Fills `{{ NAME }}` from the environment, with nothing where it is not set. More of Jinja needs the package jinja2."""

    def before_get(self, parser, section, option, value, defaults):
        if value is None or not re.search(r"\{[{%#]", value):
            return value
        plain = _NAME_ONLY.sub(lambda match: os.environ.get(match[1], ""), value)
        if not re.search(r"\{[{%#]", _NAME_ONLY.sub("", value)):
            return plain
        try:
            jinja2 = importlib.import_module("jinja2")
        except ImportError as error:
            told = f"{value!r} has more than {{{{ NAME }}}}: that needs jinja2 among the plugin's requirements"
            raise configparser.InterpolationError(option, section, told) from error
        return jinja2.Template(value).render(os.environ)


class OpinionatedConfigParser(configparser.ConfigParser):
    """A ConfigParser that has, of each key, the value of the variant that fits best; of equal ones the first.

    Sections whose name begins with `ignore_sections_starting_with`, or in which no key counts, are left out. What is in
    `default_section` is in every other section that does not say otherwise.
    """

    def __init__(self, configuration_name=None, ignore_sections_starting_with="_", default_section=None, **options):
        name = configuration_name or os.environ.get("MFCONFIG") or "GENERIC"
        self._configuration_name = name.upper()
        self._ignored = ignore_sections_starting_with
        self._everywhere = default_section
        options.setdefault("interpolation", Jinja2Interpolation())
        # The parser's own section for defaults is under a name that no file has.
        options["default_section"] = "\0"
        raw = {**options, "interpolation": None}
        self._raw = configparser.RawConfigParser(**raw)
        super().__init__(**options)

    def read(self, filenames, encoding=None):
        self._adopt_options()
        done = self._raw.read(filenames, encoding or "utf-8")
        self._choose()
        return done

    def read_file(self, f, source=None):
        self._adopt_options()
        self._raw.read_file(f, source)
        self._choose()

    def read_string(self, string, source="<string>"):
        self.read_file(io.StringIO(string), source)

    def read_dict(self, dictionary, source="<dict>"):
        self._adopt_options()
        self._raw.read_dict(dictionary, source)
        self._choose()

    def _adopt_options(self):
        """What callers set on a parser after making it: how keys are spelt, how a section begins."""
        self._raw.optionxform = self.optionxform
        self._raw.SECTCRE = self.SECTCRE

    def _choose(self):
        for section in super().sections():
            super().remove_section(section)
        everywhere = self._chosen(self._everywhere) if self._raw.has_section(self._everywhere or "") else {}
        for section in self._raw.sections():
            if section == self._everywhere or (self._ignored and section.startswith(self._ignored)):
                continue
            chosen = {**everywhere, **self._chosen(section)}
            if chosen:
                super().add_section(section)
                self._sections[section].update(chosen)

    def _chosen(self, section):
        best = {}
        for key, value in self._raw.items(section):
            match = _VARIANT.fullmatch(key)
            name, score = (match[1], self._score(match[2])) if match else (key, 0.5)
            if score > best.get(name, (0,))[0]:
                best[name] = (score, value)
        return {name: value for name, (_, value) in best.items()}

    def _score(self, variant):
        wanted = variant.upper()
        if wanted == self._configuration_name:
            return float("inf")
        parts = self._configuration_name.split("_")
        lengths = [length for length in range(1, len(parts)) if "_".join(parts[:length]) == wanted]
        return lengths[0] if lengths else 0
