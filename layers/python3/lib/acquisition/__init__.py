"""Steps of the file pipeline: subclass AcquisitionStep, override process(xaf), call run().

Each class is loaded when it is first asked for: a step starts with what it needs.
"""

import importlib

_MODULES = {
    "AcquisitionArchiveStep": "archive_step",
    "AcquisitionBatchStep": "batch_step",
    "AcquisitionCopyStep": "copy_step",
    "AcquisitionDeleteStep": "delete_step",
    "AcquisitionForkStep": "fork_step",
    "AcquisitionListener": "listener",
    "AcquisitionMoveStep": "move_step",
    "AcquisitionReinjectStep": "reinject_step",
    "AcquisitionStep": "step",
    "AcquisitionSwitchStep": "switch_step",
    "AcquisitionTransformStep": "transform_step",
    "AcquisitionUnbzip2Step": "uncompress_step",
    "AcquisitionUngzipStep": "uncompress_step",
    "AcquisitionUnxzStep": "uncompress_step",
}

__all__ = list(_MODULES)


def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__():
    return sorted([*globals(), *__all__])
