"""What can go wrong with plugins, and where one is."""

import os


class MFPluginException(Exception):
    """`original_exception`: what caused it, if something did."""

    def __init__(self, msg=None, original_exception=None, **details):
        super().__init__(msg or "")
        self.original_exception = original_exception
        self.details = details


class BadPlugin(MFPluginException):
    pass


class BadPluginConfiguration(BadPlugin):
    pass


class BadPluginName(BadPlugin):
    pass


class BadPluginFile(BadPlugin):
    pass


class NotInstalledPlugin(MFPluginException):
    pass


class AlreadyInstalledPlugin(MFPluginException):
    pass


class CantInstallPlugin(MFPluginException):
    pass


class CantUninstallPlugin(MFPluginException):
    pass


class CantBuildPlugin(MFPluginException):
    pass


def inside_a_plugin_env():
    return get_current_plugin_name() is not None


def get_current_plugin_name():
    """The plugin in whose environment this runs, or None."""
    return os.environ.get(f"{os.environ.get('MFMODULE', 'GENERIC')}_CURRENT_PLUGIN_NAME")
