"""The client of the step protocol: one connection, NDJSON, one message a line (docs/reference/protocol.md)."""

import json
import os
import select
import signal
import socket
import time

LONGEST_READ = 65536
encode = json.JSONEncoder(separators=(",", ":")).encode


class Closed(Exception):
    """The pipeline is not there (any more)."""


class Connection:
    """A connection to the pipeline. Signals interrupt its waiting."""

    def __init__(self, path):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.connect(path)
        except OSError as error:
            self._socket.close()
            raise Closed(f"nobody listens at {path}: {error}") from error
        self._rest = b""
        self._lines = []

    def send(self, *messages):
        text = "".join([encode(message) + "\n" for message in messages])
        try:
            self._socket.sendall(text.encode("ascii"))
        except OSError as error:
            raise Closed(str(error)) from error

    def receive(self, seconds, wakeup):
        """The next message; None: none came in time, or a signal did. Raises Closed at the end."""
        if not self._lines and not self._wait(seconds, wakeup):
            return None
        return json.loads(self._lines.pop(0)) if self._lines else None

    def close(self):
        self._socket.close()

    def _wait(self, seconds, wakeup):
        deadline = time.monotonic() + seconds
        while not self._lines:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            ready, _, _ = select.select([self._socket, wakeup], [], [], left)
            if wakeup in ready:
                wakeup.drain()
                return False
            if ready:
                self._read()
        return True

    def _read(self):
        try:
            data = self._socket.recv(LONGEST_READ)
        except OSError as error:
            raise Closed(str(error)) from error
        if not data:
            raise Closed("the pipeline ended")
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._lines.extend(lines)


class Wakeup:
    """Readable after a signal, so that no waiting outlasts it."""

    def __init__(self, *signals, handler):
        self._reader, self._writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        for one in signals:
            signal.signal(one, handler)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)

    def fileno(self):
        return self._reader

    def drain(self):
        try:
            while os.read(self._reader, 512):
                pass
        except BlockingIOError:
            pass

    def wait(self, seconds):
        if select.select([self], [], [], seconds)[0]:
            self.drain()
