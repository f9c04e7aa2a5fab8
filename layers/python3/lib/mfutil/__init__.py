"""Small things that plugins use."""

import os
import shutil
import subprocess
import sys
import time
import uuid


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
