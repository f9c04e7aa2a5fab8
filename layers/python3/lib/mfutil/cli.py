"""What commands print: `- Checking it...` and how it ended."""

import os
import sys
import threading

_COLUMN = "\033[60G"
_COLOURS = {"OK": "\033[32m", "ERROR": "\033[31m", "WARNING": "\033[33m"}


def is_interactive(target=None):
    """Whether a person looks at `stdout`, at `stderr`, or, without a target, at both."""
    if os.environ.get("NOINTERACTIVE") == "1":
        return False
    streams = {"stdout": [sys.stdout], "stderr": [sys.stderr], None: [sys.stdout, sys.stderr]}
    if target not in streams:
        raise ValueError(f"{target!r} is none of None, 'stdout', 'stderr'")
    return all(stream.isatty() for stream in streams[target])


def echo_running(message=None):
    """Begins a line: how it ends is for one of the others to say."""
    if message is not None:
        _write(message)
    if is_interactive("stdout"):
        _write(f"{_COLUMN}[ \033[33mRUNNING\033[0m ]")


def echo_ok(message=""):
    _end("OK", message)


def echo_nok(message=""):
    _end("ERROR", message)


def echo_warning(message=""):
    _end("WARNING", message)


def echo_bold(message):
    _write(f"\033[1m{message}\033[0m\n" if is_interactive("stdout") else f"{message}\n")


def echo_clean():
    """Takes the mark of `echo_running` away."""
    if is_interactive("stdout"):
        _write(f"{_COLUMN}\033[K")


def _end(mark, message):
    tail = f" {message}" if message else ""
    if is_interactive("stdout"):
        echo_clean()
        _write(f"{_COLUMN}[ {_COLOURS[mark]}{mark}\033[0m ]{tail}\n")
    else:
        _write(f" [ {mark} ]{tail}\n")


def _write(text):
    sys.stdout.write(text)
    sys.stdout.flush()


class MFProgress:
    """Tasks, a line each, printed as a task ends. A terminal shows the share done of the one that was changed last.

    with MFProgress() as progress:
        task = progress.add_task("- Installing...", total=10)
        progress.update(task, advance=5)
        progress.complete_task(task)
    """

    def __init__(self, *_, **__):
        self._tasks = {}
        self._lock = threading.RLock()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        pass

    def stop(self):
        """A task that nobody has ended is ended by this, without a mark."""
        with self._lock:
            for task in self._tasks.values():
                if not task["ended"]:
                    task["ended"] = True
                    self._clear()
                    _write(f"{task['description']}\n")

    def add_task(self, description, total=100, completed=0, **_):
        """Gives the number by which the task is named from then on."""
        with self._lock:
            number = len(self._tasks)
            self._tasks[number] = {"description": description, "total": total, "completed": completed, "ended": False}
            self._show(self._tasks[number])
            return number

    def update(self, task_id, advance=None, completed=None, total=None, description=None, **_):
        with self._lock:
            task = self._tasks[task_id]
            task["completed"] = (task["completed"] if completed is None else completed) + (advance or 0)
            task["total"] = task["total"] if total is None else total
            task["description"] = description or task["description"]
            self._show(task)

    def advance(self, task_id, advance=1):
        self.update(task_id, advance=advance)

    def complete_task(self, task_id, message=""):
        self._complete(task_id, echo_ok, message)

    def complete_task_nok(self, task_id, message=""):
        self._complete(task_id, echo_nok, message)

    def complete_task_warning(self, task_id, message=""):
        self._complete(task_id, echo_warning, message)

    def _complete(self, task_id, echo, message):
        with self._lock:
            task = self._tasks[task_id]
            if not task["ended"]:
                task["ended"] = True
                self._clear()
                _write(task["description"])
                echo(message)

    def _show(self, task):
        if not task["ended"] and is_interactive("stdout"):
            share = min(1.0, task["completed"] / task["total"]) if task["total"] else 0.0
            self._clear()
            _write(f"{task['description']}{_COLUMN}{share:4.0%}")

    def _clear(self):
        if is_interactive("stdout"):
            _write("\r\033[K")
