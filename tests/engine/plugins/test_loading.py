"""Named plugins come in, or one sentence says why not."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ciranda.errors import PluginError, SettingsError
from ciranda.events import StepFailed
from ciranda.expressions import Function
from ciranda.hooks import hookimpl
from ciranda.plugins import Plugins

Install = Callable[..., str]
Make = Callable[..., Plugins]

HEAD = "from ciranda.actions import action\nfrom ciranda.hooks import hookimpl, hookspec\n"
WATCH = HEAD + "heard = []\n@hookimpl\ndef step_failed(event): heard.append(event)\n"


def test_a_named_and_enabled_plugin_offers_its_actions(
    install: Install, make_plugins: Make
) -> None:
    install("slack", version="1.2")
    plugins = make_plugins("slack")

    plugins.load(["slack"])
    plugins.load(["slack"])

    assert list(plugins.actions) == ["slack.send"]
    assert plugins.actions["slack.send"].plugin == "slack"
    assert plugins.versions() == {"slack": "1.2"}


def test_an_enabled_plugin_is_not_imported_until_it_is_named(
    install: Install, make_plugins: Make
) -> None:
    module = install("slack")
    plugins = make_plugins("slack")

    plugins.load()

    assert module not in sys.modules


def test_middleware_and_observers_of_an_enabled_plugin_come_with_every_load(
    install: Install, make_plugins: Make
) -> None:
    module = install("watch", WATCH, group="ciranda.always")
    silent = make_plugins()
    plugins = make_plugins("watch")

    silent.load()
    plugins.load()
    plugins.load()
    plugins.bus.publish_nowait(StepFailed(path="a", error={"kind": "x"}))  # type: ignore[arg-type]

    assert not silent.bus.listens(StepFailed)
    assert len(sys.modules[module].heard) == 1


@pytest.mark.parametrize(
    ("enable", "asked", "message"),
    [
        ((), "slack", r"'slack' of ciranda-slack is installed but not enabled: run `ciranda plug"),
        ((), "slakc", r"there is no plugin 'slakc': did you mean 'slack'\? otherwise run `pip"),
        ((), "quantum", r"there is no plugin 'quantum': run `pip install ciranda-quantum`"),
        (
            ("slack>=2",),
            "slack",
            r"'slack' 1.2 is installed, but 'slack>=2' is asked for: run `pip",
        ),
        (
            ("slack",),
            "slack<1",
            r"1.2 is installed, but 'slack<1' is asked for: run `pip install 'c",
        ),
    ],
)
def test_a_plugin_that_cannot_be_used_is_named_with_the_next_step(
    install: Install, make_plugins: Make, enable: tuple[str, ...], asked: str, message: str
) -> None:
    install("slack", version="1.2")

    with pytest.raises(PluginError, match=message):
        make_plugins(*enable).load(declared=[asked])


def test_a_disabled_plugin_leaves_no_trace(install: Install, make_plugins: Make) -> None:
    modules = [install("slack"), install("watch", WATCH, group="ciranda.always")]
    before = (list(sys.path), set(sys.modules), threading.active_count())
    plugins = make_plugins("slack", "watch", CIRANDA_PLUGINS_DISABLE="slack,watch")

    plugins.load()
    with pytest.raises(PluginError, match="plugin 'slack' is disabled by"):
        plugins.load(["slack"])

    assert (sys.path, threading.active_count()) == (before[0], before[2])
    assert not set(modules) & set(sys.modules)
    assert not plugins.bus.listens(StepFailed)


def test_an_enabled_plugin_that_is_missing_stops_the_start(make_plugins: Make) -> None:
    with pytest.raises(PluginError, match=r"no plugin 'gone'.* or take it out of \[plugins\] en"):
        make_plugins("gone").load()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import nowhere_at_all", r"'slack' cannot be imported: ModuleNotFound.*_plugin.py:1\)"),
        ("\n\n1 / 0", r"cannot be imported: ZeroDivisionError: division by zero \(.*_plugin.py:3"),
        ("import json\njson.loads('{')", r"cannot be imported: JSONDecodeError.*_plugin.py:2\)"),
        ("x = \ny = 1", r"'slack' is not valid Python: invalid syntax \(.*_plugin.py:1\)"),
        ("import sys\nsys.exit(3)", r"leaves the program .*: sys.exit\(3\) \(.*_plugin.py:2\)"),
        ("raise KeyboardInterrupt", r"cannot be imported: KeyboardInterrupt \(.*_plugin.py:1\)"),
        (
            "@hookimpl\ndef actions(): raise KeyboardInterrupt",
            r"hook 'actions' raised KeyboardInterrupt.*_plugin.py:4\)",
        ),
        ("CIRANDA_API = (2, 0)", r"for the plugin interface 2.0, and this ciranda has 1.0: upgr"),
        ("CIRANDA_API = (1, 9)", r"1.9, and this ciranda has 1.0: upgrade ciranda"),
        ("CIRANDA_API = (0, 1)", r"0.1, and this ciranda has 1.0: upgrade the plugin"),
        ("CIRANDA_API = '1'", r"CIRANDA_API is '1'; write two numbers"),
        (
            "@hookimpl\ndef step_faild(event): ...",
            r"hook 'step_faild', .*did you mean 'step_failed",
        ),
        (
            "@hookimpl\ndef step_failed(e): ...",
            r"'slack': the hook 'step_failed' takes `event`, not `e`",
        ),
        ("@hookimpl\ndef actions(): return 3", r"the hook 'actions' returned int; return a list"),
        ("@hookimpl\ndef actions(): return [len]", r"lists len, which is no action; mark it with"),
        ("@hookimpl\ndef actions(): 1 / 0", r"hook 'actions' raised ZeroDivision.*_plugin.py:4\)"),
        (
            "@hookimpl\ndef functions(): return [len]",
            r"lists len, which is no function; wrap it in Function\(name, it, minimum=1, ",
        ),
        (
            "from ciranda.expressions import Function\n"
            "@hookimpl\ndef functions(): return [Function('len', len)]",
            r"offers the function 'len', which is built in; choose another name",
        ),
        (
            "from ciranda.expressions import Function\n"
            "@hookimpl\ndef functions(): return [Function('q', len), Function('q', len)]",
            r"'slack' offers two functions called 'q'",
        ),
        (
            "@hookimpl\ndef executors(): return {'gpu': 1}",
            r"the executor 'gpu' is int, which has no method `core\(action\)`",
        ),
        ("@hookimpl\ndef executors(): return []", r"the hook 'executors' returned list; return a"),
        (
            "class E:\n    def core(self, action): ...\n"
            "@hookimpl\ndef executors(): return {'thread': E()}",
            r"executor 'thread', which is built in",
        ),
        ("@hookimpl\ndef settings(): return dict", r"'settings' returned .*; return a Settings cl"),
        ("@hookimpl\ndef hookspecs(): return [1]", r"hook specs are in a module; 1 is none"),
        (
            "@action('slack.a')\ndef a(): ...\n@hookimpl\ndef actions(): return [a, a]",
            r"'slack' offers two actions called 'slack.a'",
        ),
        (
            "@action('data.a')\ndef a(): ...\n@hookimpl\ndef actions(): return [a]",
            r"offers the action 'data.a' outside of its namespace; call it 'slack.a'",
        ),
    ],
)
def test_a_broken_plugin_is_one_sentence_and_leaves_nothing_behind(
    install: Install, make_plugins: Make, source: str, message: str
) -> None:
    head = HEAD if "hookimpl" in source else ""
    install("slack", head + source)
    plugins = make_plugins("slack")

    with pytest.raises(PluginError, match=message) as caught:
        plugins.load(["slack"])

    assert "\n" not in str(caught.value)
    assert plugins.versions() == {}
    assert plugins.actions == {}
    assert not plugins.bus.hooks.has_plugin("slack")


def test_an_import_that_hangs_is_broken_off(install: Install, make_plugins: Make) -> None:
    install(
        "slack",
        """
        import time
        try:
            time.sleep(30)
        except Exception:
            pass
        """,
    )

    with pytest.raises(PluginError, match=r"still being imported after 0.2 s \(.*_plugin.py:4\)"):
        make_plugins("slack", seconds=0.2).load(["slack"])


def test_two_distributions_of_one_name_are_an_error_when_it_is_named(
    install: Install, make_plugins: Make
) -> None:
    install("slack")
    install("slack", dist="other")
    plugins = make_plugins("slack")

    plugins.load()
    with pytest.raises(PluginError, match=r"'slack' is offered by ciranda-slack 1.0 and other 1.0"):
        plugins.load(["slack"])


def test_a_stranger_cannot_shadow_a_built_in_plugin(install: Install, make_plugins: Make) -> None:
    install("data", dist="ciranda")
    evil = install("data", "raise SystemExit", dist="evil")
    plugins = make_plugins("data")

    plugins.load(["data"])

    assert list(plugins.actions) == ["data.send"]
    assert evil not in sys.modules


def test_one_module_in_both_groups_is_one_plugin(install: Install, make_plugins: Make) -> None:
    install("slack", HEAD + WATCH)
    install("slack", HEAD + WATCH, group="ciranda.always")
    plugins = make_plugins("slack")

    plugins.load(["slack"])

    assert plugins.versions() == {"slack": "1.0"}


def test_an_inline_plugin_cannot_take_the_namespace_of_an_installed_one(
    install: Install, make_plugins: Make, write: Callable[[str, str], Path], project: Path
) -> None:
    install("slack")
    write(
        "mine.py", HEAD + "@action('slack.x')\ndef x(): ...\n@hookimpl\ndef actions(): return [x]"
    )

    with pytest.raises(PluginError, match=r"'mine.py' offers .* but 'slack' belongs to the plugin"):
        make_plugins("slack").load(declared=["./mine.py"], folder=project)


def test_an_action_is_offered_once(make_plugins: Make, write: Any, project: Path) -> None:
    source = HEAD + "@action('my.x')\ndef x(): ...\n@hookimpl\ndef actions(): return [x]"
    write("a.py", source)
    write("b.py", source)

    with pytest.raises(PluginError, match=r"'b.py' offers the action 'my.x', which plugin 'a.py'"):
        make_plugins().load(declared=["./a.py", "./b.py"], folder=project)


def test_settings_are_read_when_the_plugin_is_loaded(install: Install, make_plugins: Make) -> None:
    install(
        "slack",
        HEAD
        + "from ciranda.settings import Settings\n"
        + "class SlackSettings(Settings, section='slack'):\n    channel: str = '#runs'\n"
        + "@hookimpl\ndef settings(): return SlackSettings\n",
    )

    plugins = make_plugins("slack", CIRANDA_SLACK__CHANNEL="#here")
    plugins.load(["slack"])
    with pytest.raises(SettingsError, match=r"\[slack\] `chanel` is not a setting; did you mean"):
        make_plugins("slack", toml="[slack]\nchanel = 'x'").load(["slack"])

    settings: Any = plugins.settings("slack")
    assert settings.channel == "#here"


def test_a_plugin_brings_hooks_that_another_one_implements(
    install: Install, make_plugins: Make
) -> None:
    install(
        "bell",
        HEAD
        + "import sys\nfrom ciranda.events import Event\n"
        + "class Rung(Event, frozen=True, kw_only=True, tag=True): pass\n"
        + "@hookspec\ndef bell_rung(event: Rung) -> None: ...\n"
        + "@hookimpl\ndef hookspecs(): return [sys.modules[__name__]]\n",
    )
    heard: list[Any] = []

    class Ear:
        @hookimpl
        def bell_rung(self, event: Any) -> None:
            heard.append(type(event).__name__)

    plugins = make_plugins("bell")
    plugins.register(Ear(), "ear")
    plugins.load(["bell"])
    plugins.bus.publish_nowait(sys.modules["ciranda_bell_plugin"].Rung())

    assert heard == ["Rung"]


def test_functions_and_executors_are_collected(make_plugins: Make) -> None:
    class Cluster:
        def core(self, action: Any) -> None: ...

    slug, cluster = Function("slug", str), Cluster()
    plugin = ModuleType("plugin")
    vars(plugin)["functions"] = hookimpl(_returning([slug]), specname="functions")
    vars(plugin)["executors"] = hookimpl(_returning({"cluster": cluster}), specname="executors")
    plugins = make_plugins()
    plugins.register(plugin, "mine")

    assert plugins.functions == {"slug": slug}
    assert plugins.executors == {"cluster": cluster}


def _returning(value: Any) -> Callable[[], Any]:
    def hook() -> Any:
        return value

    return hook


def test_the_digest_of_an_installed_plugin_follows_its_record(
    install: Install, make_plugins: Make, site: Path
) -> None:
    install("slack")

    def digest() -> str:
        plugins = make_plugins("slack")
        plugins.load(["slack"])
        return plugins.digest("slack")

    first, again = digest(), digest()
    (site / "ciranda_slack-1.0.dist-info" / "RECORD").write_text("other")

    assert first == again
    assert digest() != first


def test_the_digest_of_an_editable_plugin_follows_its_files(
    install: Install, make_plugins: Make, site: Path
) -> None:
    module = install("slack")
    info = site / "ciranda_slack-1.0.dist-info"
    (info / "direct_url.json").write_text('{"dir_info": {"editable": true}}')

    def digest() -> str:
        plugins = make_plugins("slack")
        plugins.load(["slack"])
        return plugins.digest("slack")

    first = digest()
    (info / "RECORD").write_text("other")
    same = digest()
    with (site / f"{module}.py").open("a") as file:
        file.write("# more\n")

    assert first == same
    assert digest() != first
