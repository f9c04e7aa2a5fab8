"""The plugins of a module, looked at and changed by its commands."""

import json
import os
import shlex
import subprocess

from mfplugin.plugin import Plugin
from mfplugin.utils import (
    AlreadyInstalledPlugin,
    BadPluginFile,
    CantBuildPlugin,
    CantInstallPlugin,
    CantUninstallPlugin,
    NotInstalledPlugin,
)


class PluginsManager:
    """`plugins_base_dir`: where they are, if not where the module runs them from."""

    def __init__(self, plugins_base_dir=None):
        self.plugins_base_dir = plugins_base_dir or os.environ.get("MFMODULE_PLUGINS_BASE_DIR") or None

    @property
    def plugins(self):
        """All that are installed, by name, as it is now."""
        return {row["name"]: Plugin(self, row) for row in json.loads(self.run("plugins.list", "--json"))}

    def get_plugin(self, name):
        """Raises NotInstalledPlugin."""
        plugins = self.plugins
        if name not in plugins:
            raise NotInstalledPlugin(f"the plugin {name} is not installed")
        return plugins[name]

    def describe(self, name_or_file, error=NotInstalledPlugin):
        """What `plugins.info` knows of a plugin or an archive."""
        return json.loads(self.run("plugins.info", "--json", name_or_file, error=error))

    def install_plugin(self, plugin_filepath, new_name=None):
        """Raises BadPluginFile, AlreadyInstalledPlugin, CantInstallPlugin."""
        name = new_name or self.describe(plugin_filepath, BadPluginFile)["name"]
        if name in self.plugins:
            raise AlreadyInstalledPlugin(f"the plugin {name} is installed already")
        named = ["--new-name", new_name] if new_name else []
        self.run("plugins.install", *named, plugin_filepath, error=CantInstallPlugin)

    def uninstall_plugin(self, name):
        """Raises NotInstalledPlugin, CantUninstallPlugin."""
        self.get_plugin(name)
        self.run("plugins.uninstall", name, error=CantUninstallPlugin)

    def repackage_plugin(self, name):
        """Makes an archive of it, in the working directory, with the settings it has now."""
        self.get_plugin(name)
        self.run("plugins.repackage", name, error=CantBuildPlugin)

    def run(self, command, *words, error=CantInstallPlugin):
        """What a command prints; it is told where the plugins are. Raises `error` when it fails."""
        place = [f"--plugins-base-dir={self.plugins_base_dir}"] if self.plugins_base_dir else []
        argv = [command, *place, *words]
        try:
            done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        except OSError as reason:
            raise error(f"{command} is not there: is this the environment of a module?", reason) from reason
        if done.returncode != 0:
            raise error(f"{shlex.join(argv)} ended with {done.returncode}: {(done.stderr or done.stdout).strip()}")
        return done.stdout
