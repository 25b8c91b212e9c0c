"""What a server tells of itself: one line for each thing that happens, for machines or people."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, Protocol, final

import msgspec

from ciranda.observe.visible import visible

__all__ = ["Lines"]


class Sink(Protocol):
    """What takes lines: a text stream, or an `Outlet`."""

    def write(self, text: str, /) -> object:
        """Take a line."""
        ...

    def flush(self) -> object:
        """Hold nothing back."""
        ...


@final
class Lines:
    """Writes lines; any thread may.

    Args:
        stream: Where they go; None = nowhere.
        json: Whether each is a JSON object; otherwise it is made for reading.
        wall: The clock, in unix seconds.
    """

    def __init__(
        self,
        stream: Sink | None,
        *,
        json: bool = False,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._stream: Final = stream
        self._json: Final = json
        self._mask: Callable[[str], str] | None = None
        self._wall: Final = wall
        self._lock: Final = threading.Lock()

    def hide(self, mask: Callable[[str], str]) -> None:
        """Take out of every text what `mask` takes out."""
        self._mask = mask

    def info(self, event: str, **fields: Any) -> None:
        """Tell of what is as it should be."""
        self._write("info", event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        """Tell of what somebody should look at."""
        self._write("warning", event, fields)

    def error(self, event: str, **fields: Any) -> None:
        """Tell of what failed."""
        self._write("error", event, fields)

    def _write(self, level: str, event: str, fields: dict[str, Any]) -> None:
        if self._stream is None:
            return
        at = datetime.fromtimestamp(self._wall(), UTC)
        safe = {name: self._safe(each) for name, each in fields.items()}
        if self._json:
            stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            entry = {"timestamp": stamp, "level": level, "event": event, **safe}
            line = msgspec.json.encode(entry).decode()
        else:
            words = " ".join(f"{name}={_shown(each)}" for name, each in safe.items())
            line = f"{at.astimezone():%H:%M:%S} {level:<7} {event:<14} {words}".rstrip()
        with self._lock:
            self._stream.write(f"{line}\n")
            self._stream.flush()

    def _safe(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        masked = value if self._mask is None else self._mask(value)
        if not self._json:
            return visible(" ".join(masked.split()))
        return masked.encode(errors="backslashreplace").decode()  # JSON has no half characters


def _shown(value: Any) -> str:
    text = str(value)
    return f'"{text}"' if " " in text else text
