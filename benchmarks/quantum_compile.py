"""What compiling costs: a file of 30 lines, cold; the same file again; an edited file.

Beside Jinja2, Mako, Chameleon and MiniJinja, in the same rounds; the same page comes out of each.
MiniJinja keeps no watch over files, so it has no figure for the second.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.peers.templates import peers
from benchmarks.quantum_works import XMLNS
from benchmarks.rounds import interleaved
from ciranda_quantum import Library, compile as compile_template

DATA: dict[str, Any] = {
    "title": "News & more",
    "user": "ann",
    "rows": [{"name": f"row {n}", "price": n, "ok": n % 2 == 0} for n in range(5)],
}
OURS = f"""<q:component name="Page" {XMLNS}>
  <q:param name="title" type="string" required="true"/>
  <q:param name="rows" type="array" required="true"/>
  <html>
    <head>
      <title>{{title}}</title>
    </head>
    <body>
      <h1>{{title}}</h1>
      <q:if condition="user == ''">
        <p>Please sign in.</p>
        <q:else>
          <p>Welcome, {{user}}.</p>
        </q:else>
      </q:if>
      <table>
        <q:loop items="{{rows}}" var="row">
          <tr>
            <td>{{row.name}}</td>
            <td>{{row.price * 2}}</td>
            <q:if condition="row.ok">
              <td>yes</td>
              <q:else><td>no</td></q:else>
            </q:if>
          </tr>
        </q:loop>
      </table>
      <p>{{rows.length}} rows</p>
    </body>
  </html>
</q:component>
"""
_JINJA = """<html>
<head>
<title>{{ title }}</title>
</head>
<body>
<h1>{{ title }}</h1>
{% if user == '' %}
<p>Please sign in.</p>
{% else %}
<p>Welcome, {{ user }}.</p>
{% endif %}
<table>
{% for row in rows %}
<tr>
<td>{{ row.name }}</td>
<td>{{ row.price * 2 }}</td>
{% if row.ok %}
<td>yes</td>
{% else %}
<td>no</td>
{% endif %}
</tr>
{% endfor %}
</table>
<p>{{ rows|length }} rows</p>
</body>
</html>
"""
THEIRS = {
    "jinja2": _JINJA,
    "minijinja": _JINJA,
    "mako": """<html>
<head>
<title>${title}</title>
</head>
<body>
<h1>${title}</h1>
% if user == '':
<p>Please sign in.</p>
% else:
<p>Welcome, ${user}.</p>
% endif
<table>
% for row in rows:
<tr>
<td>${row['name']}</td>
<td>${row['price'] * 2}</td>
% if row['ok']:
<td>yes</td>
% else:
<td>no</td>
% endif
</tr>
% endfor
</table>
<p>${len(rows)} rows</p>
</body>
</html>
""",
    "chameleon": """<html>
<head>
<title>${title}</title>
</head>
<body>
<h1>${title}</h1>
<p tal:condition="user == ''">Please sign in.</p>
<p tal:condition="user != ''">Welcome, ${user}.</p>
<table>
<tr tal:repeat="row rows">
<td>${row['name']}</td>
<td>${row['price'] * 2}</td>
<td tal:condition="row['ok']">yes</td>
<td tal:condition="not row['ok']">no</td>
</tr>
</table>
<p>${len(rows)} rows</p>
</body>
</html>
""",
}


def squeezed(page: str) -> str:
    """Return a page without the space between its elements."""
    return "".join(line.strip() for line in page.splitlines())


def cold() -> dict[str, Callable[[], Any]]:
    """Return what compiles a text that was never seen."""
    fresh = count()
    made: dict[str, Callable[[], Any]] = {
        "ours": lambda: compile_template(f"{OURS}<!-- {next(fresh)} -->")
    }
    for name, make in peers().items():
        made[name] = partial(_make, make, THEIRS[name], fresh)
    return made


def _make(make: Callable[[str], Any], text: str, fresh: count[int]) -> Any:
    return make(f"{text}<!-- {next(fresh)} -->")  # no cache of parsed texts helps


def again(folder: Path) -> dict[str, Callable[[], Any]]:
    """Return what gets the template of a file that has not changed, after a look at the file."""
    (folder / "page.q").write_text(OURS, encoding="utf-8")
    for name, text in THEIRS.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    library, path = Library(folder), str(folder / "page.q")
    made: dict[str, Callable[[], Any]] = {
        "ours": lambda: library.load(path),
        "stat": lambda: os.stat(path),
    }
    if find_spec("jinja2") is not None:
        jinja2 = import_module("jinja2")
        loader = jinja2.FileSystemLoader(str(folder))
        made["jinja2"] = partial(jinja2.Environment(loader=loader).get_template, "jinja2.txt")
    if find_spec("mako") is not None:
        lookup = import_module("mako.lookup").TemplateLookup([str(folder)])
        made["mako"] = partial(lookup.get_template, "mako.txt")
    if find_spec("chameleon") is not None:
        loader = import_module("chameleon").PageTemplateLoader(str(folder), auto_reload=True)
        made["chameleon"] = loader["chameleon.txt"].cook_check
    return made


def edited(folder: Path) -> dict[str, Callable[[], Any]]:
    """Return what loads a file whose time has changed, and one that has changed."""
    path = folder / "page.q"
    library, turn = Library(folder), count(1)

    def touched() -> object:
        os.utime(path, ns=(next(turn) * 1000, next(turn) * 1000))
        return library.load(path)

    def written() -> object:
        path.write_text(f"{OURS}<!-- {next(turn)} -->", encoding="utf-8")
        return library.load(path)

    return {"touched": touched, "written": written}


def show(title: str, runs: dict[str, Callable[[], Any]], target: float = 0.0) -> None:
    """Print milliseconds a call."""
    print(f"\n{title}")
    for name, taken in interleaved(runs).items():
        verdict = ""
        if name == "ours" and target:
            verdict = f"   target {target:g} ms: {'met' if taken <= target else 'MISSED'}"
        print(f"  {name:12}{taken:10.4f} ms{verdict}")


def main() -> None:
    """Print three blocks."""
    expected = squeezed(compile_template(OURS).render(**DATA))
    for name, make in peers().items():
        got = squeezed(make(THEIRS[name])(DATA))
        assert got == expected, f"{name} gives something else:\n{got}\n{expected}"
    show("a file of 30 lines, cold", cold(), 1)
    with tempfile.TemporaryDirectory() as folder:
        show("the same file again", again(Path(folder)), 0.004)
        show("after an edit, ours", edited(Path(folder)))


if __name__ == "__main__":
    main()
