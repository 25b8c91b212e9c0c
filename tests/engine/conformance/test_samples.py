"""What actions and settings are tried with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from ciranda.actions import Action, Arg, action
from ciranda.conformance import Finding, Verdict, conform, find_subject
from ciranda.conformance.samples import Sample, sample_of

MADE_UP = [
    (str, "sample"),
    (Annotated[str, Arg(max_length=3)], "sam"),
    (Annotated[str, Arg(min_length=8)], "samplexx"),
    (int, 1),
    (Annotated[int, Arg(minimum=7)], 7),
    (bool, False),
    (Literal["b", "a"], "a"),
    (int | None, 1),
    (list[int], []),
    (Annotated[list[int], Arg(min_length=2)], [1, 1]),
    (dict[str, int], {}),
]


def taking(annotation: Any, *, pure: bool = True) -> Action:
    def take(value: Any) -> None:
        """Take a value."""

    take.__annotations__["value"] = annotation
    return action("t.take", pure=pure)(take)


@pytest.mark.parametrize(("annotation", "value"), MADE_UP, ids=lambda one: str(one)[:40])
def test_values_of_a_pure_action_are_made_up_and_fit(annotation: Any, value: Any) -> None:
    tried = taking(annotation)

    sample = sample_of(tried, {})

    assert sample == Sample({"value": value}, promised=False)
    tried.bind(dict(sample.inputs))


@pytest.mark.parametrize("annotation", [Path, Annotated[str, Arg(pattern="^x{9}$")], Any])
def test_what_cannot_be_made_up_is_said(annotation: Any) -> None:
    assert sample_of(taking(annotation), {}) == (
        "nothing fitting can be made up for its input `value`"
    )


def test_samples_that_are_given_go_before_those_shown_and_those_made_up() -> None:
    shown = taking(Annotated[int, Arg(examples=[5])], pure=False)

    assert sample_of(shown, {"t.take": {"value": 6}}) == Sample({"value": 6})
    assert sample_of(shown, {}) == Sample({"value": 5})
    assert "it has no sample inputs" in str(sample_of(taking(int, pure=False), {}))


SETTINGS = '''
"""A plugin."""

from pathlib import Path
from typing import Literal

from ciranda import Secret, Settings, StepError, action, hookimpl

CIRANDA_API = (1, 0)


class SampleSettings(Settings, section="sample"):
    """The section.

    Attributes:
        token: A secret.
        folder: A folder.
        mode: One of two.
        names: Some.
        limits: By name.
        either: One or the other.
    """

    token: Secret
    folder: Path
    mode: Literal["a", "b"]
    names: tuple[str, ...]
    limits: dict[str, int]
    either: str | int


@hookimpl
def settings():
    return SampleSettings


@action("sample.picky", pure=True, errors={"sample.odd": False})
def picky(word: str) -> str:
    """Take one word.

    Args:
        word: Which.
    """
    raise StepError("sample.odd", "that is not the word")


@hookimpl
def actions():
    return [picky]
'''


def test_settings_that_are_demanded_are_made_up_and_odd_samples_prove_nothing(
    tmp_path: Path,
) -> None:
    file = tmp_path / "sample.py"
    file.write_text(SETTINGS)

    found = conform(find_subject(str(file)), only=["loads", "action-runs"])

    assert found[0] == Finding("loads", Verdict.PASS)
    assert [one for one in found if one.verdict is Verdict.FAIL] == []
    assert "made-up inputs do not suit it: on asyncio it fails: that is not" in found[-1].message
