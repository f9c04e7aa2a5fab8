"""A way in: a daemon that makes files."""

import os

from acquisition.base import AcquisitionBase
from acquisition.utils import dest_dir_to_absolute
from mfutil import get_unique_hexa_identifier
from xattrfile import XattrFile


class AcquisitionListener(AcquisitionBase):
    """Override listen(); when it returns, the process ends."""

    def listen(self):
        raise NotImplementedError("listen() must be overridden")

    def run(self):
        self._init()
        self.listen()
        self._destroy()

    def store(self, content, dest_dir, tags=None, basename=None):
        """Makes a file of some bytes, with tags of its own, in `plugin/step` or an absolute directory; returns its path.

        The file appears there at once and whole, and is on the disk when this returns: acknowledge what it came from
        after that. Raises when it could not be stored.
        """
        path = self.get_tmp_filepath()
        try:
            with open(path, "xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            xaf = XattrFile(path)
            self._set_before_tags(xaf)
            for name, value in (tags or {}).items():
                self.set_tag(xaf, name, value, add_latest=False)
            directory, _ = dest_dir_to_absolute(dest_dir)
            os.makedirs(directory, exist_ok=True)
            target = os.path.join(directory, basename or get_unique_hexa_identifier())
            done, _ = xaf.move_or_copy(target)
            if not done:
                raise OSError(f"{path} cannot be moved to {target}")
        except BaseException:
            if os.path.exists(path):
                os.unlink(path)
            raise
        return target

    def _set_before_tags(self, xaf):
        """The first tags of a file it made."""
        xaf.tags.setdefault("latest.core.step_counter", b"0")
        xaf.tags.setdefault("first.core.original_uid", get_unique_hexa_identifier())
