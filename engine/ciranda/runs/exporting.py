"""What sends the traces of an engine's runs: what it was given, and the exporters of plugins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, final

import anyio
import anyio.to_thread

from ciranda.bus.report import logger
from ciranda.errors import TraceError

if TYPE_CHECKING:
    from ciranda.observe.endpoint import Queue
    from ciranda.observe.export import LiveExporter
    from ciranda.plugins import Plugins

__all__ = ["Exporting"]


@final
class Exporting:
    """Looks which exporters there are whenever a run begins; costs nothing where there is none.

    Args:
        given: What the engine was given; whoever made it closes it.
        plugins: The plugins of the engine.
        environ: `OTEL_SDK_DISABLED` in it switches the exporters of plugins off.

    Attributes:
        warn: Told in one sentence that spans of an exporter are lost, once for each of them; the
            log of the engine hears of it by default.
        found: Called with what sends to the exporters of plugins, before the first run of which
            there is one: its `provider` is for whoever owns the process.
    """

    def __init__(
        self, given: LiveExporter | None, plugins: Plugins, environ: Mapping[str, str]
    ) -> None:
        self._given: Final = given
        self._plugins: Final = plugins
        self._environ: Final = environ
        self._own: LiveExporter | None = None
        self._queue: Queue
        self._layered = False
        self.warn: Callable[[str], None] = _log
        self.found: Callable[[LiveExporter], None] | None = None

    def ways(self) -> tuple[LiveExporter, ...]:
        """Return what hears of a run that begins now."""
        own = self._kept()
        known = tuple(one for one in (self._given, own) if one is not None)
        if known and not self._layered:
            from ciranda.middleware.tracing import Tracing

            self._layered = True
            self._plugins.register(Tracing(), "tracing")
        return known

    def adopter(self) -> Callable[[Any], None] | None:
        """Return what takes in a span of a worker process; None when nobody exports."""
        known = tuple(one for one in (self._given, self._kept()) if one is not None)
        if not known:
            return None

        def adopt(data: Any) -> None:
            for one in known:
                one.adopt(data)

        return adopt

    async def close(self, grace: float = 2.0) -> None:
        """Hand over what waits for the exporters of plugins, for `grace` seconds; end them."""
        own = self._own
        if own is not None:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(own.close, grace)

    def _kept(self) -> LiveExporter | None:
        """Return what sends to the exporters that plugins offer now; None where none ever did."""
        offered = self._plugins.exporters
        if self._own is None and not offered:
            return None
        from ciranda.observe.endpoint import Queue, is_disabled, queue_of
        from ciranda.observe.export import LiveExporter

        if is_disabled(self._environ):
            return None
        if self._own is None:
            self._own = LiveExporter(warn=self._tell)
            try:
                self._queue = queue_of(self._environ)
            except TraceError as error:
                self._queue = Queue()
                self.warn(f"the queue of spans is as long as usual: {error}")
            if self.found is not None:
                self.found(self._own)
        self._own.keep(offered, self._queue)
        return self._own

    def _tell(self, text: str) -> None:
        self.warn(text)


def _log(text: str) -> None:
    logger().warning(text)
