"""What a program writes, as it comes and bounded."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Final

import anyio
from anyio.abc import ByteReceiveStream, ByteSendStream

from ciranda.vault import cut

KEPT: Final = 1_048_576  # bytes kept of each stream
_LONGEST_LINE: Final = 65_536  # bytes after which a line is passed on in pieces
_CHUNK: Final = 65_536


class Captured:
    """One output stream: passed on in whole lines, counted, and partly kept.

    Lines stay whole for whoever looks for secrets in what is passed on.

    Args:
        tell: Takes the bytes as they come.
        keep_end: Whether the last bytes are kept rather than the first.
        mask: Returns text without secrets, to cut long lines beside them.
    """

    def __init__(
        self,
        tell: Callable[[bytes], None] | None,
        *,
        keep_end: bool,
        mask: Callable[[str], str] | None = None,
    ) -> None:
        self.total = 0
        self._mask: Final = mask
        self._tell: Final = tell
        self._keep_end: Final = keep_end
        self._kept: Final = bytearray()
        self._line = b""

    async def drain(self, stream: ByteReceiveStream) -> None:
        """Read until the other side is closed."""
        try:
            async for data in stream:
                self._take(data)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            pass  # a pipe whose other end is gone has nothing more to say
        finally:
            self._pass_on(b"", last=True)

    def _take(self, data: bytes) -> None:
        self.total += len(data)
        if self._keep_end:
            self._kept.extend(data)
            if len(self._kept) > 2 * KEPT:  # cut now and then: a cut moves everything
                del self._kept[:-KEPT]
        elif len(self._kept) < KEPT:
            self._kept.extend(data[: KEPT - len(self._kept)])
        self._pass_on(data)

    def _pass_on(self, data: bytes, *, last: bool = False) -> None:
        if self._tell is None:
            return
        data = self._line + data
        end = len(data) if last else data.rfind(b"\n") + 1
        if len(data) - end > _LONGEST_LINE:
            end += cut(data[end:], self._mask)
        self._line = data[end:]
        if end:
            self._tell(data[:end])

    @property
    def truncated(self) -> bool:
        """Whether some of it is not kept."""
        return self.total > KEPT

    def text(self) -> str:
        """Return what is kept; bytes that are no UTF-8 show as U+FFFD."""
        kept = self._kept[-KEPT:] if self._keep_end else self._kept
        return bytes(kept).decode("utf-8", "replace")


async def feed(stream: ByteSendStream, data: bytes) -> None:
    """Write `data` and close; a program may stop reading whenever it likes."""
    view = memoryview(data)
    try:
        for start in range(0, len(view), _CHUNK):
            await stream.send(bytes(view[start : start + _CHUNK]))
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        pass
    finally:
        gone = (anyio.BrokenResourceError, BrokenPipeError, ConnectionResetError)
        with anyio.CancelScope(shield=True), contextlib.suppress(*gone):
            await stream.aclose()
