"""Small things that plugins use."""

import fnmatch
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid

from .eval import evaluate as eval  # noqa: F401  plugins import it from here


class MFUtilException(Exception):
    pass


class BashWrapperException(MFUtilException):
    pass


class BashWrapper:
    """Runs a command and keeps what it printed. True when it ended with 0.

    A text is a line for bash; a list is a program and its arguments, which no shell reads.
    """

    def __init__(self, command):
        argv = command if isinstance(command, (list, tuple)) else ["bash", "-c", command]
        try:
            done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        except OSError as error:
            self.code, self.stdout, self.stderr = 127, "", str(error)
        else:
            self.code = done.returncode
            self.stdout = done.stdout.decode("utf-8", "surrogateescape").strip()
            self.stderr = done.stderr.decode("utf-8", "surrogateescape").strip()
        self.command = command

    def __bool__(self):
        return self.code == 0

    def __repr__(self):
        return f"{self.command!r} ended with {self.code}\nstdout: {self.stdout}\nstderr: {self.stderr}"


class BashWrapperOrRaise(BashWrapper):
    """Raises when the command fails: `exception_class(message)`."""

    def __init__(self, command, exception_class=BashWrapperException, exception_msg="bad exit code"):
        super().__init__(command)
        if not self:
            raise exception_class(f"{exception_msg}: {self!r}")


def get_unique_hexa_identifier():
    """32 random hexadecimal digits."""
    return uuid.uuid4().hex


def get_utc_unix_timestamp():
    """Whole seconds since the epoch."""
    return int(time.time())


def mkdir_p(path, nodebug=False, nowarning=False):
    """Makes a directory and its parents; returns whether it is there."""
    try:
        os.makedirs(path, exist_ok=True)
    except OSError as error:
        if not nowarning:
            sys.stderr.write(f"can't make {path}: {error}\n")
        return False
    return True


def mkdir_p_or_die(path, nodebug=False, exit_code=2):
    if not mkdir_p(path):
        os._exit(exit_code)


def get_tmp_filepath(tmp_dir=None, prefix=""):
    """A path nobody uses, in a directory that is made."""
    directory = tmp_dir or os.environ.get("TMPDIR") or "/tmp"
    mkdir_p_or_die(directory)
    return os.path.join(directory, prefix + get_unique_hexa_identifier())


def create_tmp_dirpath(tmp_dir=None, prefix=""):
    path = get_tmp_filepath(tmp_dir, prefix)
    mkdir_p_or_die(path)
    return path


def get_recursive_mtime(directory, ignores=()):
    """The newest change below a directory, in whole seconds."""
    newest = 0
    for root, _, names in os.walk(directory):
        for name in names:
            if name not in ignores:
                try:
                    newest = max(newest, os.stat(os.path.join(root, name)).st_mtime)
                except OSError:
                    continue
    return int(newest)


def rm_rf(path):
    shutil.rmtree(path, ignore_errors=True)


def get_ipv4_for_hostname(hostname, static_mappings=None):
    """The IPv4 address of a host, or None. `static_mappings`: addresses that are known, by name."""
    # Imported by who needs it: steps wait for this module at every start.
    import socket

    known = (static_mappings or {}).get(hostname)
    if known is not None:
        return known
    try:
        return socket.gethostbyname(hostname)
    except (OSError, UnicodeError):
        return None


def kill_process_and_children(process):
    """Kills a process, given by its pid or as an object with one, and all that it has started."""
    pid = int(getattr(process, "pid", process))
    if pid < 2 or pid == os.getpid():
        raise ValueError(f"{pid} is not killed")
    # Stopped first, so that it starts nothing while its children are counted.
    _signal(pid, signal.SIGSTOP)
    for child in _children(pid):
        kill_process_and_children(child)
    _signal(pid, signal.SIGKILL)


def _signal(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def _children(pid):
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="latin-1") as file:
                # The name in parentheses may hold anything, parentheses and blanks included.
                parent = int(file.read().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found.append(int(name))
    return found


def add_inotify_watch(inotify, directory, ignores=()):
    """Watches a directory and all below it. `inotify`: an object with `add_watch(path, mask)`; gives what it returned.

    `ignores`: patterns of directories' names.
    """
    # CLOSE_WRITE, CREATE, DELETE, DELETE_SELF, ATTRIB of inotify(7).
    mask = 0x8 | 0x100 | 0x200 | 0x400 | 0x4
    watches = []
    for root, directories, _ in os.walk(directory):
        directories[:] = [name for name in directories if not any(fnmatch.fnmatch(name, one) for one in ignores)]
        try:
            watches.append(inotify.add_watch(root, mask))
        except OSError:
            # It has gone meanwhile.
            continue
    return watches


def hash_generator(*values):
    """A text of 64 digits that is the same for equal values, in all processes."""
    import hashlib

    return hashlib.sha256("\0".join(repr(value) for value in values).encode("utf-8", "surrogateescape")).hexdigest()
