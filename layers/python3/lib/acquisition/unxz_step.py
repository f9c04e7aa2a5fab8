from acquisition.uncompress_step import AcquisitionUnxzStep

__all__ = ["AcquisitionUnxzStep"]


def main():
    AcquisitionUnxzStep().run()
