"""Installed plugins, for scripts in a module's environment. A plugin's own settings are in its environment."""
