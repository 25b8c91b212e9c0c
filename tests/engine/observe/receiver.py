"""An OTLP/HTTP endpoint in a process of its own; its path says how it behaves.

`/v1/traces` keeps what it gets, `GET /spans` returns it, `GET /raw` the bytes it came in, and
`GET /echo` the trace context of the request itself; `/status/500` refuses, `/hang` never answers,
`/redirect` points back at the good one, `/huge` answers without end, `/drip` slowly.
"""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

SPANS: list[dict[str, object]] = []
RAW: list[bytes] = []
ASKED: list[str] = []  # paths of all requests that sent something


def value_of(value):
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [value_of(item) for item in value.array_value.values]
    found = getattr(value, kind) if kind else None
    return found.decode("utf-8", "replace") if isinstance(found, bytes) else found


def plain(attributes):
    return {one.key: value_of(one.value) for one in attributes}


def keep(body):
    request = ExportTraceServiceRequest.FromString(body)
    for group in request.resource_spans:
        for scope in group.scope_spans:
            for span in scope.spans:
                SPANS.append(  # noqa: PERF401  (one append at a time is safe from threads)
                    {
                        "resource": plain(group.resource.attributes),
                        "scope": scope.scope.name,
                        "name": span.name,
                        "trace": span.trace_id.hex(),
                        "id": span.span_id.hex(),
                        "parent": span.parent_span_id.hex(),
                        "start": span.start_time_unix_nano,
                        "end": span.end_time_unix_nano,
                        "status": span.status.code,
                        "message": span.status.message,
                        "attributes": plain(span.attributes),
                        "events": [
                            [event.name, event.time_unix_nano, plain(event.attributes)]
                            for event in span.events
                        ],
                        "links": [
                            [link.trace_id.hex(), link.span_id.hex(), plain(link.attributes)]
                            for link in span.links
                        ],
                    }
                )


class Endpoint(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        ASKED.append(self.path)
        if self.path.startswith("/status/"):
            self.answer(int(self.path.rpartition("/")[2]), b"no")
        elif self.path == "/hang":
            time.sleep(60)
        elif self.path == "/redirect":
            self.answer(307, b"", {"location": "/v1/traces"})
        elif self.path in ("/huge", "/drip"):
            self.pour(self.path == "/drip")
        else:
            RAW.append(body)
            keep(body)
            self.answer(200, b"")

    def do_GET(self):
        if self.path == "/echo":
            told = json.dumps({"traceparent": self.headers["traceparent"]}).encode()
            self.answer(200, told, {"content-type": "application/json"})
            return
        kept: Any = {"/spans": SPANS, "/raw": RAW, "/asked": ASKED}[self.path]
        body = b"".join(RAW) if kept is RAW else json.dumps(kept).encode()
        kept.clear()
        self.answer(200, body)

    def pour(self, slowly):
        self.send_response(200)
        self.send_header("content-length", str(1 << 30))
        self.end_headers()
        try:
            for _ in range(1 << 14):
                self.wfile.write(b"x" * (1 if slowly else 1 << 16))
                self.wfile.flush()
                time.sleep(0.05 if slowly else 0)
        except OSError:
            self.close_connection = True

    def answer(self, code, body, headers=()):
        self.send_response(code)
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    server.daemon_threads = True
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()  # it ends with whoever started it, however that ends
