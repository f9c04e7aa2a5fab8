"""Stores each file and, beside it, its tags."""

import os

from acquisition.move_step import AcquisitionMoveStep


class AcquisitionArchiveStep(AcquisitionMoveStep):
    def add_extra_arguments(self, parser):
        self.add_dest_arguments(parser)
        self.add_force_chmod_argument(parser)
        parser.add_argument("--keep-tags-suffix", default=".tags", help="empty or null: tags are not kept")

    def _init(self):
        status = super()._init()
        if self._step is not None and not self.unit_tests:
            self.error_and_die("dest-dir must be an absolute directory, not %s", self.args.dest_dir)
        suffix = getattr(self.args, "keep_tags_suffix", ".tags").strip()
        self.keep_tags_suffix = "" if suffix == "null" else suffix
        return status

    def _move(self, xaf, path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if self.keep_tags_suffix:
            xaf.write_tags_in_a_file(path + self.keep_tags_suffix)
        return super()._move(xaf, path)


def main():
    AcquisitionArchiveStep().run()
