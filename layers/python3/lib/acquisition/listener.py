"""A way in: a daemon that makes files."""

from acquisition.base import AcquisitionBase
from mfutil import get_unique_hexa_identifier


class AcquisitionListener(AcquisitionBase):
    """Override listen(); when it returns, the process ends."""

    def listen(self):
        raise NotImplementedError("listen() must be overridden")

    def run(self):
        self._init()
        self.listen()
        self._destroy()

    def _set_before_tags(self, xaf):
        """The first tags of a file it made."""
        xaf.tags.setdefault("latest.core.step_counter", b"0")
        xaf.tags.setdefault("first.core.original_uid", get_unique_hexa_identifier())
