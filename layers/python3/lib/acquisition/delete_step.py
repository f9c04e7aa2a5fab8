from acquisition.step import AcquisitionStep


class AcquisitionDeleteStep(AcquisitionStep):
    def process(self, xaf):
        return xaf.delete_or_nothing()


def main():
    AcquisitionDeleteStep().run()
