"""Where files of the pipeline are."""

import os

from mfutil import get_unique_hexa_identifier, mkdir_p_or_die


def runtime_home():
    return os.environ.get("MFMODULE_RUNTIME_HOME", "/tmp")


def data_in():
    return os.environ.get("MFDATA_DATA_IN_DIR") or os.path.join(runtime_home(), "var", "in")


def step_directory(plugin, step):
    return os.path.join(data_in(), f"step.{plugin}.{step}")


def trash_directory(plugin, step):
    return os.path.join(data_in(), "trash", f"{plugin}.{step}")


def work_filepath(plugin, step, basename=None):
    """A path for a file being made, on the file system of the pipeline."""
    directory = os.path.join(data_in(), "tmp", f"{plugin}.{step}.work")
    mkdir_p_or_die(directory)
    return os.path.join(directory, basename or get_unique_hexa_identifier())
