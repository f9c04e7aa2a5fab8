"""Steps of the file pipeline: subclass AcquisitionStep, override process(xaf), call run()."""

from acquisition.archive_step import AcquisitionArchiveStep
from acquisition.batch_step import AcquisitionBatchStep
from acquisition.copy_step import AcquisitionCopyStep
from acquisition.delete_step import AcquisitionDeleteStep
from acquisition.fork_step import AcquisitionForkStep
from acquisition.listener import AcquisitionListener
from acquisition.move_step import AcquisitionMoveStep
from acquisition.step import AcquisitionStep
from acquisition.switch_step import AcquisitionSwitchStep
from acquisition.transform_step import AcquisitionTransformStep
from acquisition.uncompress_step import AcquisitionUnbzip2Step, AcquisitionUngzipStep, AcquisitionUnxzStep

__all__ = [
    "AcquisitionArchiveStep",
    "AcquisitionBatchStep",
    "AcquisitionCopyStep",
    "AcquisitionDeleteStep",
    "AcquisitionForkStep",
    "AcquisitionListener",
    "AcquisitionMoveStep",
    "AcquisitionStep",
    "AcquisitionSwitchStep",
    "AcquisitionTransformStep",
    "AcquisitionUnbzip2Step",
    "AcquisitionUngzipStep",
    "AcquisitionUnxzStep",
]
