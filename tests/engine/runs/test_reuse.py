"""A rerun takes over what is not affected and runs exactly the rest, at every depth."""

from typing import Any

import pytest
from tests.engine.runs.acts import flow
from tests.engine.runs.again import Again

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True),
]

DEEP = """
  a: {uses: t.do, with: {v: a}}
  b: {uses: t.do, with: {v: '${{ steps.a.output }}b'}}
  g:
    steps:
      x: {uses: t.do, with: {v: '${{ steps.a.output }}x'}}
      y: {uses: t.do, with: {v: '${{ steps.x.output }}y'}}
      w: {uses: t.do, with: {v: w}}
    outputs: {y: '${{ steps.y.output }}'}
  m:
    map: [0, 1, 2]
    steps:
      p: {uses: t.do, with: {v: 'p${{ item }}'}}
      q: {uses: t.do, with: {v: '${{ steps.p.output }}q'}}
    outputs: {q: '${{ steps.q.output }}'}
  f: {map: [7, 8], uses: t.do, with: {v: 'f${{ item }}'}}
  l:
    until: loop.index == 2
    steps:
      t: {uses: t.do, with: {v: 't${{ loop.index }}'}}
      u: {uses: t.do, with: {v: 'u${{ loop.index }}'}}
    outputs: {t: '${{ steps.t.output }}'}
  s:
    switch:
      - {if: inputs.n > 2, steps: {no: {uses: t.do}}}
      - steps:
          c: {uses: t.do, with: {v: c}}
          d: {uses: t.do, with: {v: '${{ steps.c.output }}d'}}
        outputs: {d: '${{ steps.d.output }}'}
  o: {switch: [{if: inputs.n > 2, uses: t.do}, {uses: t.do, with: {v: o}}]}
  r:
    try:
      e: {uses: t.do, with: {v: e}}
      h: {uses: t.do, with: {v: '${{ steps.e.output }}h', fail: t.boom}}
    catch: [{steps: {k: {uses: t.do, with: {v: k}}}}]
    finally: {z: {uses: t.do, with: {v: z}}}
  call: {uses: ./inner.yaml, with: {n: 5}}
  end:
    uses: t.do
    with:
      v: end
    needs: [b, g, m, f, l, s, o, r, call]
"""
TOP = """
inputs: {n: {type: integer, default: 1}}
outputs: {end: '${{ steps.end.output }}', y: '${{ steps.g.output.y }}'}
"""


@pytest.fixture
async def acts() -> Any:
    made = Again()
    async with made.harness() as made.h:
        yield made


@pytest.mark.parametrize(
    ("start", "begun"),
    [
        ("a", ["a", "ab", "ax", "axy", "w", "end"]),
        ("b", ["ab", "end"]),
        ("g", ["ax", "axy", "w", "end"]),
        ("g/x", ["ax", "axy", "end"]),
        ("g/y", ["axy", "end"]),
        ("g/w", ["w", "end"]),
        ("m", ["p0", "p1", "p2", "p0q", "p1q", "p2q", "end"]),
        ("m/1", ["p1", "p1q", "end"]),
        ("m/2/p", ["p2", "p2q", "end"]),
        ("m/0/q", ["p0q", "end"]),
        ("f/1", ["f8", "end"]),
        ("l", ["t0", "u0", "t1", "u1", "t2", "u2", "end"]),
        ("l/1", ["t1", "u1", "t2", "u2", "end"]),
        ("l/2/t", ["t2", "end"]),
        ("l/1/u", ["u1", "t2", "u2", "end"]),
        ("s", ["c", "cd", "end"]),
        ("s/c", ["c", "cd", "end"]),
        ("s/d", ["cd", "end"]),
        ("o/body", ["o", "end"]),
        ("r", ["e", "eh", "k", "z", "end"]),
        ("r/h", ["eh", "k", "z", "end"]),
        ("call", ["i5", "i5j", "k", "end"]),
        ("call/i", ["i5", "i5j", "end"]),
        ("call/j", ["i5j", "end"]),
        ("end", ["end"]),
    ],
)
async def test_the_path_and_what_follows_from_it_run_again_and_nothing_else(
    acts: Again, start: str, begun: list[str]
) -> None:
    first = await acts.first(flow(DEEP, TOP))
    result = await acts.rerun(start)

    assert sorted(acts.begun) == sorted(begun)
    assert result.outputs == first.outputs
    assert result.run_id != "r1"
    views = {name: (one["status"], one["output"]) for name, one in result.steps.items()}
    assert views == {name: (one["status"], one["output"]) for name, one in first.steps.items()}
