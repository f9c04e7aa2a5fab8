"""A switch of one's own. As a step's whole command `switch_step` is the pipeline's, and faster."""

import os

from acquisition import places
from acquisition.copy_step import AcquisitionCopyStep
from acquisition.switch_rules import read_rules
from mfutil import mkdir_p_or_die
from xattrfile import XattrFile


class AcquisitionSwitchStep(AcquisitionCopyStep):
    """Sends each file to the steps whose rules match. Override before_copy(xaf) to change that."""

    def add_extra_arguments(self, parser):
        super().add_extra_arguments(parser)
        home = os.environ.get("MFDATA_CURRENT_PLUGIN_DIR", ".")
        parser.add_argument("--rules-file", default=os.path.join(home, "config.ini"))
        parser.add_argument("--no-match-policy", default="delete", choices=("delete", "keep"))
        parser.add_argument("--switch-section-prefix", default="switch_rules*")

    def _init(self):
        status = super()._init()
        self._rules_seen = self._rules_stamp()
        prefix = self.args.switch_section_prefix
        self.rules = read_rules(self.args.rules_file, prefix, self.plugin_name, self.warning)
        return status

    def _rules_stamp(self):
        try:
            found = os.stat(self.args.rules_file)
            return found.st_mtime_ns, found.st_size, found.st_ino
        except OSError:
            return None

    def ping(self):
        if self._rules_stamp() != self._rules_seen:
            self.warning("%s has changed: a new process reads it", self.args.rules_file)
            self.stop_flag = True

    def before_copy(self, xaf):
        targets = [target for rule in self.rules if self._matches(rule, xaf) for target in rule.targets]
        self.info("%i actions matched for file=%s", len(targets), xaf.filepath)
        if not targets and self.args.no_match_policy == "keep":
            self._keep(xaf)
        return targets or None

    def _matches(self, rule, xaf):
        try:
            return bool(rule.matches(xaf))
        except Exception as error:
            self.exception("a rule fails: %s", error)
            return False

    def _keep(self, xaf):
        original = os.environ.get("MFDATA_INTERNAL_PLUGINS_SWITCH_NO_MATCH_KEEP_ORIGINAL_BASENAME", "0").strip() == "1"
        name = self.get_original_basename(xaf) if original else self.get_original_uid(xaf)
        directory = places.trash_directory(self.plugin_name, "nomatch")
        mkdir_p_or_die(directory)
        path = os.path.join(directory, os.path.basename(name))
        xaf.write_tags_in_a_file(path + ".tags")
        if not xaf.move_or_copy(path)[0]:
            raise OSError(f"{xaf.filepath} can't be kept in {directory}")
        XattrFile(path).clear_tags()


def main():
    AcquisitionSwitchStep().run()
