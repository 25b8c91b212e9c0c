"""The one thread that starts processes."""

import queue
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import final


@final
class Spawner:
    """A long-lived thread that starts and reaps processes.

    The kernel's death signal follows the *thread* that started a process, not the process it
    belongs to: a child started from a short-lived thread is killed when that thread ends.
    """

    __slots__ = ("_queue", "_thread")

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="ciranda-spawner", daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while (task := self._queue.get()) is not None:
            task()

    def spawn(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None,
        keep: int,
        stdout: int,
        stderr: int,
    ) -> "subprocess.Popen[bytes]":
        """Start a process in a session of its own and wait until it runs; blocks.

        Args:
            argv: Command line.
            env: Whole environment, None inherits.
            keep: Descriptor that the process inherits under the same number.
            stdout: Descriptor for its output.
            stderr: Descriptor for its errors.

        Raises:
            OSError: The command cannot be run.
        """
        started: Future[subprocess.Popen[bytes]] = Future()

        def start() -> None:
            try:
                process = subprocess.Popen(
                    argv,
                    env=env,
                    pass_fds=[keep],
                    stdin=subprocess.DEVNULL,
                    stdout=stdout,
                    stderr=stderr,
                    start_new_session=True,
                )
            except BaseException as error:  # belongs to whoever waits for it
                started.set_exception(error)
            else:
                started.set_result(process)

        self._queue.put(start)
        return started.result()

    def reap(self, process: "subprocess.Popen[bytes]") -> None:
        """Collect a process that is about to end, later, in the thread."""
        self._queue.put(lambda: _collect(process))

    def close(self) -> None:
        """Finish what was asked and end the thread; blocks until then."""
        self._queue.put(None)
        self._thread.join()


def _collect(process: "subprocess.Popen[bytes]") -> None:
    process.wait()
