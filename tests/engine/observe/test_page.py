"""The HTML page of a run."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import msgspec
import pytest
from tests.engine.observe.story import EPOCH, Story, failure, resumed, settlement

from ciranda.events import MapExpanded, RunStarted, StepCompleted, StepFailed, StepStarted
from ciranda.observe.outline import Outline
from ciranda.observe.page import page
from ciranda.observe.tables import Table
from ciranda.observe.timeline import fold

VOID = {"meta", "br", "link", "img", "input", "hr"}
NEEDS = {"load": (), "verify": ("load",), "agree": ("verify",), "publish": ("agree",)}

HOSTILE = [
    "<script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</style></script><svg onload=alert(1)>",
    "javascript:alert(1)",
    "<!--",
    "]]>&lt;b&gt;",
    "\x1b[31m\x00\u202egnp.exe",
    "${{ x }}`;alert(1)//",
    "\ud800lone",
]


class Page(HTMLParser):
    """Reads a page as strictly as it can be read."""

    def __init__(self, text):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert len({name for name, _ in attrs}) == len(attrs)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif self.open and self.open[-1] != "style":
            self.words.append(data)

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    @property
    def text(self):
        return " ".join(self.words)


def test_a_page_tells_of_every_step_failure_and_reason():
    read = Page(page(fold(settlement()), outline=Outline(needs=NEEDS)))

    for word in ("settlement", "failed", "load", "verify", "\u00d73", "publish", "'agree' failed"):
        assert word in read.text
    assert "503 Service Unavailable" in read.text
    assert "settlement.yaml:26" in read.text
    assert "round 1\nround 2" in read.text
    assert "NoQuorum" in read.text
    assert any(tag == "svg" for tag, _ in read.tags)


def test_a_page_needs_nothing_from_anywhere():
    text = page(fold(settlement()))
    read = Page(text)

    assert not re.search(r"https?://|url\(|@import", text)
    assert not {"link", "img", "iframe", "a", "form", "object"} & {tag for tag, _ in read.tags}
    assert not any({"src", "href", "srcdoc"} & set(attrs) for _, attrs in read.tags)


def test_only_the_pages_own_script_may_run():
    read = Page(page(fold(settlement())))

    (script,) = read.scripts
    policy = next(
        attrs["content"] or ""
        for tag, attrs in read.tags
        if attrs.get("http-equiv") == "Content-Security-Policy"
    )
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_hostile_text_stays_text_wherever_it_stands(hostile):
    events = [
        msgspec.structs.replace(
            event,
            **{
                name: hostile
                for name in ("workflow", "file", "reason", "because", "run")
                if hasattr(event, name)
            },
        )
        for event in settlement()
    ]
    story = Story()
    error = failure(hostile, hostile, hostile, place=hostile, log=hostile, traceback=hostile)
    story.tell(StepFailed, 7.5, path=hostile, error=error)
    needs = {**NEEDS, hostile: ("load",)}
    outline = Outline(uses={hostile: hostile}, needs=needs)
    calm = Page(page(fold([*settlement()[:-1], *story.events]), outline=outline))

    text = page(fold([*events[:-1], *story.events]), outline=outline)
    read = Page(text)

    assert sorted(tag for tag, _ in read.tags) == sorted(tag for tag, _ in calm.tags)
    assert not any(name.startswith("on") for _, attrs in read.tags for name in attrs)
    assert len(read.scripts) == 1
    assert text.encode("utf-8")
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e]", text)


def test_a_resumed_run_shows_both_of_its_segments():
    read = Page(page(fold(resumed())))

    assert "Resumed at 2026-" in read.text
    assert "resumed 1 time" in " ".join(read.text.split())


def test_a_map_of_thousands_shows_the_failed_and_the_slowest_items():
    story = Story().tell(RunStarted, 0).tell(MapExpanded, 0, path="m", count=5000)
    for item in range(5000):
        story.tell(StepStarted, 0, path=f"m/{item}")
        story.tell(StepCompleted, item / 1000, path=f"m/{item}")
    story.events.append(
        StepStarted(run="r1", path="n", at=EPOCH + 1),
    )

    text = page(fold(story.events))
    read = Page(text)

    assert len(text) < 100_000
    assert "4999" in read.text
    assert "m/17 " not in read.text
    assert "4,950 quicker items" in read.text


def test_a_page_of_nothing_is_a_page():
    assert "run" in Page(page(fold([]))).text


def test_steps_can_be_sorted_by_their_numbers():
    read = Page(page(fold(settlement())))

    keys = [float(attrs["data-key"] or 0) for tag, attrs in read.tags if "data-key" in attrs]
    assert keys[:4] == [1.0, 1.0, 3.0, 0.0]


@pytest.mark.parametrize("hostile", HOSTILE)
def test_tables_that_are_handed_over_are_text(hostile):
    table = Table(hostile, ["what", "much"], [[hostile, "1"]], numbers=True)

    found = Page(page(fold(settlement()), expected={"load": (0.0, 2.0)}, tables=[table]))

    assert len(found.scripts) == 1
    assert not any(name.startswith("on") for _, attrs in found.tags for name in attrs)
    assert any(attrs.get("class") == "bar plan" for _, attrs in found.tags)
    assert any("planned 2.00 s" in (attrs.get("data-tip") or "") for _, attrs in found.tags)
