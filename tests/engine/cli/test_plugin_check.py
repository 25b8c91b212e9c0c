"""`ciranda plugin check`: a table or JSON, and an exit code."""

import pytest

GOOD = '''
"""A plugin."""

from ciranda import action, hookimpl

CIRANDA_API = (1, 0)


@action("sample.double", pure=True)
def double(number: int) -> int:
    """Double a number.

    Args:
        number: Any.
    """
    return number * 2


@action("sample.write")
def write(text: str) -> None:
    """Write a text.

    Args:
        text: Any.
    """


@hookimpl
def actions():
    return [double, write]
'''
RULES = [word for rule in ("api", "hooks", "loads", "action-docs", "action-runs")
         for word in ("--rule", rule)]  # fmt: skip


@pytest.fixture
def file(project):
    path = project / "sample.py"
    path.write_text(GOOD)
    return path


def test_rules_that_are_kept_are_listed(cli, file):
    said = cli("plugin", "check", file, *RULES)

    assert "api          pass  it declares the plugin interface" in said.out
    assert "action-runs  pass" in said.out
    assert "n/a   it has no sample inputs: show a step below `Example:`" in said.out
    assert said.err == "`sample` keeps 5 of 5 rules\n"


def test_one_that_is_not_kept_is_shown_with_its_place(cli, file):
    file.write_text(GOOD.replace("        number: Any.", ""))

    said = cli("plugin", "check", file, *RULES, "-q", code=1)

    (_, line) = said.out.splitlines()
    assert line.startswith("action-docs  FAIL  the input `number` of `sample.double` has no line")
    assert line.endswith(f"{file}:9")
    assert said.err == "`sample` keeps 4 of 5 rules\n"


def test_quiet_prints_nothing_when_all_is_well(cli, file):
    assert cli("plugin", "check", file, "--rule", "api", "-q").out == ""


def test_the_findings_are_data_too(cli, file):
    file.write_text(GOOD.replace("CIRANDA_API = (1, 0)", ""))

    told = cli("plugin", "check", file, "--rule", "api", "-o", "json", code=1).data

    assert (told["plugin"], told["ok"]) == ("sample", False)
    assert told["findings"] == [{
        "rule": "api",
        "wants": "it declares the plugin interface that it is made for",
        "verdict": "fail",
        "message": "it does not say which interface it is made for: write `CIRANDA_API = (1, 0)`",
        "place": "sample",
    }]  # fmt: skip


def test_what_cannot_be_looked_at_is_refused(cli, file):
    assert (
        "there is no rule `apy`; did you mean `api`?"
        in cli("plugin", "check", file, "--rule", "apy", code=2).err
    )
    assert "no plugin `quantm` is installed" in cli("plugin", "check", "quantm", code=2).err
    assert "did you mean `ciranda plugin check`?" in cli("plugin", "chek", code=2).err
