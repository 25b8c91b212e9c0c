"""A real OTLP receiver in another process."""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest


class Receiver:
    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}"

    def spans(self):
        """Return what arrived since the last call."""
        with urllib.request.urlopen(f"{self.url}/spans", timeout=10) as answer:
            return json.load(answer)


@pytest.fixture(scope="session")
def receiving():
    program = Path(__file__).with_name("receiver.py")
    with subprocess.Popen(
        [sys.executable, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        try:
            assert child.stdout is not None
            yield Receiver(int(child.stdout.readline()))
        finally:
            child.kill()


@pytest.fixture
def receiver(receiving):
    receiving.spans()
    return receiving
