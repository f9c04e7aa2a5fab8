"""Stores each file and, beside it, its tags."""

import os

from acquisition.move_step import AcquisitionMoveStep


class AcquisitionArchiveStep(AcquisitionMoveStep):
    def _add_move_arguments(self, parser):
        parser.add_argument("--keep-tags-suffix", default=".tags")

    def _drops_tags(self):
        if not self.dest_dir.startswith("/"):
            self.error_and_die("dest-dir must be an absolute directory, not %s", self.dest_dir)
        return True

    def _move(self, xaf, path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        suffix = self.args.keep_tags_suffix
        if suffix not in ("", "null"):
            xaf.write_tags_in_a_file(path + suffix)
        return super()._move(xaf, path)


def main():
    AcquisitionArchiveStep().run()
