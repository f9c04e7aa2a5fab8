"""Gives each file back to a step, after a wait that grows with every time, until it came too often."""

import os
import time

from acquisition import places
from acquisition.step import AcquisitionStep

#: A file that is given back before its time says here since when it waits, seconds since the epoch.
SINCE = "waiting_since"
#: Files one worker may hold; others wait in the step's directory.
HANDS = 256


class Waiting:
    """A file that waits: since when, and how often it was given back already."""

    def __init__(self, lease, since, attempt):
        self.lease = lease
        self.since = since
        self.attempt = attempt


class AcquisitionReinjectStep(AcquisitionStep):
    """Override delay(attempt_number), reinject(xaf, retry_attempt), give_up(xaf)."""

    debug_mode_allowed = False

    def __init__(self):
        super().__init__()
        self._waiting = {}

    def add_extra_arguments(self, parser):
        parser.add_argument("--dest-dir", default=None, help="plugin/step")
        parser.add_argument("--retry-min-wait", type=float, default=10, help="seconds")
        parser.add_argument("--retry-max-wait", type=float, default=120, help="seconds")
        parser.add_argument("--retry-total", type=int, default=10)
        parser.add_argument("--retry-backoff", type=float, default=0, help="seconds")

    def _init(self):
        status = super()._init()
        written = self.args.dest_dir or ""
        if written.startswith("/") or written.count("/") != 1:
            self.error_and_die("dest-dir must be something like plugin/step, not %s", written)
        self._to_plugin, self._to_step = written.split("/")
        self.dest_dir = places.step_directory(self._to_plugin, self._to_step)
        self.retry_total = self.args.retry_total
        self.retry_min_wait = self.args.retry_min_wait
        self.retry_max_wait = self.args.retry_max_wait
        self.retry_backoff = self.args.retry_backoff
        return status

    def delay(self, attempt_number):
        """How long a file waits before it is given back for this time, from 1. Seconds."""
        # Doubled that often it is longer than any wait; Python's floats end somewhat later.
        doubled = 2 ** min(attempt_number - 1, 64)
        return min(self.retry_min_wait + self.retry_backoff * doubled, self.retry_max_wait)

    def reinject(self, xaf, retry_attempt):
        """Gives it back; `retry_attempt` is how often it was before."""
        self.info("giving %s back to %s, attempt %d", xaf.filepath, self.dest_dir, retry_attempt + 1)
        self._set_tag_latest(xaf, "attempt", str(retry_attempt + 1))
        return self.move_to_plugin_step(xaf, self._to_plugin, self._to_step)

    def give_up(self, xaf):
        """It came too often: the failure policy applies."""
        self.warning("%s was given back %d times, which is enough", xaf.filepath, self.retry_total)

    def ping(self):
        now = time.time()
        for waiting in list(self._waiting.values()):
            # Set back, a clock makes nothing wait longer than from now on.
            waiting.since = min(waiting.since, now)
            if waiting.attempt >= self.retry_total:
                self._end(waiting, self._give_up)
            elif now - waiting.since >= self.delay(waiting.attempt + 1):
                self._end(waiting, self._reinject)

    # -- files in hand

    def _hands(self):
        return HANDS

    def _received(self, lease):
        if self.retry_total <= 0:
            self.info("no retries are wanted: %s is deleted", lease.path)
            self._report([(lease, True)])
            return
        since = self._number(lease.xaf.tags.pop(self._get_tag_name(SINCE), b""), time.time())
        attempt = int(self._number(self.get_tag(lease.xaf, "attempt", b"0"), 0))
        waiting = Waiting(lease, since, attempt)
        self._waiting[lease.path] = waiting
        # A process died with it in its hands, and nothing else comes while it is here.
        if lease.alone:
            self._end(waiting, self._reinject if attempt < self.retry_total else self._give_up)

    @staticmethod
    def _number(text, otherwise):
        try:
            return float(text)
        except ValueError:
            return otherwise

    def _end(self, waiting, act):
        del self._waiting[waiting.lease.path]
        # Somebody may have taken it by hand.
        status = self._guarded(lambda: act(waiting)) if os.path.exists(waiting.lease.path) else True
        self._report([(waiting.lease, bool(status))])
        self._after(status)

    def _reinject(self, waiting):
        """A method that was overridden, and returns nothing, did not fail."""
        return self.reinject(waiting.lease.xaf, waiting.attempt) is not False

    def _give_up(self, waiting):
        self.give_up(waiting.lease.xaf)
        return False

    def _finish(self):
        """Who comes after gets what waits, and waits no longer than was left."""
        for waiting in list(self._waiting.values()):
            self._end(waiting, self._put_back)

    def _put_back(self, waiting):
        xaf = waiting.lease.xaf
        xaf.tags[self._get_tag_name(SINCE)] = repr(waiting.since)
        return self.move_to_plugin_step(xaf, self.plugin_name, self.step_name)

    def _forget_leases(self):
        self._waiting = {}
        super()._forget_leases()


def main():
    AcquisitionReinjectStep().run()
