"""One installed plugin."""

import os
import subprocess

from mfplugin.utils import BadPlugin


class Plugin:
    """`name`, `home`, `version`, `release`; and what was written when it was built, read when it is first asked for."""

    def __init__(self, manager, row):
        self._manager = manager
        self._described = None
        self.name = row["name"]
        self.home = row["home"]
        self.version = row["version"]
        self.release = row["release"]
        self.is_installed = True

    @property
    def is_dev_linked(self):
        base = self._manager.plugins_base_dir or os.path.join(os.environ["MFMODULE_RUNTIME_HOME"], "var", "plugins")
        return os.path.islink(os.path.join(base, self.name))

    @property
    def metadata(self):
        """version, release, build_host, build_date, size, summary, license, packager, vendor, url; those that are known."""
        return self._describe()["metadata"]

    @property
    def files(self):
        return self._describe()["files"]

    @property
    def build_host(self):
        return self.metadata.get("build_host", "unknown")

    @property
    def build_date(self):
        return self.metadata.get("build_date", "unknown")

    @property
    def size(self):
        return self.metadata.get("size", "unknown")

    def get_hash(self):
        """The same for two installations of one archive."""
        return self._manager.run("plugins.hash", self.name, error=BadPlugin).strip()

    def get_plugin_env_dict(self, **_):
        """The variables its processes have, all of them."""
        place = self._manager.plugins_base_dir
        argv = ["plugin_wrapper", *([f"--plugins-base-dir={place}"] if place else []), self.name, "--", "env", "-0"]
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            raise BadPlugin(done.stderr.decode("utf-8", "replace").strip())
        pairs = done.stdout.decode("utf-8", "surrogateescape").split("\0")
        return dict(pair.split("=", 1) for pair in pairs if "=" in pair)

    def _describe(self):
        if self._described is None:
            self._described = self._manager.describe(self.name)
        return self._described
