"""Metrics by statsd, where the module sends metrics at all."""

import os
import socket
import time


class Timer:
    def __init__(self, client, name):
        self._client = client
        self._name = name

    def start(self):
        self._start = time.monotonic()
        return self

    def stop(self, send=True):
        if send:
            self._client.timing(self._name, (time.monotonic() - self._start) * 1000)
        return self

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


class StatsClient:
    """Sends one datagram a value; with no address it sends nothing."""

    def __init__(self, address, suffix):
        self._address = address
        self._suffix = suffix
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM) if address else None

    def incr(self, stat, count=1, rate=1):
        self._send(stat, f"{count}|c")

    def decr(self, stat, count=1, rate=1):
        self.incr(stat, -count)

    def gauge(self, stat, value, rate=1, delta=False):
        self._send(stat, f"{'+' if delta and value >= 0 else ''}{value}|g")

    def set(self, stat, value, rate=1):
        self._send(stat, f"{value}|s")

    def timing(self, stat, delta, rate=1):
        self._send(stat, f"{delta:.3f}|ms")

    def timer(self, stat, rate=1):
        return Timer(self, stat)

    def pipeline(self):
        return self

    def send(self):
        """Values are sent at once."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def _send(self, stat, text):
        if self._socket is None:
            return
        try:
            self._socket.sendto(f"{stat}{self._suffix}:{text}".encode(), self._address)
        except OSError:
            pass


def get_stats_client(plugin_name, step_name, extra_tags=None):
    port = os.environ.get("MFDATA_TELEGRAF_STATSD_PORT", "0")
    admin = os.environ.get("MFDATA_ADMIN_HOSTNAME", "null")
    address = ("127.0.0.1", int(port)) if port.isdigit() and port != "0" and admin not in ("", "null") else None
    tags = {"module": "mfdata", "host": os.environ.get("MFHOSTNAME", ""), "plugin": plugin_name, "step": step_name}
    tags.update(extra_tags or {})
    return StatsClient(address, "".join(f",{name}={value}" for name, value in tags.items()))
