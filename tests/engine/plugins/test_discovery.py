"""What is installed is read from metadata, and nothing of it runs."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from ciranda.plugins import Entry, Plugins, Standing, discover

Install = Callable[..., str]


def test_our_own_plugins_are_found_as_python_finds_them() -> None:
    expected = {
        (one.name, one.group, one.value)
        for group in ("ciranda", "ciranda.always")
        for one in entry_points(group=group)
    }

    assert {(one.name, one.group, one.module) for one in discover()} == expected


def test_a_distribution_is_described_by_its_metadata(site: Path, install: Install) -> None:
    install("slack", version="1.4.2")
    install("watch", group="ciranda.always", dist="Some.Watcher")

    found = discover([str(site)])

    assert found == [
        Entry(
            "slack",
            "ciranda",
            "ciranda_slack_plugin",
            "ciranda-slack",
            "1.4.2",
            site / "ciranda_slack-1.4.2.dist-info",
        ),
        Entry(
            "watch",
            "ciranda.always",
            "Some.Watcher_plugin",
            "some-watcher",
            "1.0",
            site / "Some.Watcher-1.0.dist-info",
        ),
    ]
    assert not any(one.own for one in found)


def test_the_first_of_two_equal_distributions_counts(tmp_path: Path) -> None:
    for folder, version in (("a", "2.0"), ("b", "1.0")):
        info = tmp_path / folder / f"ciranda_slack-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "entry_points.txt").write_text("[ciranda]\nslack = slack\n")

    assert [one.version for one in discover([str(tmp_path / x) for x in "ab"])] == ["2.0"]


@pytest.mark.parametrize(
    "text",
    [
        "[ciranda]\r\n  slack=ciranda_slack:plugin [extra]\r\n",
        "# so\n[console_scripts]\nx = y:z\n\n[ciranda]\n; more\nslack = ciranda_slack:plugin\n",
    ],
)
def test_entry_points_are_read_as_written(tmp_path: Path, text: str) -> None:
    info = tmp_path / "x.egg-info"
    info.mkdir()
    (info / "PKG-INFO").write_text("Name: x\nVersion: 3\n")
    (info / "entry_points.txt").write_bytes(text.encode())

    (one,) = discover([str(tmp_path)])

    assert (one.name, one.module, one.distribution, one.version) == (
        "slack",
        "ciranda_slack:plugin",
        "x",
        "3",
    )


def test_a_zip_on_the_path_is_read_and_what_is_missing_or_unreadable_is_passed_over(
    tmp_path: Path,
) -> None:
    archive = tmp_path / "plugins.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("zipped-1.0.dist-info/METADATA", "Name: zipped\nVersion: 1.0\n")
        file.writestr("zipped-1.0.dist-info/entry_points.txt", "[ciranda]\nzipped = zipped\n")
    (tmp_path / "bad-1.dist-info").mkdir()
    (tmp_path / "bad-1.dist-info" / "entry_points.txt").write_bytes(b"[ciranda]\nx = \xff")

    found = discover([str(archive), str(tmp_path), str(tmp_path / "absent")])

    assert [(one.name, one.version) for one in found] == [("zipped", "1.0")]


def test_discovery_and_listing_run_no_third_party_line(site: Path, install: Install) -> None:
    install("slack", "raise SystemExit('ran')")
    install("watch", "raise SystemExit('ran')", group="ciranda.always")
    program = f"""
import sys
site = {str(site)!r}
opened = []
def hook(name, args):
    if name in ("open", "import", "exec") and site in str(args[:2]) and ".py" in str(args[:2]):
        opened.append((name, str(args)))
sys.addaudithook(hook)
from pathlib import Path
from ciranda.plugins import Plugins
from ciranda.settings import read_configuration
plugins = Plugins(read_configuration(Path("."), {{}}))
names = {{one.name for one in plugins.listing()}}
plugins.load()
assert {{"slack", "watch", "data"}} <= names, names
assert not opened, opened
assert not any("_plugin" in name for name in sys.modules)
assert "importlib.metadata" not in sys.modules
"""

    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(site), "PATH": ""},
        cwd=site.parent,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_the_listing_says_where_each_plugin_stands(
    site: Path, install: Install, make_plugins: Callable[..., Plugins]
) -> None:
    for name in ("idle", "off", "slack", "watch"):
        install(name, group="ciranda.always" if name == "watch" else "ciranda")
    install("data", dist="ciranda", version="0.1")
    install("data", dist="evil")
    plugins = make_plugins("slack", "off", CIRANDA_PLUGINS_DISABLE="off, other")

    standing = {(one.name, one.distribution): one.standing for one in plugins.listing()}

    assert standing == {
        ("data", "ciranda"): Standing.BUILT_IN,
        ("data", "evil"): Standing.SHADOWED,
        ("idle", "ciranda-idle"): Standing.AVAILABLE,
        ("off", "ciranda-off"): Standing.DISABLED,
        ("slack", "ciranda-slack"): Standing.ENABLED,
        ("watch", "ciranda-watch"): Standing.AVAILABLE,
    }
    assert [one.name for one in plugins.listing() if one.always] == ["watch"]
