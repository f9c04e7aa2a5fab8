"""The step: takes files from the pipeline, gives each to process(xaf), says how it went."""

import os
import signal
import time

from acquisition import places
from acquisition.base import AcquisitionBase
from acquisition.connection import Closed, Connection, Wakeup
from mfutil import get_unique_hexa_identifier, mkdir_p_or_die
from xattrfile import Tags, XattrFile, to_texts

PROTOCOL = 1
SDK = "python/1"
PING_S = 1
#: How long to wait for a pipeline that is not there, seconds.
RECONNECT_S = 0.5
#: A pipeline that does not answer must not keep a worker from ending, seconds.
GOODBYE_S = 5


class Lease:
    """A file this process holds, and what is to be sent out once it was processed."""

    def __init__(self, message):
        self.id = message["id"]
        self.path = message["path"]
        self.attempt = message.get("attempt", 1)
        self.alone = message.get("alone", False)
        self.xaf = XattrFile(self.path, tags=message["tags"])
        self.given = dict(self.xaf.tags)
        self.started = time.monotonic()

    def changes(self):
        """Tags that were set, or taken off (None)."""
        now = dict(self.xaf.tags)
        changed = Tags({name: value for name, value in now.items() if self.given.get(name) != value})
        gone = Tags({name: b"" for name in self.given if name not in now})
        return {**to_texts(changed), **dict.fromkeys(to_texts(gone))}


class Output:
    """A file on its way to another step."""

    def __init__(self, path, target, mode, tags):
        self.path = path
        self.target = target
        self.mode = mode
        self.tags = tags

    def message(self, lease_id):
        return {"op": "emit", "id": lease_id, "path": self.path, "to": self.target, "mode": self.mode, "tags": self.tags}


class AcquisitionStep(AcquisitionBase):
    """Override process(xaf): true for success; false, None or an exception for failure."""

    #: Steps a file may go through; the pipeline itself allows 1000.
    step_limit = 1000
    debug_mode_allowed = True
    stop_flag = False
    failure_policy = None

    def __init__(self):
        super().__init__()
        self._connection = None
        self._leases = {}
        self._outputs = []
        self._reason = ""
        self._last_ping = time.monotonic()

    def process(self, xaf):
        raise NotImplementedError("process() must be overridden")

    def after(self, status):
        """After each file, whatever became of it."""

    def ping(self):
        """About once a second, between files."""

    def _add_extra_arguments_before(self, parser):
        parser.add_argument("--redis-host", default="127.0.0.1", help="not used")
        parser.add_argument("--redis-port", default=6379, help="not used")
        parser.add_argument("--redis-unix-socket-path", default=None, help="not used")
        parser.add_argument("--failure-policy", default="keep", help="applied by the pipeline")
        parser.add_argument("--failure-policy-move-dest-dir", default=None, help="applied by the pipeline")

    def _add_extra_arguments_after(self, parser):
        parser.add_argument("FULL_FILEPATH_OR_QUEUE_NAME", help="a queue, or the path of a file to process once")

    def _init(self):
        status = super()._init()
        self.failure_policy = self.args.failure_policy
        return status

    def run(self):
        """Processes files until it is told to stop."""
        self._init()
        what = self.args.FULL_FILEPATH_OR_QUEUE_NAME
        if what.startswith("/"):
            return self._debug(what)
        self._wakeup = Wakeup(signal.SIGTERM, signal.SIGINT, handler=self._stop)
        socket = os.environ.get("METWORK_STEP_SOCKET") or os.path.join(places.runtime_home(), "var", "flow.socket")
        while not self.stop_flag:
            try:
                self._connection = Connection(socket)
                self._serve(self._connection)
            except Closed as error:
                self.debug("no connection to the pipeline: %s", error)
            finally:
                self._forget_leases()
            if not self.stop_flag:
                self._wakeup.wait(RECONNECT_S)
                self._ping()
        self._destroy()
        return None

    # -- the conversation

    def _hands(self):
        """How many files it takes at once."""
        return 1

    def _serve(self, connection):
        hello = {"op": "hello", "protocol": PROTOCOL, "step": f"{self.plugin_name}/{self.step_name}", "sdk": SDK}
        connection.send(hello, {"op": "next", "count": self._hands()})
        leaving = None
        while True:
            if self.stop_flag and leaving is None:
                connection.send({"op": "stop"})
                leaving = time.monotonic() + GOODBYE_S
            if leaving is not None and time.monotonic() > leaving:
                raise Closed("the pipeline does not answer")
            message = connection.receive(self._patience(), self._wakeup)
            if message is None:
                self._ping()
            elif message["op"] == "file":
                self._take(message)
            elif message["op"] == "stop":
                self._finish()
                return
            elif message["op"] == "error":
                self.critical("the pipeline refuses this step: %s", message["message"])
                raise Closed(message["message"])
            if time.monotonic() - self._last_ping > PING_S:
                self._ping()

    def _patience(self):
        return PING_S

    def _take(self, message):
        try:
            lease = Lease(message)
        except OSError as error:
            self.debug("%s can't be used: %s", message["path"], error)
            self._connection.send(self._done(message["id"], False, str(error)), {"op": "next"})
            return
        self._leases[lease.path] = lease
        self.info("Start the processing of %s", lease.path)
        if self._get_counter_tag_value(lease.xaf) > self.step_limit:
            self._reason = f"it went through more than {self.step_limit} steps"
            self._report([(lease, False)])
        else:
            self._received(lease)

    def _received(self, lease):
        status = self._guarded(lambda: self.process(lease.xaf))
        self._report([(lease, bool(status))])
        self._after(status)

    def _finish(self):
        """It gets no more files."""

    def _guarded(self, act):
        self._reason = ""
        try:
            status = act()
        except Exception as error:
            self._reason = f"{type(error).__name__}: {error}"
            self.exception("exception during processing: %s", self._reason)
            return False
        if not status:
            self._reason = f"{type(self).__name__} returned {status!r}"
        return status

    def _report(self, results):
        """Tells the pipeline how files went, and asks for as many new ones."""
        messages = []
        first_ok = next((lease for lease, ok in results if ok), None)
        for output in self._outputs:
            owner = self._leases.get(output.path, first_ok)
            if first_ok is None or (owner, True) not in results:
                self._discard(output)
            else:
                messages.append(output.message(owner.id))
        self._outputs = []
        for lease, ok in results:
            changes = lease.changes()
            if changes:
                messages.append({"op": "tag", "id": lease.id, "set": changes})
            messages.append(self._done(lease.id, ok, self._reason))
            self._leases.pop(lease.path, None)
            self._log_end(lease, ok)
        self._connection.send(*messages, {"op": "next", "count": len(results)})

    @staticmethod
    def _done(lease_id, ok, reason):
        if ok:
            return {"op": "done", "id": lease_id, "outcome": "ok"}
        return {"op": "done", "id": lease_id, "outcome": "failed", "reason": reason}

    def _log_end(self, lease, ok):
        milliseconds = (time.monotonic() - lease.started) * 1000
        if not ok:
            self.warning("Bad processing status for file: %s", lease.path)
            lease.xaf.dump_tags_on_logger(self._get_logger(), "DEBUG")
        self.info("End of the %s processing after %i ms", lease.path, milliseconds)

    def _after(self, status):
        try:
            self.after(status)
        except Exception as error:
            self.exception("exception in after(): %s", error)

    def _ping(self):
        self._last_ping = time.monotonic()
        try:
            self.ping()
        except Exception as error:
            self.exception("exception in ping(): %s", error)

    def _stop(self, *_):
        self.stop_flag = True

    def _forget_leases(self):
        """Without the connection they are somebody else's."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        self._leases = {}
        for output in self._outputs:
            self._discard(output)
        self._outputs = []

    def _discard(self, output):
        if output.path not in self._leases:
            try:
                os.unlink(output.path)
            except OSError:
                pass

    # -- sending files on

    def move_to_plugin_step(self, xaf, plugin_name, step_name, keep_original_basename=False, info=False):
        return self._send("move", xaf, plugin_name, step_name, info)

    def copy_to_plugin_step(self, xaf, plugin_name, step_name, keep_original_basename=False, info=False):
        return self._send("copy", xaf, plugin_name, step_name, info)

    def hardlink_to_plugin_step(self, xaf, plugin_name, step_name, keep_original_basename=False, info=False):
        return self._send("link", xaf, plugin_name, step_name, info)

    def _send(self, mode, xaf, plugin_name, step_name, info):
        target = f"{plugin_name}/{step_name}"
        try:
            if self._connection is None:
                self._put(mode, xaf, places.step_directory(plugin_name, step_name))
            else:
                self._outputs.append(self._stage(mode, xaf, target))
        except (OSError, ValueError) as error:
            self.warning("%s can't be sent to %s: %s", xaf.filepath, target, error)
            return False
        (self.info if info else self.debug)("File %s goes to %s", xaf.filepath, target)
        return True

    def _stage(self, mode, xaf, target):
        """Takes it out of the reach of what the step does next: it leaves when the step is done with its file."""
        held = xaf.filepath in self._leases
        if held and mode != "copy":
            return Output(xaf.filepath, target, mode, to_texts(xaf.tags))
        tags = to_texts(xaf.tags)
        path = self.get_tmp_filepath()
        if mode == "move":
            if not xaf.move_or_copy(path)[0]:
                raise OSError(f"{xaf.filepath} can't be moved")
            xaf.filepath = path
        elif mode == "link":
            xaf.hardlink_or_copy(path)
        else:
            xaf.copy(path)
        return Output(path, target, "move", tags)

    def _put(self, mode, xaf, directory):
        mkdir_p_or_die(directory)
        path = os.path.join(directory, get_unique_hexa_identifier())
        if mode == "copy":
            xaf.copy(path)
        elif not (xaf.move_or_copy(path) if mode == "move" else xaf.hardlink_or_copy(path))[0]:
            raise OSError("it can't be moved")

    # -- once, on a copy, without the pipeline

    def _debug(self, path):
        if not self.debug_mode_allowed:
            self.error_and_die("debug mode is not allowed for this step")
        status = self._process(self._debug_copy(path))
        self.info("the status is %s", bool(status))
        self._destroy()
        raise SystemExit(0 if status else 1)

    def _debug_copy(self, path):
        original = XattrFile(path)
        copy = self.get_tmp_filepath()
        original.copy(copy)
        xaf = XattrFile(copy)
        tags = xaf.tags
        tags["latest.core.step_counter"] = str(int(tags.get("latest.core.step_counter", b"-1")) + 1)
        tags.setdefault("first.core.original_uid", get_unique_hexa_identifier())
        tags.setdefault("first.core.original_basename", os.path.basename(path))
        tags.setdefault("first.core.original_dirname", os.path.basename(os.path.dirname(path)))
        return xaf

    def _process(self, xaf):
        """Processes a copy that is not the pipeline's, and removes it unless the step moved it."""
        copy = xaf.filepath
        status = self._guarded(lambda: self.process(xaf))
        if xaf.filepath == copy and os.path.exists(copy):
            xaf.delete_or_nothing()
        self._after(status)
        return bool(status)
