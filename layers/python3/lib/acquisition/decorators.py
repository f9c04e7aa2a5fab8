"""For process() and batch_process(): they get a temporary, changed copy of each file."""

import bz2
import functools
import gzip
import os
import shutil

from xattrfile import XattrFile


def _changing(make, fallback):
    """`make(source, target)` writes the changed file. `fallback`: the file itself is used where it can't be."""

    def decorator(method):
        @functools.wraps(method)
        def wrapper(self, given):
            several = isinstance(given, (list, tuple))
            changed = []
            temporary = []
            try:
                for xaf in given if several else [given]:
                    path = _change(self, xaf, make, self.debug if fallback else self.warning)
                    if path is None and not fallback:
                        return False
                    if path is not None:
                        temporary.append(path)
                    changed.append(xaf if path is None else XattrFile(path, tags=xaf.tags))
                return method(self, changed if several else changed[0])
            finally:
                for path in temporary:
                    _remove(path)

        return wrapper

    return decorator


def _change(step, xaf, make, say):
    path = step.get_tmp_filepath()
    try:
        make(xaf.filepath, path)
    except (OSError, EOFError, ValueError) as error:
        say("%s can't be changed: %s", xaf.filepath, error)
        _remove(path)
        return None
    return path


def _remove(path):
    if os.path.exists(path):
        XattrFile(path).delete_or_nothing()


def _by(opener):
    def make(source, target):
        with opener(source, "rb") as read, open(target, "wb") as write:
            shutil.copyfileobj(read, write, 1024 * 1024)

    return make


def _without_first_line(source, target):
    with open(source, "rb") as read, open(target, "wb") as write:
        read.readline()
        shutil.copyfileobj(read, write, 1024 * 1024)


ungzip = _changing(_by(gzip.open), fallback=False)
unbzip2 = _changing(_by(bz2.open), fallback=False)
try_ungzip = _changing(_by(gzip.open), fallback=True)
try_unbzip2 = _changing(_by(bz2.open), fallback=True)
remove_first_line = _changing(_without_first_line, fallback=False)
