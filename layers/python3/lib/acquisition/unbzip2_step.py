from acquisition.uncompress_step import AcquisitionUnbzip2Step

__all__ = ["AcquisitionUnbzip2Step"]


def main():
    AcquisitionUnbzip2Step().run()
