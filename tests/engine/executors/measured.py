"""A Python whose coverage is measured: `python measured.py SOURCE FOLDER -I -S -c CODE ...`.

What a worker runs is seen neither by a test's own coverage nor by `patch = ["subprocess"]`: it
starts without site-packages' .pth files, forks, and leaves by `os._exit` or is killed. Each process
writes a file of its own, which gets its name when it is whole: one killed on the way leaves
nothing that anybody would read.
"""

import atexit
import os
import sys
from typing import NoReturn

from coverage import Coverage


class Measured:
    """The coverage of this process, and after a fork that of the child."""

    def __init__(self, source: str, folder: str) -> None:
        self._source = source
        self._folder = folder
        self._leave = os._exit
        os._exit = self.leave  # type: ignore[assignment]  # "Never" and "NoReturn" are one
        os.register_at_fork(after_in_child=self.again)
        self.start()

    def start(self) -> None:
        self._pid = os.getpid()
        self._file = os.path.join(self._folder, f"part.{self._pid}")
        self._coverage = Coverage(
            data_file=self._file,
            config_file=False,
            branch=True,
            source=[self._source],
            messages=False,
        )
        self._coverage.start()
        atexit.unregister(self._coverage._atexit)  # a worker that runs exits goes on after them

    def again(self) -> None:
        self._coverage.stop()
        self.start()

    def leave(self, code: int) -> NoReturn:
        if self._pid == os.getpid():
            self._coverage.stop()
            self._coverage.save()
            if os.path.exists(self._file):
                os.replace(self._file, os.path.join(self._folder, f"whole.{self._pid}"))
        self._leave(code)


def main() -> None:
    source, folder, *options = sys.argv[1:]
    place = options.index("-c")
    code = options[place + 1]
    sys.argv[:] = options[place:][:1] + options[place + 2 :]
    Measured(source, folder)
    exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})  # what -c does


if __name__ == "__main__":
    main()
