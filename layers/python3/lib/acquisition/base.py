"""What steps and listeners share: arguments, log, configuration, tags."""

import argparse
import os
import re
import sys
import traceback

import mflog
from acquisition import places
from acquisition.stats import get_stats_client

COUNTER = "latest.core.step_counter"


class AcquisitionBase:
    """Override init(), destroy(), add_extra_arguments(parser)."""

    unit_tests = False
    unit_tests_args = None
    step_name = "main"

    def __init__(self):
        self.plugin_name = getattr(self, "plugin_name", None) or os.environ.get("MFDATA_CURRENT_PLUGIN_NAME")
        if self.plugin_name is None:
            if not self.unit_tests:
                raise Exception("you have to execute this inside a plugin_env")
            self.plugin_name = "unittests"
        self.args = None
        self.__logger = None

    def init(self):
        """Once, before the first file."""

    def destroy(self):
        """Once, after the last file."""

    def add_extra_arguments(self, parser):
        """Declare your own arguments; they are in self.args."""

    def _add_extra_arguments_before(self, parser):
        pass

    def _add_extra_arguments_after(self, parser):
        pass

    def _init(self):
        parser = argparse.ArgumentParser(description=f"{self.plugin_name}/{type(self).__name__} acquisition step")
        parser.add_argument("--step-name", default="main", help="step name")
        self._add_extra_arguments_before(parser)
        self.add_extra_arguments(parser)
        self._add_extra_arguments_after(parser)
        self.args, _ = parser.parse_known_args(self.unit_tests_args if self.unit_tests else None)
        self.step_name = self.args.step_name
        if not re.fullmatch("[A-Za-z0-9_]+", self.step_name):
            self.error_and_die("step_name: %s must match with ^[A-Za-z0-9_]+$", self.step_name)
        return self.init()

    def _destroy(self):
        return self.destroy()

    def get_plugin_directory_path(self):
        return os.path.join(places.runtime_home(), "var", "plugins", self.plugin_name)

    def get_tmp_filepath(self, forced_basename=None):
        """A path for a temporary file on the file system of the pipeline."""
        return places.work_filepath(self.plugin_name, self.step_name, forced_basename)

    def _get_logger(self):
        if self.__logger is None:
            self.__logger = mflog.get_logger(f"mfdata.{self.plugin_name}.{self.step_name}")
        return self.__logger

    def debug(self, msg, *args, **kwargs):
        self._get_logger().debug(msg, *args, **kwargs)

    def info(self, msg, *args, **kwargs):
        self._get_logger().info(msg, *args, **kwargs)

    def warning(self, msg, *args, **kwargs):
        self._get_logger().warning(msg, *args, **kwargs)

    def error(self, msg, *args, **kwargs):
        self._get_logger().error(msg, *args, **kwargs)

    def critical(self, msg, *args, **kwargs):
        self._get_logger().critical(msg, *args, **kwargs)

    def exception(self, msg, *args, **kwargs):
        self._get_logger().exception(str(msg), *args, **kwargs)

    def error_and_die(self, msg, *args, **kwargs):
        """Logs and ends the process with 2."""
        self.error(msg, *args, **kwargs)
        sys.stderr.write("exiting...\nstack: " + "".join(traceback.format_stack()) + "\n")
        sys.stderr.flush()
        os._exit(2)

    def get_config_value(self, key, transform=None, default=Exception()):
        """A key of the step's own section."""
        return self.__config_value(f"step_{self.step_name}", key, transform, default)

    def get_custom_config_value(self, key, transform=None, default=Exception()):
        """A key of [custom]; raises when it is not there and has no default."""
        return self.__config_value("custom", key, transform, default)

    def __config_value(self, section, key, transform, default):
        module = os.environ.get("MFMODULE", "MFDATA")
        name = f"{module}_CURRENT_PLUGIN_{section}_{key}".replace("-", "_").upper()
        value = os.environ.get(name, default)
        if isinstance(value, Exception):
            raise KeyError(f"[{section}]/{key} is not configured ({name})") from value
        if transform is None:
            return value
        try:
            return transform(value)
        except Exception as error:
            raise Exception(f"can't call transform function on configuration key: [{section}]/{key}: {error}") from error

    def _get_tag_name(self, name, counter_str_value="latest", force_process_name=None, force_plugin_name=None):
        plugin = force_plugin_name or self.plugin_name
        step = [] if plugin == "core" else [force_process_name or self.step_name]
        return ".".join([counter_str_value, plugin, *step, name])

    def _set_tag(self, xaf, name, value, info=False):
        """Sets a tag by its whole name."""
        text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value
        (self.info if info else self.debug)("Setting tag %s = %s", name, text)
        xaf.tags[name] = value

    def _set_tag_latest(self, xaf, name, value, info=False):
        self._set_tag(xaf, self._get_tag_name(name), value, info)

    def _get_counter_tag_value(self, xaf, not_found_value="0"):
        return int(xaf.tags.get(COUNTER, not_found_value))

    def set_tag(self, xaf, name, value, add_latest=True, info=False):
        """Sets `<counter>.<plugin>.<step>.<name>` and, unless told not to, `latest....`."""
        counter = str(self._get_counter_tag_value(xaf))
        self._set_tag(xaf, self._get_tag_name(name, counter), value, info)
        if add_latest:
            self._set_tag_latest(xaf, name, value, info)

    def get_tag(
        self,
        xaf,
        name,
        not_found_value=None,
        counter_str_value="latest",
        force_process_name=None,
        force_plugin_name=None,
        **kwargs,
    ):
        """The tag's value, bytes."""
        process = kwargs.get("force_step_name", force_process_name)
        return xaf.tags.get(self._get_tag_name(name, counter_str_value, process, force_plugin_name), not_found_value)

    def _core_tag(self, xaf, name):
        return xaf.tags.get(f"first.core.{name}", b"unknown").decode("utf-8", "surrogateescape")

    def get_original_basename(self, xaf):
        return self._core_tag(xaf, "original_basename")

    def get_original_uid(self, xaf):
        return self._core_tag(xaf, "original_uid")

    def get_original_dirname(self, xaf):
        return self._core_tag(xaf, "original_dirname")

    def add_trace(self, xaf, to_plugin_name, to_step_name=""):
        """The pipeline counts what goes where by itself."""

    def add_virtual_trace(self, to_plugin_name, to_step_name=""):
        """The pipeline counts what goes where by itself."""

    def get_stats_client(self, extra_tags=None):
        return get_stats_client(self.plugin_name, self.step_name, extra_tags)
