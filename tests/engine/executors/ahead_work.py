"""What a worker does that begins before its call comes."""

import os
import time
from typing import Any

from pool_work import TABLE


class Work:
    """Notes in which process it began, and when."""

    def __init__(self, options: Any) -> None:
        self._broken = options == "broken"
        self._began: list[tuple[int, float]] = []

    def begin(self) -> None:
        if self._broken:
            raise RuntimeError("no luck")
        self._began.append((os.getpid(), time.monotonic()))

    def handle(self, name: str, payload: Any, job: Any) -> Any:
        if name == "began":
            return [os.getpid(), self._began]
        return TABLE[name](payload, job)


def setup(options: Any) -> Work:
    return Work(options)
