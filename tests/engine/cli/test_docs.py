"""`ciranda docs`: what a plugin offers, from its docstrings."""

import pytest

SOURCE = '''
"""Texts, counted.

More about it.
"""

from typing import Annotated

from msgspec import Meta, Struct

from ciranda import Secret, Settings, action, hookimpl, observer
from ciranda.events import StepFailed
from ciranda.expressions import Function
from ciranda.layer import modifier
from ciranda.trigger import trigger
from ciranda.workflow.loader import Loader
from opentelemetry.sdk.trace.export import SpanExporter


class TextSettings(Settings, section="text"):
    """The section.

    Attributes:
        token: Of a service.
        words: Which count.
    """

    token: Secret
    words: tuple[str, ...] = ("a",)
    most: Annotated[int, Meta(ge=1, description="Words at most.")] = 5


class Times(Struct):
    """How often.

    Attributes:
        times: Turns.
    """

    times: int
    rest: float = 1.5


@modifier("text.again", options=Times)
def again(target, options):
    """Do it again."""


@trigger("text.written", options=Times)
async def written(options, hear):
    """Hear of texts."""


@action("text.count", pure=True)
def count(text: str) -> int:
    """Count words.

    Args:
        text: Any text.
    """
    return len(text.split())


class Elsewhere:
    def core(self, action):
        raise NotImplementedError


@observer(StepFailed)
def note(event):
    """Note a failure."""


@hookimpl
def settings():
    """Offer settings."""
    return TextSettings


@hookimpl
def actions():
    return [count]


@hookimpl
def triggers():
    return [written]


@hookimpl
def modifiers():
    return [again]


@hookimpl
def executors():
    return {"elsewhere": Elsewhere()}


def read(data, file):
    """Read a list of texts."""


@hookimpl
def loaders():
    return {".texts": Loader(read)}


class Lengths(SpanExporter):
    """How long the names of spans are."""


@hookimpl
def exporters():
    return {"texts.lengths": Lengths()}


@hookimpl
def functions():
    return [Function("shout", str.upper, minimum=1, maximum=1, doc="In capitals.")]
'''


@pytest.fixture
def file(project):
    path = project / "texts.py"
    path.write_text(SOURCE)
    return path


def test_a_page_names_all_that_it_offers(cli, file):
    page = cli("docs", file).out

    assert page.startswith("texts (one file)\n\nTexts, counted.\n\nMore about it.\n")
    for line in (
        "Settings, in [text]:",
        "  token (Secret, required): Of a service.",
        '  words (tuple[str, ...], default ["a"]): Which count.',
        "  most (int, default 5): Words at most.",
        "text.count",
        "  text (string, required): Any text.",
        "  text.again: Do it again.",
        "    times (integer, required): Turns.",
        "    rest (number, default 1.5)",
        "Triggers, for `on`:",
        "  text.written: Hear of texts.",
        "  shout: In capitals.",
        "  note (StepFailed): Note a failure.",
        "  .texts: Read a list of texts.",
        "  texts.lengths: How long the names of spans are.",
        "  settings: Offer settings.",
        "  elsewhere",
    ):
        assert f"\n{line}\n" in page


def test_markdown_has_headings_and_lists(cli, file):
    page = cli("docs", file, "-o", "md").out

    assert page.startswith("# `texts` (one file)\n")
    assert "\n## Actions\n\n### `text.count`\n" in page
    assert "\n- `token` (Secret, required): Of a service.\n" in page
    assert "\n## Layers, for `with-middleware`\n\n- `text.again`: Do it again.\n  - `times`" in page


def test_the_data_has_schemas_and_variables(cli, file):
    told = cli("docs", file, "-o", "json").data

    assert told["settings"][0] == {
        "section": "text", "key": "token", "type": "Secret", "required": True, "default": None,
        "environment": "CIRANDA_TEXT__TOKEN", "doc": "Of a service.",
    }  # fmt: skip
    assert told["actions"][0]["input"]["required"] == ["text"]
    assert [one["name"] for one in told["layers"][0]["options"]] == ["times", "rest"]


def test_our_own_plugins_have_commands_and_hooks(cli):
    page = cli("docs", "quantum").out

    assert page.startswith("quantum (ciranda ")
    assert "\nHooks that it adds:\n" in page
    assert "  ciranda quantum check" in page


@pytest.mark.parametrize(
    ("text", "said"),
    [("import nowhere_to_be_found", "plugin 'texts' cannot be imported: No module named"),
     (SOURCE.replace("[count]", "[3]"), "lists 3, which is no action")],
)  # fmt: skip
def test_one_that_cannot_be_loaded_says_so(cli, file, text, said):
    file.write_text(text)

    assert said in cli("docs", file, code=2).err
