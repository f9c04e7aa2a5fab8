"""Makes other files of each file and sends them to a step."""

import os

from acquisition.step import AcquisitionStep
from xattrfile import XattrFile


class AcquisitionTransformStep(AcquisitionStep):
    """Override transform(xaf): None, a path, an XattrFile, or several of them."""

    def _add_arguments(self, parser):
        super()._add_arguments(parser)
        parser.add_argument("--dest-dir", required=not self.unit_tests, default=None, help="plugin/step")

    def _init(self):
        status = super()._init()
        if self.args.dest_dir is not None:
            self._check_destination(self.args.dest_dir)
        return status

    def _check_destination(self, written):
        if written.startswith("/") or written.count("/") != 1:
            self.error_and_die("dest-dir must be something like plugin/step, not %s", written)
        self.dest_plugin_name, self.dest_step_name = written.split("/")

    def transform(self, xaf):
        raise NotImplementedError("transform() must be overridden")

    def process(self, xaf):
        made = self.transform(xaf)
        if made is None:
            return True
        if isinstance(made, (str, os.PathLike, XattrFile)):
            made = [made]
        elif made is False or made is True:
            return made
        return all([self._send_made(xaf, one) for one in made])

    def _send_made(self, xaf, made):
        if not isinstance(made, XattrFile):
            made = XattrFile(os.fspath(made), tags=xaf.tags)
        elif made is not xaf and "first.core.original_uid" not in made.tags:
            made.tags.update(xaf.tags)
        return self.move_to_plugin_step(made, self.dest_plugin_name, self.dest_step_name, info=True)
