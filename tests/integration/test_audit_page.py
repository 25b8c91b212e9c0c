"""The audit's page: what stands on it, that values stay values, and that it works in a browser."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from ciranda_quantum import Library, Trusted

AUDIT = Path(__file__).parents[2] / "examples" / "audit"
CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
HOSTILE = (
    '</td><script>document.title="owned"</script><img src=x onerror=alert(1)>" & {1 / 0} ${{ x }}'
)


def load():
    name = "examples_audit_page"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, AUDIT / "page.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def distribution(name, size, *, licence="MIT", editable=False):
    return {
        "name": name, "version": "1.0", "files": size // 10, "bytes": size,
        "licence": licence, "editable": editable,
    }  # fmt: skip


def finding(kind, distribution, detail):
    return {"kind": kind, "distribution": distribution, "detail": detail}


def step(*needs, status="succeeded", seconds=0.5):
    return {"needs": list(needs), "status": status, "seconds": seconds}


FINDINGS = [
    finding("changed", "zebra", "zebra/__init__.py"),
    finding("missing", "apple", "apple/data10.txt"),
    finding("missing", "Mango", "mango/data9.txt"),
    finding("pth-code", "apple", HOSTILE),
]
CHECKED = [
    distribution("apple", 900),
    distribution("Mango", 12_000, licence=HOSTILE),
    None,
    distribution("zebra", 3_000_000, licence="", editable=True),
]
STEPS = {"list": step(), "hash": step("list", seconds=2), "report": step("list", "hash")}


def page(findings=FINDINGS, checked=CHECKED, environment=HOSTILE):
    kinds = sorted({each["kind"] for each in findings})
    summary = {
        "python": "3.11.7", "environment": environment, "distributions": len(checked),
        "files": 12345, "bytes": 3_012_900, "findings": findings,
        "counts": {kind: sum(each["kind"] == kind for each in findings) for kind in kinds},
    }  # fmt: skip
    data = load().page(summary, checked, STEPS, run="m7", started="2026-11-21T15:00:00+00:00")
    data = {**data, "doctype": Trusted(data["doctype"])}
    return Library().load(AUDIT / "report.q").render(**data)


class Reading(HTMLParser):
    """Elements, attributes and the text of each cell."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.cells, self.inside = [], [], False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag == "td":
            self.cells.append("")
            self.inside = True

    def handle_endtag(self, tag):
        self.inside = self.inside and tag != "td"

    def handle_data(self, data):
        if self.inside:
            self.cells[-1] += data

    def named(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def test_the_page_shows_every_finding_and_every_distribution():
    html = page()

    read = Reading(html)
    assert html.startswith("<!doctype html><html")
    assert [each for each in FINDINGS if each["detail"] not in read.cells] == []
    assert {"3.0 MB", "12.0 kB", "900 B"} <= set(read.cells)
    assert "zebra editable" in read.cells
    assert '<dd id="count">4</dd>' in html
    assert "3 to act on" in html


def test_values_are_text_wherever_they_stand():
    read = Reading(page())

    assert len(read.named("script")) == 1
    assert read.named("img") == []
    assert not [name for _, each in read.elements for name in each if name.startswith("on")]
    assert HOSTILE in read.cells


def test_the_page_asks_nothing_of_anybody():
    html = page()

    assert not re.search(r"https?:|@import|url\(", html)
    assert not [each for _, each in Reading(html).elements if {"src", "href"} & set(each)]
    assert 'content="default-src &#39;none&#39;;' in html


def test_an_environment_without_findings_says_so():
    html = page(findings=[], environment="/opt/venv")

    assert "nothing to look at" in html
    assert "Every file is as its RECORD says" in html
    assert 'id="search"' not in html


def test_the_graph_leaves_out_what_another_edge_says():
    read = Reading(page())

    assert len(read.named("path")) == 2
    assert len(read.named("rect")) == 3


def test_a_graph_of_nothing_and_an_empty_environment_are_drawn():
    made = load().page(
        {"python": "3", "environment": "e", "distributions": 0, "files": 0, "bytes": 0,
         "findings": [], "counts": {}}, [], {},
    )  # fmt: skip

    assert made["graph"]["boxes"] == []
    assert made["rows"] == made["largest"] == made["licences"] == []


def test_many_licences_are_one_line_with_the_rest():
    made = load()._bars(load().Counter({f"licence {n}": 20 - n for n in range(15)}))

    assert len(made) == 12
    assert made[-1] == {"name": "others", "value": "30", "share": 100.0, "tone": "plain"}


def browse(html, folder, *flags):
    """Return what `audit_page.js` sees in headless Chromium."""
    assert CHROMIUM is not None
    early = "<script>window.failures = []; onerror = (text) => failures.push(text);</script>"
    html = html.replace("<body>", f"<body>{early}")
    script = Path(__file__).with_name("audit_page.js").read_text("utf-8")
    file = folder / "page.html"
    file.write_text(html.replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")
    done = subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--disable-dev-shm-usage", f"--user-data-dir={folder / 'profile'}",
            *flags, "--dump-dom", file.as_uri(),
        ],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    found = re.search(r'<pre id="seen">([^<]*)</pre>', done.stdout)
    assert found, done.stderr[-2000:]
    return json.loads(unquote(found[1]))


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
@pytest.mark.parametrize(
    ("dark", "flags"),
    [
        (False, ["--blink-settings=preferredColorScheme=1", "--window-size=1200,900"]),
        (True, ["--blink-settings=preferredColorScheme=0", "--window-size=500,900"]),
    ],
    ids=["light and wide", "dark and narrow"],
)
def test_in_a_browser_tables_sort_findings_filter_and_everything_can_be_read(tmp_path, dark, flags):
    seen = browse(page(environment="/opt/venv"), tmp_path, *flags)

    assert seen["errors"] == []
    assert seen["title"] == "Audit: 4 distributions, 4 findings"
    assert seen["up"] == ["ascending", ["apple", "apple", "Mango", "zebra"]]
    assert seen["down"] == ["descending", ["zebra", "Mango", "apple", "apple"]]
    assert seen["natural"] == ["ascending", ["apple/data10.txt", "mango/data9.txt"]]
    assert seen["size"] == ["ascending", ["900 B", "12.0 kB", "3.0 MB"]]
    assert seen["sorted"] == 1
    assert sorted(seen["kind"]) == ["Mango", "apple"]
    assert seen["search"] == ["Mango"]
    assert seen["said"] == "1 of 4 shown"
    assert seen["pressed"] == ["missing"]
    assert seen["dark"] is dark
    assert seen["faint"] == []
    assert seen["unnamed"] == 0
    assert not seen["wide"]
