"""Logs in the format of the appliance: `2019-01-28T07:52:42.903067Z  [WARNING] (name#pid) message {key=value}`.

DEBUG and INFO go to stdout, the rest to stderr. MFLOG_MINIMAL_LEVEL says what is written; MFLOG_MINIMAL_LEVEL_OVERRIDE_FILES
names files of `pattern => LEVEL` lines. MFLOG_SYSLOG_ADDRESS and MFLOG_JSON_FILE get the same as JSON, from their own MINIMAL_LEVEL on. Python's own `logging` ends here too, unless MFLOG_STANDARD_LOGGING_REDIRECT is 0.
"""

import datetime
import fnmatch
import json
import logging
import os
import socket
import sys
import traceback

LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
_overrides = None
_minimal = None
_redirected = False


class Logger:
    """What one part of a program says, with the values bound to it."""

    def __init__(self, name, values=None):
        self.name = name
        self._values = values or {}

    def bind(self, **values):
        return Logger(self.name, {**self._values, **values})

    new = bind

    def unbind(self, *keys):
        return Logger(self.name, {key: value for key, value in self._values.items() if key not in keys})

    def isEnabledFor(self, level):
        return level >= _minimal_of(self.name)

    def log(self, level, message, *args, **values):
        if isinstance(level, int):
            level = logging.getLevelName(level)
        self._write(level.upper(), message, args, values)

    def debug(self, message, *args, **values):
        self._write("DEBUG", message, args, values)

    def info(self, message, *args, **values):
        self._write("INFO", message, args, values)

    msg = info

    def warning(self, message, *args, **values):
        self._write("WARNING", message, args, values)

    warn = warning

    def error(self, message, *args, **values):
        self._write("ERROR", message, args, values)

    def critical(self, message, *args, **values):
        self._write("CRITICAL", message, args, values)

    fatal = critical

    def exception(self, message, *args, **values):
        values.setdefault("exc_info", True)
        self._write("ERROR", message, args, values)

    def die(self, message, *args, **values):
        """Logs and ends the program with 1."""
        self._write("CRITICAL", message, args, values)
        sys.exit(1)

    def dump_locals(self):
        """Logs the caller's local variables (DEBUG)."""
        for name, value in sys._getframe(1).f_locals.items():
            self._write("DEBUG", "%s = %r", (name, value), {})

    def _write(self, level, message, args, values):
        if LEVELS.get(level, 20) < _minimal_of(self.name):
            return
        error = values.pop("exc_info", None)
        values.pop("stack_info", None)
        write(level, self.name, _fill(message, args), {**self._values, **values}, error)


def get_logger(name="root"):
    _redirect_standard_logging()
    return Logger(name)


getLogger = get_logger


def set_config(minimal_level=None, standard_logging_redirect=None, override_dict=None, **_):
    """Changes what is written; options of other outputs are accepted and ignored."""
    global _minimal
    if minimal_level is not None:
        _minimal = LEVELS.get(minimal_level.upper(), 20)
    for pattern, level in (override_dict or {}).items():
        add_override(pattern, level)
    if standard_logging_redirect:
        _redirect_standard_logging()


def add_override(pattern, level):
    """Loggers of that name have a minimal level of their own; None takes it back."""
    known = [one for one in _read_overrides() if one[0] != pattern]
    global _overrides
    _overrides = known if level is None else [(pattern, LEVELS.get(level.upper(), 20)), *known]


def write(level, name, message, values, error=None):
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None).isoformat(timespec="microseconds")
    pairs = " ".join([f"{key}={values[key]}" for key in sorted(values)])
    text = f"{now}Z {('[' + level + ']').rjust(10)} ({name}#{os.getpid()}) {message}{' {' + pairs + '}' if pairs else ''}\n"
    if error:
        text += _stack(error)
    stream = sys.stdout if LEVELS.get(level, 20) < 30 else sys.stderr
    try:
        stream.write(text)
    except UnicodeEncodeError:
        stream.write(text.encode("utf-8", "backslashreplace").decode("utf-8"))
    stream.flush()
    _send(level, name, message, values, f"{now}Z", error)


def _send(level, name, message, values, now, error):
    """To the file and the log server of the environment, as JSON: those as grave as each asks for."""
    rank = LEVELS.get(level, 20)
    file = os.environ.get("MFLOG_JSON_FILE", "null")
    server = os.environ.get("MFLOG_SYSLOG_ADDRESS", "null")
    to_file = file not in ("null", "") and rank >= _level_in("MFLOG_JSON_MINIMAL_LEVEL")
    to_server = server not in ("null", "") and rank >= _level_in("MFLOG_SYSLOG_MINIMAL_LEVEL")
    if not to_file and not to_server:
        return
    record = {
        "timestamp": now,
        "level": level.lower(),
        "name": name,
        "pid": os.getpid(),
        "event": message,
        "plugin": _of_module("PLUGIN_NAME") or "#core#",
        **values,
    }
    request_id = _of_module("REQUEST_ID")
    if request_id:
        record["request_id"] = request_id
    if error:
        record["exception"] = _stack(error)
        kind = sys.exc_info()[0]
        record["exception_type"] = kind.__name__ if kind else ""
    text = json.dumps(record, default=str)
    try:
        if to_file:
            # One write of a line: what several processes append does not mix.
            with open(file, "ab", buffering=0) as out:
                out.write(text.encode() + b"\n")
        if to_server:
            host, _, port = server.rpartition(":")
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
                out.sendto(f"<12>{text}\0".encode(), (host, int(port)))
    except (OSError, ValueError):
        # What cannot be sent has been printed.
        pass


def _level_in(variable):
    return LEVELS.get(os.environ.get(variable, "WARNING").upper(), 30)


def _of_module(what):
    return os.environ.get(f"MFSERV_CURRENT_{what}") or os.environ.get(f"MFDATA_CURRENT_{what}")


def _fill(message, args):
    text = str(message)
    if not args:
        return text
    try:
        return text % args
    except (TypeError, ValueError):
        return f"{text} {args}"


def _stack(error):
    if isinstance(error, BaseException):
        return "".join(traceback.format_exception(type(error), error, error.__traceback__))
    if isinstance(error, tuple):
        return "".join(traceback.format_exception(*error))
    return traceback.format_exc() if sys.exc_info()[0] is not None else ""


def _minimal_of(name):
    global _minimal
    for pattern, level in _read_overrides():
        if fnmatch.fnmatchcase(name, pattern):
            return level
    if _minimal is None:
        _minimal = LEVELS.get(os.environ.get("MFLOG_MINIMAL_LEVEL", "INFO").upper(), 20)
    return _minimal


def _read_overrides():
    global _overrides
    if _overrides is None:
        _overrides = []
        for path in os.environ.get("MFLOG_MINIMAL_LEVEL_OVERRIDE_FILES", "").split(";"):
            _overrides.extend(_read_override_file(path))
    return _overrides


def _read_override_file(path):
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.readlines()
    except OSError:
        return
    for line in lines:
        pattern, arrow, level = (part.strip() for part in line.partition("=>"))
        if arrow and not pattern.startswith("#") and level.upper() in LEVELS:
            yield pattern, LEVELS[level.upper()]


class _Handler(logging.Handler):
    def emit(self, record):
        level = record.levelname if record.levelname in LEVELS else "INFO"
        if LEVELS[level] >= _minimal_of(record.name):
            write(level, record.name, record.getMessage(), {}, record.exc_info)


def _redirect_standard_logging():
    global _redirected
    if _redirected or os.environ.get("MFLOG_STANDARD_LOGGING_REDIRECT") == "0":
        return
    _redirected = True
    root = logging.getLogger()
    root.handlers = [_Handler()]
    root.setLevel(logging.NOTSET)
