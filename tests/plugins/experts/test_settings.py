"""The section `[experts]`: what does not fit is told, and everything that fits is read."""

import re
from pathlib import Path

import pytest

from ciranda.errors import SettingsError
from ciranda.settings import Configuration
from ciranda.testing import harness
from ciranda_experts import plugin
from ciranda_experts.actions import review, verify
from ciranda_experts.council.crisis import CrisisSettings
from ciranda_experts.settings import ExpertsSettings

from .test_actions import GOOD, step

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("one", [verify, review])
def test_every_input_of_an_action_is_documented(one):
    assert set(one.parameter_docs) >= set(one.input_schema["properties"])
    assert one.doc


def test_the_plugin_offers_settings_and_actions():
    assert plugin.settings() is ExpertsSettings
    assert [one.name for one in plugin.actions()] == ["experts.verify", "experts.review"]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"mode": "on"}, "`mode` does not fit: Invalid enum value 'on'"),
        ({"percent": 101.0}, "`percent` does not fit: Expected `float` <= 100.0"),
        ({"rule": "vetto"}, "there is no rule 'vetto': write one of veto, unanimous"),
        ({"threshold": 1.5}, "`threshold` does not fit"),
        ({"quorum": 0.0}, "`quorum` does not fit"),
        ({"weights": {"logic": -1.0}}, "`weights` does not fit"),
        ({"weights": {"logic": float("nan")}}, "`weights` does not fit"),
        ({"timeout": 0}, "`timeout` does not fit"),
        ({"crisis": {"windw": 1.0}}, "`crisis` does not fit: .* unknown field `windw`"),
        ({"kinds": {"big": {"threshold": 2.0}}}, "`kinds` does not fit"),
        ({"trust": 1}, "`trust` is not a setting"),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_are_told_in_a_sentence(tmp_path, table, words):
    with pytest.raises(SettingsError, match=words):
        Configuration(tmp_path, tables={"experts": table}).read(ExpertsSettings)


async def test_rules_and_ledgers_of_the_settings_are_read(tmp_path):
    (tmp_path / "ours.toml").write_text(
        '[[rule]]\nid = "our-call"\nseverity = "high"\ntitle = "Ours"\nexplanation = "x"\n'
        'fix = "y"\ncalls = ["legacy.move"]\n'
    )
    code = {"code": {"text": "import legacy\nlegacy.move(1)\n", "language": "python"}}
    for given, found in (({}, []), ({"rules": [str(tmp_path / "ours.toml")]}, ["our-call"])):
        async with harness(settings={"experts": given}) as h:
            output = (await step(h, intent=code, require="nothing"))["output"]
            findings = output["experts"][0]["evidence"]["findings"]
            assert [one["rule"] for one in findings] == found
    (tmp_path / "ours.toml").write_text("[[rule]]\n")
    async with harness(settings={"experts": {"rules": [str(tmp_path / "ours.toml")]}}) as h:
        with pytest.raises(SettingsError, match=r"ours\.toml:1: the rule's id is missing"):
            await step(h, intent=code)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"ledgers": ["abc"]}, "`ledgers` names 'abc', which is no root of a ledger: write the 64"),
        ({"mandatory": ["logc"]}, "names 'logc', who is not on the council; did you mean `logic`"),
        ({"mode": "ful"}, "it is one of off, shadow, soft, full; did you mean `full`"),
    ],
)
async def test_a_setting_that_is_misspelt_is_refused(given, words):
    async with harness(settings={"experts": given}) as h:
        with pytest.raises(SettingsError, match=words):
            await step(h, intent=GOOD)


async def test_telemetry_is_kept_or_not():
    for enabled in (True, False):
        async with harness(settings={"experts": {"telemetry": {"enabled": enabled}}}) as h:
            await step(h, intent=GOOD)
            found = (h.folder / ".ciranda" / "experts-telemetry.db").exists()
            assert found is enabled


@pytest.mark.parametrize("kind", [ExpertsSettings, CrisisSettings])
def test_every_setting_is_read(kind):
    """Of the replaced system most were written in documents and read by nothing."""
    folder = Path(plugin.__file__).parent
    texts = "\n".join(
        path.read_text("utf-8") for path in folder.rglob("*.py") if path.name != "settings.py"
    )

    for name in kind.__struct_fields__:
        if name not in {"rule", "quorum", "weights"}:  # `terms()` reads them
            assert re.search(rf"settings\.{name}\b", texts), name
