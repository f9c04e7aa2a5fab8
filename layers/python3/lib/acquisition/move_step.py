"""Moves each file to a step or a directory."""

import os
import time

from acquisition.step import AcquisitionStep
from mfutil import get_unique_hexa_identifier
from xattrfile import XattrFile


class AcquisitionMoveStep(AcquisitionStep):
    """Override before_move(xaf): the path it goes to, or None for nowhere."""

    def _add_arguments(self, parser):
        super()._add_arguments(parser)
        parser.add_argument("--dest-dir", required=not self.unit_tests, default="", help="plugin/step, or a directory")
        parser.add_argument("--dest-basename", default="{ORIGINAL_UID}")
        parser.add_argument("--force-chmod", default="")
        self._add_move_arguments(parser)

    def _add_move_arguments(self, parser):
        parser.add_argument("--drop-tags", default="AUTO", help="AUTO, 0 or 1")

    def _init(self):
        status = super()._init()
        self.dest_dir = self.args.dest_dir
        self.keep_tags = not self._drops_tags()
        mode = self.args.force_chmod
        self.chmod_mode_int = None if mode in ("", "null") else int(mode, 8)
        return status

    def _drops_tags(self):
        return self.dest_dir.startswith("/") if self.args.drop_tags == "AUTO" else self.args.drop_tags == "1"

    def compute_basename(self, xaf):
        """The name by the template; only the template's own `%` are times."""
        values = {
            "{RANDOM_ID}": get_unique_hexa_identifier(),
            "{ORIGINAL_BASENAME}": self.get_original_basename(xaf).replace("/", "_"),
            "{ORIGINAL_DIRNAME}": self.get_original_dirname(xaf).replace("/", "_"),
            "{ORIGINAL_UID}": self.get_original_uid(xaf),
            "{STEP_COUNTER}": xaf.tags.get("latest.core.step_counter", b"0").decode(),
        }
        name = time.strftime(self.args.dest_basename)
        for placeholder, value in values.items():
            name = name.replace(placeholder, value)
        return name

    def before_move(self, xaf):
        return os.path.join(self.dest_dir, self.compute_basename(xaf))

    def process(self, xaf):
        if not self.dest_dir.startswith("/"):
            plugin, _, step = self.dest_dir.partition("/")
            return self.move_to_plugin_step(xaf, plugin, step, info=True)
        path = self.before_move(xaf)
        return True if not path else self._move(xaf, path)

    def _move(self, xaf, path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        old = xaf.filepath
        done, _ = xaf.move_or_copy(path, chmod_mode_int=self.chmod_mode_int)
        if done:
            self.info("File %s moved to %s", old, path)
            self._moved(path)
        return done

    def _moved(self, path):
        if not self.keep_tags:
            XattrFile(path).clear_tags()


def main():
    AcquisitionMoveStep().run()
