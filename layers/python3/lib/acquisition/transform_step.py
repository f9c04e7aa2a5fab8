"""Makes other files of each file and sends them to a step."""

import os
from collections.abc import Iterable

from acquisition.step import AcquisitionStep
from xattrfile import XattrFile


class AcquisitionTransformStep(AcquisitionStep):
    """Override transform(xaf): None, a path, an XattrFile, or several of them."""

    #: Where files go when the command says nothing.
    dest_dir_default = None
    #: What is sent on has a name of the pipeline's; plugins may set this all the same.
    keep_transformed_basename = True

    def add_extra_arguments(self, parser):
        parser.add_argument("--dest-dir", default=self.dest_dir_default, help="plugin/step")

    def _init(self):
        status = super()._init()
        written = getattr(self.args, "dest_dir", self.dest_dir_default)
        if written is not None or not self.unit_tests:
            self._check_destination(written or "")
        return status

    def _check_destination(self, written):
        if written.startswith("/") or written.count("/") != 1:
            self.error_and_die("dest-dir must be something like plugin/step, not %s", written)
        self.dest_plugin_name, self.dest_step_name = written.split("/")

    def transform(self, xaf):
        return xaf

    def process(self, xaf):
        made = self.transform(xaf)
        return True if made is None else self.process_out(xaf, made)

    def process_out(self, xaf, out):
        """Sends what transform() returned."""
        if out is None or out is True or out is False:
            return out is not False
        if isinstance(out, (str, os.PathLike, XattrFile)):
            return self._send_made(xaf, out)
        if isinstance(out, Iterable):
            return all([self.process_out(xaf, one) for one in out])
        raise TypeError(f"transform() returned {type(out).__name__}: no path, no XattrFile, nor several of them")

    def _send_made(self, xaf, made):
        if not isinstance(made, XattrFile):
            made = XattrFile(os.fspath(made), tags=xaf.tags)
        elif made is not xaf and "first.core.original_uid" not in made.tags:
            made.tags.update(xaf.tags)
        return self.move_to_plugin_step(made, self.dest_plugin_name, self.dest_step_name, info=True)
