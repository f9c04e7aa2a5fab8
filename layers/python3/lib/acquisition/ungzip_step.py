from acquisition.uncompress_step import AcquisitionUngzipStep

__all__ = ["AcquisitionUngzipStep"]


def main():
    AcquisitionUngzipStep().run()
