"""A project in a folder of its own, and the command line inside this process."""

import gc
import io
import json
import signal
import sys
from dataclasses import dataclass

import pytest

from ciranda.cli.entry import outcome

OK = """\
ciranda: 1
name: ok
inputs:
  word: {type: string, default: hi}
  times: {type: integer, default: 1, maximum: 3}
steps:
  say: {run: [echo, "${{ inputs.word }}"], parse: text}
  count: {run: [wc, -c], stdin: "${{ steps.say.output.data }}", parse: json}
outputs: {said: "${{ steps.say.output.data }}", size: "${{ steps.count.output.data }}"}
"""
FAIL = """\
ciranda: 1
name: fail
steps:
  good: {run: [echo, fine]}
  bad: {run: [sh, -c, "echo out; echo err >&2; exit 3"], needs: [good]}
  later: {run: [echo, later], needs: [bad]}
  soft: {run: [sh, -c, "exit 1"], continue-on-error: true}
  many: {map: "${{ [1, 2] }}", run: [echo, "item ${{ item }}"]}
"""


@dataclass
class Said:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def data(self):
        return json.loads(self.out)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The working directory: a project with two workflows."""
    (tmp_path / "ciranda.toml").write_text('[store]\ndurability = "process"\n')
    (tmp_path / "ok.yaml").write_text(OK)
    (tmp_path / "fail.yaml").write_text(FAIL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    return tmp_path


@pytest.fixture
def cli(project, capsys, monkeypatch):
    """Call a command: `cli("run", "ok.yaml", code=0)`."""
    before = gc.get_threshold(), signal.getsignal(signal.SIGTERM)

    def call(*arguments, code=0, stdin=None):
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        ended = int(outcome([str(each) for each in arguments]))
        said = Said(ended, *capsys.readouterr())
        assert ended == code, said
        assert "Traceback" not in said.err
        return said

    yield call
    gc.set_threshold(*before[0])
    signal.signal(signal.SIGTERM, before[1])
