"""A file and its tags. The tags are in the extended attribute `user.metwork`, or in a hidden file beside it.

Names and values are bytes; a text is taken as UTF-8. What is not UTF-8 is kept byte by byte.
"""

import errno
import json
import os
import re
import shutil
import uuid

import mflog

ATTRIBUTE = "user.metwork"
ATTRIBUTE_LIMIT = 32 * 1024
HIDDEN_PREFIX = ".metwork."
NAME_MAX = 255
#: Among stored tags, no tag: where the pipeline was about to rename the file.
MOVE = "metwork.move"
LOGGER = mflog.get_logger("xattrfile")
#: The file or its system cannot hold the attribute.
UNABLE = {errno.EOPNOTSUPP, errno.ENOSPC, errno.E2BIG, errno.ERANGE, errno.EDQUOT, errno.EACCES, errno.EPERM}


def _bytes(value):
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    if isinstance(value, bytes):
        return value
    raise TypeError(f"names and values of tags are bytes or texts, not {type(value).__name__}")


def _text(value):
    return value.decode("utf-8", "surrogateescape")


class Tags(dict):
    """Tags by name. Texts are turned into bytes."""

    def __init__(self, *others, **more):
        super().__init__()
        self.update(*others, **more)

    def __setitem__(self, name, value):
        super().__setitem__(_bytes(name), _bytes(value))

    def __getitem__(self, name):
        return super().__getitem__(_bytes(name))

    def __delitem__(self, name):
        super().__delitem__(_bytes(name))

    def __contains__(self, name):
        return super().__contains__(_bytes(name))

    def get(self, name, default=None):
        return super().get(_bytes(name), default)

    def pop(self, name, *default):
        return super().pop(_bytes(name), *default)

    def setdefault(self, name, default=b""):
        return super().setdefault(_bytes(name), _bytes(default))

    def update(self, *others, **more):
        super().update({_bytes(name): _bytes(value) for name, value in dict(*others, **more).items()})


class XattrFile:
    """A regular file with its tags; IOError (ENOENT) where there is none."""

    def __init__(self, filepath, redis_timeout=None, tags=None):
        if not os.path.isfile(filepath):
            raise IOError(errno.ENOENT, os.strerror(errno.ENOENT), filepath)
        self.filepath = filepath
        self._original_filepath = filepath
        self._tags = None if tags is None else Tags(tags)
        self._written = None

    @property
    def tags(self):
        if self._tags is None:
            self._tags = read_tags(self.filepath)
            self._written = dict(self._tags)
        return self._tags

    def commit(self):
        """Writes the tags, where they changed."""
        if self._tags is not None and self._tags != self._written:
            write_tags(self.filepath, self._tags)
            self._written = dict(self._tags)

    write_tags = commit

    def clear_tags(self):
        self.tags.clear()
        self.commit()

    def rename(self, new_filepath):
        """The tags are complete when the file appears under its new name."""
        self._place(new_filepath, lambda to: os.rename(self.filepath, to), False)
        _drop_sidecar(self.filepath)
        self.filepath = new_filepath

    def copy(self, new_filepath, tmp_suffix=".t", chmod_mode_int=None):
        """Copies content, times and tags under a temporary name, then renames it. Returns the copy."""
        temporary = new_filepath + (tmp_suffix or "")
        try:
            shutil.copy2(self.filepath, temporary)
            if chmod_mode_int is not None:
                os.chmod(temporary, chmod_mode_int)
            return self._finish(temporary, new_filepath, False)
        except BaseException:
            _forget(temporary)
            raise

    def hard_link(self, new_filepath, tmp_suffix=".t"):
        """Another name for the same content, with tags of its own. Returns it."""
        temporary = new_filepath + (tmp_suffix or "")
        _forget(temporary)
        # An attribute would be shared by all names of the content.
        write_tags(self.filepath, self.tags, shared=True)
        self._written = dict(self.tags)
        os.link(self.filepath, temporary)
        return self._finish(temporary, new_filepath, True)

    def copy_tags_on(self, filepath):
        self.commit()
        other = XattrFile(filepath)
        other.tags.clear()
        other.tags.update(self.tags)
        other.commit()
        return other

    def delete(self):
        os.unlink(self.filepath)
        _drop_sidecar(self.filepath)

    def delete_or_nothing(self):
        return self._try(self.delete, "deleted")

    def copy_or_nothing(self, new_filepath, tmp_suffix=".t", chmod_mode_int=None):
        return self._try(lambda: self.copy(new_filepath, tmp_suffix, chmod_mode_int), "copied")

    def move_or_copy(self, new_filepath, tmp_suffix=".t", chmod_mode_int=None):
        """Renames, or copies and deletes. Returns (done, renamed); never raises."""
        if chmod_mode_int is None:
            try:
                self.rename(new_filepath)
                return True, True
            except OSError as error:
                LOGGER.debug("can't rename %s: %s", self.filepath, error)
        if not self.copy_or_nothing(new_filepath, tmp_suffix, chmod_mode_int):
            return False, False
        self.delete_or_nothing()
        return True, False

    def hardlink_or_copy(self, new_filepath, tmp_suffix=".t"):
        """Links, or copies. Returns (done, linked); never raises."""
        try:
            self.hard_link(new_filepath, tmp_suffix)
            return True, True
        except OSError as error:
            LOGGER.debug("can't link %s: %s", self.filepath, error)
        return self.copy_or_nothing(new_filepath, tmp_suffix), False

    def write_tags_in_a_file(self, filepath):
        """A line `name = value` per tag, sorted."""
        lines = sorted(name + b" = " + value.replace(b"\n", b"\\n") + b"\n" for name, value in self.tags.items())
        temporary = os.path.join(os.path.dirname(filepath), HIDDEN_PREFIX + uuid.uuid4().hex)
        with open(temporary, "wb") as file:
            file.writelines(lines)
        os.rename(temporary, filepath)

    def dump_tags_on_logger(self, logger, log_level="DEBUG"):
        for name in sorted(self.tags):
            logger.log(log_level, "%s = %s", _text(name), _text(self.tags[name]))

    def getsize(self):
        return os.path.getsize(self.filepath)

    def getuid(self):
        return os.stat(self.filepath).st_uid

    def chmod(self, mode_int):
        os.chmod(self.filepath, mode_int)

    def basename(self):
        return os.path.basename(self.filepath)

    def dirname(self):
        return os.path.dirname(self.filepath)

    def __del__(self):
        """Tags that nobody wrote are written in the end; never those of a file in work, which the pipeline keeps."""
        if getattr(self, "_written", None) is None or self._tags == self._written:
            return
        try:
            if os.path.isfile(self.filepath):
                self.commit()
        except Exception:
            # The interpreter may be ending.
            pass

    def __repr__(self):
        return f"XattrFile({self.filepath!r})"

    def _finish(self, temporary, new_filepath, shared):
        made = XattrFile(temporary, tags=self.tags)
        made._place(new_filepath, lambda to: os.rename(temporary, to), shared)
        made.filepath = new_filepath
        return made

    def _place(self, new_filepath, move, shared):
        tags = self.tags
        place = write_tags(self.filepath, tags, beside=new_filepath, shared=shared or os.stat(self.filepath).st_nlink > 1)
        try:
            move(new_filepath)
        except OSError:
            if place is not None:
                _forget(place)
                write_tags(self.filepath, tags)
            raise
        self._written = dict(tags)

    def _try(self, act, done):
        try:
            act()
        except OSError as error:
            LOGGER.warning("%s can't be %s: %s", self.filepath, done, error)
            return False
        return True


def read_tags(path):
    try:
        text = os.getxattr(path, ATTRIBUTE, follow_symlinks=False)
    except OSError:
        text = None
    found = _decode(text)
    if found is None:
        try:
            with open(_sidecar(path), "rb") as file:
                found = _decode(file.read())
        except OSError:
            found = None
    return Tags() if found is None else found


def write_tags(path, tags, beside=None, shared=False):
    """On the file; or in a side-car of `beside`, where the file is about to be, which is returned."""
    text = encode(tags)
    if not shared and len(text) <= ATTRIBUTE_LIMIT:
        try:
            os.setxattr(path, ATTRIBUTE, text, follow_symlinks=False)
            return None
        except OSError as error:
            if error.errno not in UNABLE:
                raise
    sidecar = _sidecar(beside or path)
    temporary = os.path.join(os.path.dirname(sidecar), HIDDEN_PREFIX + uuid.uuid4().hex)
    with open(temporary, "wb", opener=lambda name, flags: os.open(name, flags, 0o640)) as file:
        file.write(text)
    os.rename(temporary, sidecar)
    try:
        os.removexattr(path, ATTRIBUTE, follow_symlinks=False)
    except OSError:
        pass
    return sidecar


def encode(tags):
    """A JSON object; bytes that are no UTF-8 become escapes, as everywhere in the pipeline."""
    return json.dumps(to_texts(tags), separators=(",", ":"), ensure_ascii=True).encode("ascii")


def to_texts(tags):
    if type(tags) is Tags:
        return {_text(name): _text(value) for name, value in tags.items()}
    return {_text(_bytes(name)): _text(_bytes(value)) for name, value in tags.items()}


def _decode(text):
    if text is None:
        return None
    try:
        found = json.loads(text)
        found.pop(MOVE, None)
        return Tags({_bytes(name): _bytes(value) for name, value in found.items()})
    except (ValueError, TypeError, AttributeError):
        return None


def _sidecar(path):
    directory, name = os.path.split(path)
    plain = f"{HIDDEN_PREFIX}tags.{name}"
    if len(os.fsencode(plain)) > NAME_MAX:
        # Rarely needed, and OpenSSL comes with it.
        import hashlib

        text = re.sub("[\ud800-\udfff]", "\ufffd", name)
        plain = f"{HIDDEN_PREFIX}tags.{hashlib.sha256(text.encode('utf-8')).hexdigest()}"
    return os.path.join(directory, plain)


def _drop_sidecar(path):
    _forget(_sidecar(path))


def _forget(path):
    try:
        os.unlink(path)
    except OSError:
        pass
