"""Import a module and tell what it did meanwhile; run as a program, in a process of its own.

It imports nothing of ciranda, so that whatever it sees is the plugin's. The last line of its
standard output is the report, one JSON object.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import signal
import sys
import threading
import traceback
from typing import Any

__all__ = ["main"]

# Audit events that no import needs, and what they are called in a sentence.
_EFFECTS = {
    "os.exec": "replaces the process",
    "os.fork": "starts a process",
    "os.posix_spawn": "starts a process",
    "os.spawn": "starts a process",
    "os.system": "starts a process",
    "socket.bind": "opens a socket",
    "socket.connect": "opens a socket",
    "socket.getaddrinfo": "looks up a host",
    "subprocess.Popen": "starts a process",
    "os.chdir": "changes the working directory",
    "os.mkdir": "writes to disk",
    "os.remove": "writes to disk",
    "os.rename": "writes to disk",
}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def main(module: str, command: str, folders: list[str]) -> dict[str, Any]:
    """Import a module and return what happened.

    Args:
        module: Its dotted name.
        command: The module of its commands, or nothing.
        folders: What its files lie below; others, such as the cache of bytecode, are not its own.
    """
    importlib.import_module("ciranda")  # not the plugin's doing
    effects: list[list[str]] = []
    watching = True

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if watching:
            told = _effect(event, arguments)
            if told:
                effects.append([told, _place(folders)])

    start = threading.Thread.start

    def noted(thread: threading.Thread) -> None:  # one may have ended before anybody looks
        effects.append(["starts a thread", _place(folders)])
        start(thread)

    setattr(threading.Thread, "start", noted)  # noqa: B010  (this process ends soon)
    before = _state()
    printed = io.StringIO()
    error = place = ""
    sys.addaudithook(hook)
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            importlib.import_module(module)
        except BaseException as raised:
            frames = traceback.extract_tb(raised.__traceback__)
            last = [each for each in frames if _inside(each.filename, folders)]
            place = f"{last[-1].filename}:{last[-1].lineno}" if last else ""
            error = f"{type(raised).__name__}: {raised}"
    watching = False
    after = _state()
    for name, was in before.items():
        if after[name] != was:
            effects.append([f"changes {name}", ""])
    return {
        "error": error,
        "place": place,
        "printed": printed.getvalue(),
        "effects": effects,
        "command": command in sys.modules if command else False,
    }


def _state() -> dict[str, Any]:
    handlers = [signal.getsignal(number) for number in sorted(signal.valid_signals())]
    return {
        "the environment": dict(os.environ),
        "signal handlers": list(map(repr, handlers)),
        "`sys.path`": list(sys.path),
    }


def _effect(event: str, arguments: tuple[Any, ...]) -> str:
    if event == "open":
        path, mode, flags = arguments
        if isinstance(path, int):  # it was told of when it was opened by name
            return ""
        writes = any(letter in mode for letter in "wax+") if mode else flags & _WRITING
        cached = "__pycache__" in str(path) or str(path) == os.devnull
        return f"writes {path}" if writes and not cached else ""
    if event == "os.mkdir" and "__pycache__" in str(arguments[0]):
        return ""
    if event == "os.rename" and "__pycache__" in str(arguments[0]):
        return ""
    return _EFFECTS.get(event, "")


def _place(folders: list[str]) -> str:
    frame = sys._getframe(2)  # noqa: SLF001  (documented, CPython's)
    while frame is not None:
        if _inside(frame.f_code.co_filename, folders):
            return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]  # None ends the loop
    return ""


def _inside(file: str, folders: list[str]) -> bool:
    return any(file.startswith(folder) for folder in folders)


if __name__ == "__main__":
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")  # what plugins print goes elsewhere
    name, commands, paths, places = sys.argv[1:5]
    sys.path[:0] = json.loads(paths)
    out.write(f"\n{json.dumps(main(name, commands, json.loads(places)))}\n")
    out.flush()
    os._exit(0)  # whatever a plugin left running
