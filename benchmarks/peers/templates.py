"""Template engines to compare with: each compiles a text to a function from data to a page.

All of them escape what they put out, as ours does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

Render = Callable[[Mapping[str, Any]], str]


def jinja(text: str) -> Render:
    template = import_module("jinja2").Environment(autoescape=True).from_string(text)
    render: Render = template.render
    return render


def mako(text: str) -> Render:
    template = import_module("mako.template").Template(text, default_filters=["h"])
    return lambda data: template.render(**data)


def chameleon(text: str) -> Render:
    template = import_module("chameleon").PageTemplate(text)
    template.cook_check()  # it compiles at the first use
    return lambda data: template.render(**data)


def minijinja(text: str) -> Render:
    environment = import_module("minijinja").Environment()
    environment.auto_escape_callback = lambda name: True
    environment.fuel = None
    environment.add_template("t", text)
    return lambda data: environment.render_template("t", **data)


_PEERS: dict[str, Callable[[str], Render]] = {
    "jinja2": jinja,
    "mako": mako,
    "chameleon": chameleon,
    "minijinja": minijinja,
}


def peers() -> dict[str, Callable[[str], Render]]:
    """Return those that are installed, and say which are not."""
    found = {name: make for name, make in _PEERS.items() if find_spec(name) is not None}
    for name in _PEERS.keys() - found.keys():
        print(f"{name}: not installed, left out")
    return found
