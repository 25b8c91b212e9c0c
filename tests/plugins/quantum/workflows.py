"""A workflow of one step that uses a template, and what it gives."""

import json
from types import SimpleNamespace

from .stage import component

PAGE = component(
    '<q:param name="title" required="true"/><q:param name="rows" type="array" default="[]"/>'
    "<h1>{title}</h1><q:loop items='{rows}' var='row'><p>{row}</p></q:loop>"
    '<q:return value="{len(rows)}"/>'
)


def put(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def flow(uses="quantum.render", more="", **given):
    return (
        f"ciranda: 1\nname: t\nsteps:\n  a:\n    uses: {uses}\n"
        f"    with: {json.dumps({'template': 'page.q', **given})}\n{more}"
        'outputs: {a: "${{ steps.a.output }}"}\n'
    )


async def output(h, *arguments, **given):
    result = await h.run(flow(*arguments, **given))
    assert result.status == "succeeded", result.steps
    return result.outputs["a"]


async def failure(h, *arguments, **given):
    result = await h.run(flow(*arguments, **given))
    return SimpleNamespace(**result.steps["a"]["error"])
