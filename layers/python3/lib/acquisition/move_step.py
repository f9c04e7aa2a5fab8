"""Moves each file to a step or a directory."""

import os
import time

from acquisition import places
from acquisition.step import AcquisitionStep
from mfutil import get_unique_hexa_identifier
from xattrfile import XattrFile


class AcquisitionMoveStep(AcquisitionStep):
    """Override before_move(xaf): the path it goes to, or None for nowhere."""

    def add_extra_arguments(self, parser):
        self.add_dest_arguments(parser)
        parser.add_argument("--drop-tags", default="AUTO", help="AUTO, 0 or 1")
        self.add_force_chmod_argument(parser)

    def add_dest_arguments(self, parser):
        parser.add_argument("--dest-dir", default="", help="plugin/step, or a directory")
        parser.add_argument("--dest-basename", default="{ORIGINAL_UID}")

    def add_force_chmod_argument(self, parser):
        parser.add_argument("--force-chmod", default="", help="an octal number")

    def _init(self):
        status = super()._init()
        written = self.args.dest_dir
        if "/" not in written and not self.unit_tests:
            self.error_and_die("dest-dir must be plugin/step, or an absolute directory, not %s", written)
        self._step = tuple(written.split("/", 1)) if "/" in written[1:] and written[0] != "/" else None
        self.dest_dir = written if self._step is None else places.step_directory(*self._step)
        self.dest_basename = self.args.dest_basename
        # A class that declares no such argument drops them.
        drop = getattr(self.args, "drop_tags", "1")
        self.drop_tags = self._step is None if drop == "AUTO" else drop == "1"
        mode = getattr(self.args, "force_chmod", "")
        self.force_chmod = "" if mode == "null" else mode
        return status

    def compute_basename(self, xaf):
        """The name by the template; only the template's own `%` are times."""
        values = {
            "{RANDOM_ID}": get_unique_hexa_identifier(),
            "{ORIGINAL_BASENAME}": self.get_original_basename(xaf).replace("/", "_"),
            "{ORIGINAL_DIRNAME}": self.get_original_dirname(xaf).replace("/", "_"),
            "{ORIGINAL_UID}": self.get_original_uid(xaf),
            "{STEP_COUNTER}": str(self._get_counter_tag_value(xaf, "999")),
        }
        name = time.strftime(self.dest_basename)
        for placeholder, value in values.items():
            name = name.replace(placeholder, value)
        return name

    def before_move(self, xaf):
        return os.path.join(self.dest_dir, self.compute_basename(xaf))

    def process(self, xaf):
        path = self.before_move(xaf)
        if path is None or path is False:
            return True
        if self._step is not None and os.path.dirname(path) == self.dest_dir and not self.force_chmod:
            return self._send_on(xaf)
        return self._move(xaf, path)

    def _send_on(self, xaf):
        """What can't be sent keeps its tags."""
        tags = dict(xaf.tags)
        if self.drop_tags:
            xaf.tags.clear()
        done = self.move_to_plugin_step(xaf, *self._step, info=True)
        if not done:
            xaf.tags.update(tags)
        return done

    def _move(self, xaf, path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        old = xaf.filepath
        mode = int(self.force_chmod, 8) if self.force_chmod else None
        done, _ = xaf.move_or_copy(path, chmod_mode_int=mode)
        if done:
            self.info("File %s moved to %s", old, path)
            if self.drop_tags:
                XattrFile(path).clear_tags()
        return done


def main():
    AcquisitionMoveStep().run()
