#!/usr/bin/env python3
"""Takes files in. What it moves into the pipeline is complete and has its tags."""

import time

from acquisition.listener import AcquisitionListener


class Listener(AcquisitionListener):
    def listen(self):
        """Runs for as long as the process does; when it returns, the process ends."""
        self.info("listening")
        while True:
            # When something came: self.store(content, os.environ["MFDATA_DATA_IN_DIR"] + "/incoming")
            time.sleep(1)


if __name__ == "__main__":
    Listener().run()
