#!/usr/bin/env python3

from acquisition import AcquisitionBatchStep


class MainStep(AcquisitionBatchStep):

    def init(self):
        self.batch_process_max_size = self.get_custom_config_value("batch_max_size", transform=int)
        self.batch_process_max_wait = self.get_custom_config_value("batch_max_wait", transform=float)

    def batch_process(self, xafs):
        """Called with several files: of each, xaf.filepath is where it is and xaf.tags is what is known of it.

        True: done with all of them. A list has one answer for each. Anything else, or an exception: all failed, and the
        failure policy applies to them.
        """
        for xaf in xafs:
            self.info("process for file %s", xaf.filepath)
        return True


if __name__ == "__main__":
    MainStep().run()
