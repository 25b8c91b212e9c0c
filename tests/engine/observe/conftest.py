"""A real OTLP receiver in another process."""

import json
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest


class Receiver:
    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}"

    def spans(self):
        """Return what arrived since the last call."""
        return json.loads(self._get("spans"))

    def raw(self):
        """Return the bytes that arrived since the last call, spans of whatever time."""
        return self._get("raw")

    def await_request(self, path):
        """Return once somebody has sent something to `path`."""
        for _ in range(1000):
            if path in json.loads(self._get("asked")):
                return
            time.sleep(0.01)
        raise TimeoutError(path)

    def _get(self, name):
        with urllib.request.urlopen(f"{self.url}/{name}", timeout=10) as answer:
            return answer.read()


@contextmanager
def serving():
    """Run a receiver of traces in a process of its own."""
    program = Path(__file__).with_name("receiver.py")
    with subprocess.Popen(
        [sys.executable, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        try:
            assert child.stdout is not None
            yield Receiver(int(child.stdout.readline()))
        finally:
            child.kill()


@pytest.fixture(scope="session")
def receiving():
    with serving() as found:
        yield found


@pytest.fixture
def receiver(receiving):
    receiving.spans()
    receiving.raw()
    return receiving
