"""The plugins of a module as plain dictionaries."""

import os

from mfplugin.manager import PluginsManager
from mfplugin.utils import MFPluginException


def get_installed_plugins(plugins_base_dir=None):
    """`name`, `version`, `release`, `home` of each."""
    names = ("name", "version", "release", "home")
    plugins = PluginsManager(plugins_base_dir).plugins.values()
    return [{name: getattr(plugin, name) for name in names} for plugin in plugins]


def get_plugin_info(name_or_filepath, mode="auto", plugins_base_dir=None):
    """`metadatas`, `files`, `home` of a plugin or an archive; None when there is none. `mode`: `auto`, `name` or `file`."""
    found = _describe(name_or_filepath, mode, plugins_base_dir)
    if found is None:
        return None
    return {"metadatas": {"name": found["name"], **found["metadata"]}, "files": found["files"], "home": found.get("home")}


def get_plugin_hash(name_or_filepath, mode="auto", plugins_base_dir=None):
    """The same for an archive and for what was installed from it; None when there is none."""
    if _describe(name_or_filepath, mode, plugins_base_dir) is None:
        return None
    return PluginsManager(plugins_base_dir).run("plugins.hash", name_or_filepath).strip()


def _describe(name_or_filepath, mode, plugins_base_dir):
    if mode not in ("auto", "name", "file"):
        raise ValueError(f"{mode!r} is none of auto, name, file")
    is_file = os.path.isfile(name_or_filepath)
    if (mode == "file" and not is_file) or (mode == "name" and os.sep in name_or_filepath):
        return None
    try:
        return PluginsManager(plugins_base_dir).describe(name_or_filepath)
    except MFPluginException:
        return None
