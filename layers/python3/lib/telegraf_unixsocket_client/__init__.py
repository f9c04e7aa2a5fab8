"""Sends measurements to a telegraf on this machine, over its unix socket, as lines of InfluxDB."""

import datetime
import os
import socket
import stat

_NANOSECONDS = {"n": 1, "ns": 1, "u": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}


class TelegrafUnixSocketClientException(Exception):
    pass


class TelegrafUnixSocketClient:
    """`tags` go with every measurement. `unix_socket_timeout`: seconds."""

    def __init__(self, unix_socket_path, unix_socket_timeout=10, tags=None):
        self.unix_socket_path = unix_socket_path
        self.unix_socket_timeout = unix_socket_timeout
        self.tags = dict(tags or {})
        self._sock = None

    def connect(self, bypass_unix_socket_check=False):
        """Raises TelegrafUnixSocketClientException when there is no socket, OSError when nobody listens."""
        if not bypass_unix_socket_check and not _is_socket(self.unix_socket_path):
            raise TelegrafUnixSocketClientException(f"{self.unix_socket_path} is no unix socket")
        if self._sock is not None:
            return True
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(self.unix_socket_timeout)
            sock.connect(self.unix_socket_path)
        except OSError:
            sock.close()
            raise
        self._sock = sock
        return True

    def close(self):
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def send_measurement(self, name, fields_dict, extra_tags=None, timestamp=None, precision=None):
        """`timestamp`: a number in units of `precision` (default ns), or a datetime."""
        if self._sock is None:
            raise TelegrafUnixSocketClientException("not connected: call connect() first")
        line = make_line(name, fields_dict, {**self.tags, **(extra_tags or {})}, timestamp, precision)
        self._sock.sendall(line.encode("utf-8"))


def make_line(name, fields, tags, timestamp=None, precision=None):
    """`NAME,TAG=VALUE FIELD=VALUE [TIME]` with a line feed; fields and tags that are None or empty are left out."""
    kept = sorted((str(key), value) for key, value in tags.items() if value is not None and str(value) != "")
    head = "".join(f",{_escaped(key, ',= ')}={_escaped(value, ',= ')}" for key, value in kept)
    values = ",".join(
        f"{_escaped(key, ',= ')}={_field(value)}" for key, value in sorted(fields.items()) if value is not None
    )
    if values == "":
        raise ValueError(f"the measurement {name} has no field")
    time = "" if timestamp is None else f" {_time(timestamp, precision)}"
    return f"{_escaped(name, ', ')}{head} {values}{time}\n"


def _field(value):
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        return f"{value}i"
    if isinstance(value, float):
        return repr(value)
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


def _time(timestamp, precision):
    if not isinstance(timestamp, datetime.datetime):
        return int(timestamp)
    aware = timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=datetime.timezone.utc)
    since = aware - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return since // datetime.timedelta(microseconds=1) * 1000 // _NANOSECONDS[precision or "n"]


def _escaped(value, special):
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    for one in special:
        text = text.replace(one, "\\" + one)
    return text.replace("\n", " ")


def _is_socket(path):
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False
