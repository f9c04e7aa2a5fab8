"""Runs a command per file; the files it names go on."""

import os
import subprocess

from acquisition.transform_step import AcquisitionTransformStep

MARK = "FILEPATH:"


class AcquisitionForkStep(AcquisitionTransformStep):
    #: Of no meaning to a command that returns no paths.
    dest_dir_default = "nowhere/nowhere"

    def add_extra_arguments(self, parser):
        super().add_extra_arguments(parser)
        parser.add_argument("--command-template", required=not self.unit_tests, help="a line for bash, with {PATH}")
        parser.add_argument("--command-returning-path", type=int, default=1, help="1: it prints FILEPATH: path")

    def _init(self):
        status = super()._init()
        if self.args.command_template is not None and "{PATH}" not in self.args.command_template:
            self.error_and_die("command-template must contain {PATH}: %s", self.args.command_template)
        return status

    def get_command(self, filepath):
        command = self.args.command_template.replace("{PATH}", filepath)
        home = os.environ.get("MFDATA_CURRENT_PLUGIN_DIR") or self.get_plugin_directory_path()
        return command.replace("{{MFDATA_CURRENT_PLUGIN_DIR}}", home)

    def transform(self, xaf):
        command = self.get_command(xaf.filepath)
        self.info("Calling %s ...", command)
        done = subprocess.run(["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        output = done.stdout.decode("utf-8", "surrogateescape")
        if done.returncode != 0:
            raise Exception(f"{command} ended with {done.returncode}: {output.strip()}")
        self.debug("output of %s: %s", command, output)
        return self._paths(output) if self.args.command_returning_path else None

    @staticmethod
    def _paths(output):
        paths = [line[len(MARK) :].strip() for line in output.splitlines() if line.startswith(MARK)]
        for path in paths:
            if not os.path.isabs(path) or not os.path.isfile(path):
                raise Exception(f"the command names {path}, which is no absolute path of a file")
        return paths


def main():
    AcquisitionForkStep().run()
