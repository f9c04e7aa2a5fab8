"""Names that plugins of the predecessor import from here."""

import os

from acquisition import places

MFMODULE_RUNTIME_HOME = places.runtime_home()
MFDATA_DATA_IN_DIR = places.data_in()
TMP_DIR = os.path.join(MFDATA_DATA_IN_DIR, "tmp")
TRASH_DIR = os.path.join(MFDATA_DATA_IN_DIR, "trash")

get_plugin_step_directory_path = places.step_directory


def dest_dir_to_absolute(dest_dir, allow_absolute=True):
    """The directory that `plugin/step`, or an absolute path, means, and whether it was an absolute path."""
    if dest_dir in (None, "", "null", "FIXME"):
        raise Exception("dest_dir must be set")
    if allow_absolute and dest_dir.startswith("/"):
        return dest_dir, True
    parts = [part.strip() for part in dest_dir.split("/")]
    if len(parts) != 2 or "" in parts:
        raise Exception(f"bad dest_dir: {dest_dir}, must be something like plugin_name/step_name")
    return places.step_directory(*parts), False


def add_trace(xaf, from_plugin, from_step, to_plugin, to_step="", virtual=False):
    """The pipeline counts what goes where by itself."""


def add_virtual_trace(from_plugin, from_step, to_plugin, to_step=""):
    """The pipeline counts what goes where by itself."""
