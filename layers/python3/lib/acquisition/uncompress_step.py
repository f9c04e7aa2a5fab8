"""Steps that decompress."""

import bz2
import gzip
import lzma
import shutil

from acquisition.transform_step import AcquisitionTransformStep


class AcquisitionUncompressStep(AcquisitionTransformStep):
    open_compressed = None

    def transform(self, xaf):
        path = self.get_tmp_filepath()
        with type(self).open_compressed(xaf.filepath, "rb") as source, open(path, "wb") as target:
            shutil.copyfileobj(source, target, 1024 * 1024)
        return path


class AcquisitionUngzipStep(AcquisitionUncompressStep):
    open_compressed = staticmethod(gzip.open)


class AcquisitionUnbzip2Step(AcquisitionUncompressStep):
    open_compressed = staticmethod(bz2.open)


class AcquisitionUnxzStep(AcquisitionUncompressStep):
    open_compressed = staticmethod(lzma.open)
