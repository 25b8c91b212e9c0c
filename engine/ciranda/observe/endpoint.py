"""Where spans go: the endpoint that OpenTelemetry's own variables name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from ciranda.errors import TraceError

__all__ = ["Endpoint", "Queue", "endpoint_of", "is_disabled", "queue_of", "shown_url", "traces_url"]

_NAMES: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_USUAL: Final = "http://localhost:4318"  # what the standard says for "otlp" without an address
_PROTOCOLS: Final = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the environment wants traces to go, and how many may wait on the way.

    Attributes:
        url: What receives them.
        limit: Things that wait at the most (`OTEL_BSP_MAX_QUEUE_SIZE`).
        batch: Things sent at once at the most (`OTEL_BSP_MAX_EXPORT_BATCH_SIZE`).
        delay: Seconds that they wait for company (`OTEL_BSP_SCHEDULE_DELAY`).
    """

    url: str
    limit: int = 65536
    batch: int = 512
    delay: float = 1.0


@dataclass(frozen=True, slots=True)
class Queue:
    """How many things may wait on the way to where they go.

    Attributes:
        limit: Things that wait at the most (`OTEL_BSP_MAX_QUEUE_SIZE`).
        batch: Things sent at once at the most (`OTEL_BSP_MAX_EXPORT_BATCH_SIZE`).
        delay: Seconds that they wait for company (`OTEL_BSP_SCHEDULE_DELAY`).
    """

    limit: int = 65536
    batch: int = 512
    delay: float = 1.0


def is_disabled(environ: Mapping[str, str]) -> bool:
    """Tell whether somebody switched everything off that has to do with OpenTelemetry."""
    return environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"


def queue_of(environ: Mapping[str, str]) -> Queue:
    """Return how many things may wait.

    Raises:
        TraceError: A variable is no number above 0; the text names it.
    """
    return Queue(
        limit=_number(environ, "OTEL_BSP_MAX_QUEUE_SIZE", 65536),
        batch=_number(environ, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512),
        delay=_number(environ, "OTEL_BSP_SCHEDULE_DELAY", 1000) / 1000,
    )


def endpoint_of(environ: Mapping[str, str]) -> Endpoint | None:
    """Return where traces go; None when nobody asked for them or somebody switched them off.

    Raises:
        TraceError: A variable has a value that cannot be used; the text names it.
    """
    listed = environ.get("OTEL_TRACES_EXPORTER", "").split(",")
    exporters = {name.strip().lower() for name in listed} - {""}
    if is_disabled(environ) or "none" in exporters:
        return None
    if exporters and "otlp" not in exporters:
        raise TraceError(
            f"OTEL_TRACES_EXPORTER={','.join(listed)} is not supported: write otlp, or none"
        )
    name = next((name for name in _NAMES if environ.get(name, "").strip()), None)
    if name is None and not exporters:
        return None
    for variable in _PROTOCOLS:
        protocol = environ.get(variable, "").strip()
        if protocol and protocol != "http/protobuf":
            raise TraceError(
                f"{variable}={protocol} is not supported: traces are sent as http/protobuf, "
                "which collectors take on port 4318"
            )
        if protocol:
            break
    written = environ[name].strip() if name is not None else _USUAL
    if name == _NAMES[0]:
        url = traces_url(written, name, whole=True)
    else:
        url = traces_url(written.rstrip("/") + "/v1/traces", name or "", whole=True)
    queue = queue_of(environ)
    return Endpoint(url, limit=queue.limit, batch=queue.batch, delay=queue.delay)


def traces_url(written: str, name: str = "the URL", *, whole: bool = False) -> str:
    """Return the URL that takes traces; one without a path gets `/v1/traces`.

    Raises:
        TraceError: It is no URL of a web server.
    """
    try:
        parts = urlsplit(written)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fine = False
    if not fine:
        raise TraceError(
            f"{name} {shown_url(written)!r} is not an address of a web server: "
            "write one such as http://localhost:4318"
        )
    if not whole and parts.path in ("", "/"):
        return urlunsplit(parts._replace(path="/v1/traces"))
    return written


def shown_url(url: str) -> str:
    """Return a URL without the parts that may hold a password or a token."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "(unreadable)"
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def _number(environ: Mapping[str, str], name: str, default: int) -> int:
    written = environ.get(name, "").strip()
    if not written:
        return default
    if not written.isdecimal() or not int(written):
        raise TraceError(f"{name}={written} is not a number above 0: correct or unset it")
    return int(written)
