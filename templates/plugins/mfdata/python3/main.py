#!/usr/bin/env python3

from acquisition import AcquisitionStep


class MainStep(AcquisitionStep):

    def process(self, xaf):
        """Called with each file: xaf.filepath is where it is, xaf.tags is what is known of it.

        True: done with it. Anything else, or an exception: it failed, and the failure policy applies.
        """
        self.info("process for file %s", xaf.filepath)
        return True


if __name__ == "__main__":
    MainStep().run()
