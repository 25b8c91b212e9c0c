"""What templates are measured with: each work by hand in Python, in ours and in the peers' words.

The standard library and the language are all that is imported, for PyPy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

XMLNS = 'xmlns:q="https://quantum.lang/ns"'
TURNS = 1000
NUMBERS = '<q:param name="{}" type="number" required="true"/>'


@dataclass(frozen=True)
class Work:
    """One thing to do.

    Args:
        name: Of the work.
        target: The ratio to Python that we want at most, for each of ours.
        data: What is handed in.
        by_hand: What a person would write in Python.
        ours: Template texts by variant.
        peers: Template texts by engine.
    """

    name: str
    target: Mapping[str, float]
    data: Mapping[str, Any]
    by_hand: Callable[..., str]
    ours: Mapping[str, str]
    peers: Mapping[str, str] = field(default_factory=dict)


def page(body: str) -> str:
    """Return a component."""
    return f'<q:component name="Page" {XMLNS}>{body}</q:component>'


def _loop(start: int) -> str:
    total = start
    for i in range(1, TURNS + 1):
        total = total + i
    return str(total)


def _expressions(a: int, b: int, c: int) -> str:
    out = []
    for _ in range(TURNS):
        out.append(str(a + b * c))  # noqa: PERF401 - as one writes it first
    return "".join(out)


def _rows(rows: list[list[str]]) -> str:
    out = ["<table>"]
    for row in rows:
        out.append("<tr>")
        for cell in row:
            out.append(f"<td>{escape(cell)}</td>")  # noqa: PERF401 - as one writes it first
        out.append("</tr>")
    out.append("</table>")
    return "".join(out)


def _records(rows: list[dict[str, str]]) -> str:
    out = ["<table>"]
    for row in rows:
        out.append("<tr>")
        for name in "abcdefghij":
            out.append(f"<td>{escape(row[name])}</td>")  # noqa: PERF401 - as one writes it first
        out.append("</tr>")
    out.append("</table>")
    return "".join(out)


_ADDING = '<q:loop var="i" from="1" to="1000"><q:set name="total" value="{total + i}"/></q:loop>'
LOOP = Work(
    name="loop of 1000, total = {total + i}",
    target={"typed": 1.3, "untyped": 3},
    data={"start": 0},
    by_hand=_loop,
    ours={
        "typed": page(
            NUMBERS.format("start")
            + '<q:set name="total" type="number" value="{start}"/>'
            + _ADDING
            + "{total}"
        ),
        "untyped": page(f'<q:set name="total" value="{{start}}"/>{_ADDING}{{total}}'),
    },
    peers={
        "jinja2": "{% set n = namespace(t=start) %}{% for i in range(1, 1001) %}"
        "{% set n.t = n.t + i %}{% endfor %}{{ n.t }}",
        "mako": "<% total = start %>\\\n% for i in range(1, 1001):\n<% total = total + i %>\\\n"
        "% endfor\n${total}",
        "chameleon": '<tal:b define="n [start]"><tal:l repeat="i range(1, 1001)">'
        '<tal:s define="x n.__setitem__(0, n[0] + i)" /></tal:l>${n[0]}</tal:b>',
        "minijinja": "{% set n = namespace(t=start) %}{% for i in range(1, 1001) %}"
        "{% set n.t = n.t + i %}{% endfor %}{{ n.t }}",
    },
)
_SUM = '<q:loop var="i" from="1" to="1000">{a + b * c}</q:loop>'
EXPRESSIONS = Work(
    name="1000 x {a + b * c}",
    target={"typed": 2, "untyped": 3},
    data={"a": 2, "b": 3, "c": 4},
    by_hand=_expressions,
    ours={"typed": page("".join(map(NUMBERS.format, "abc")) + _SUM), "untyped": page(_SUM)},
    peers={
        "jinja2": "{% for i in range(1000) %}{{ a + b * c }}{% endfor %}",
        "mako": "% for i in range(1000):\n${a + b * c}\\\n% endfor\n",
        "chameleon": '<tal:l repeat="i range(1000)">${a + b * c}</tal:l>',
        "minijinja": "{% for i in range(1000) %}{{ a + b * c }}{% endfor %}",
    },
)
TABLE = Work(
    name="table of 1000 x 10 cells",
    target={"ours": 0.5},
    data={"rows": [[f"cell <{i}> & {j}" for j in range(10)] for i in range(1000)]},
    by_hand=_rows,
    ours={
        "ours": page(
            '<table><q:loop items="{rows}" var="row"><tr><q:loop items="{row}" var="cell">'
            "<td>{cell}</td></q:loop></tr></q:loop></table>"
        )
    },
    peers={
        "jinja2": "<table>{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>"
        "{% endfor %}</tr>{% endfor %}</table>",
        "mako": "<table>\\\n% for row in rows:\n<tr>\\\n% for cell in row:\n<td>${cell}</td>\\\n"
        "% endfor\n</tr>\\\n% endfor\n</table>",
        "chameleon": '<table><tal:r repeat="row rows"><tr><tal:c repeat="cell row"><td>${cell}</td>'
        "</tal:c></tr></tal:r></table>",
        "minijinja": "<table>{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>"
        "{% endfor %}</tr>{% endfor %}</table>",
    },
)
RECORDS = Work(
    name="table of 1000 records, 10 fields",
    target={"ours": 0.5},
    data={
        "rows": [{name: f"cell <{i}> & {name}" for name in "abcdefghij"} for i in range(1000)],
    },
    by_hand=_records,
    ours={
        "ours": page(
            '<table><q:loop items="{rows}" var="row"><tr>'
            + "".join(f"<td>{{row.{name}}}</td>" for name in "abcdefghij")
            + "</tr></q:loop></table>"
        )
    },
    peers={
        "jinja2": "<table>{% for row in rows %}<tr>"
        + "".join(f"<td>{{{{ row.{name} }}}}</td>" for name in "abcdefghij")
        + "</tr>{% endfor %}</table>",
        "mako": "<table>\\\n% for row in rows:\n<tr>\\\n"
        + "".join(f"<td>${{row['{name}']}}</td>\\\n" for name in "abcdefghij")
        + "</tr>\\\n% endfor\n</table>",
        "chameleon": '<table><tal:r repeat="row rows"><tr>'
        + "".join(f"<td>${{row['{name}']}}</td>" for name in "abcdefghij")
        + "</tr></tal:r></table>",
        "minijinja": "<table>{% for row in rows %}<tr>"
        + "".join(f"<td>{{{{ row.{name} }}}}</td>" for name in "abcdefghij")
        + "</tr>{% endfor %}</table>",
    },
)
WORKS = (LOOP, EXPRESSIONS, TABLE, RECORDS)
