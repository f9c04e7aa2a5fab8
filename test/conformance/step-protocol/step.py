#!/usr/bin/env python3
from acquisition import AcquisitionStep
from xattrfile import XattrFile


class Step(AcquisitionStep):
    def process(self, xaf):
        with open(xaf.filepath) as file:
            wanted = file.read()
        if wanted == "tag":
            self.set_tag(xaf, "colour", "blue")
        elif wanted == "pass":
            return self.move_to_plugin_step(xaf, "archive", "main")
        elif wanted == "make":
            path = self.get_tmp_filepath()
            with open(path, "w") as file:
                file.write("made")
            return self.move_to_plugin_step(XattrFile(path, tags=xaf.tags), "archive", "main")
        return wanted == "tag"


Step().run()
