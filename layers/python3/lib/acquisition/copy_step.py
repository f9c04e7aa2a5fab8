"""Sends each file to several steps."""

from acquisition.step import AcquisitionStep


class AcquisitionCopyStep(AcquisitionStep):
    """Override before_copy(xaf): [(plugin, step, hardlink)], or None for nowhere."""

    def add_extra_arguments(self, parser):
        parser.add_argument("--dest-dirs", default="", help="plugin/step,plugin2/step2*")

    def _init(self):
        status = super()._init()
        self.dest_dirs = [self._target(one.strip()) for one in self.args.dest_dirs.split(",") if one.strip()]
        return status

    def _target(self, written):
        plugin, slash, step = written.rstrip("*").partition("/")
        if not slash or not plugin or not step or "/" in step:
            self.error_and_die("dest-dirs must be something like plugin/step,plugin2/step2*, not %s", written)
        return plugin, step, written.endswith("*")

    def before_copy(self, xaf):
        return self.dest_dirs

    def process(self, xaf):
        wanted = {}
        for plugin, step, hardlink in self.before_copy(xaf) or []:
            # One delivery per step; a link will do only if it does for all who ask.
            wanted[plugin, step] = hardlink and wanted.get((plugin, step), True)
        if not wanted:
            return True
        targets = [(plugin, step, hardlink) for (plugin, step), hardlink in wanted.items()]
        *others, last = sorted(targets, key=lambda target: target[2])
        for plugin, step, hardlink in others:
            send = self.hardlink_to_plugin_step if hardlink else self.copy_to_plugin_step
            if not send(xaf, plugin, step, info=True):
                return False
        return self.move_to_plugin_step(xaf, last[0], last[1], info=True)


def main():
    AcquisitionCopyStep().run()
