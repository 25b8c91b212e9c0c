"""Outputs that steps declare: what does not fit is told, files are kept and brought back."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
from tests.engine.runs.acts import flow

from ciranda import hookimpl
from ciranda.actions import Action, action
from ciranda.errors import ReplayError, StepError
from ciranda.runs.rerun import rerun_of
from ciranda.testing import Harness, harness

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("anyio_backend", ["asyncio"], indirect=True),
]


class Maker:
    """Makes files, and gives what it is told to; notes what it made.

    Attributes:
        made: The texts, in order.
        broken: How many more calls of `t.break` fail.
    """

    def __init__(self) -> None:
        self.made: list[str] = []
        self.broken = 1
        self.folder: Path

    @hookimpl
    def actions(self) -> list[Action]:
        @action("t.give")
        async def give(value: Any = None) -> Any:
            """Give a value."""
            return value

        @action("t.make", version="1")
        async def make(name: str, text: str, times: int = 9) -> dict[str, str]:
            """Write a file; after so many times with other words."""
            self.made.append(text)
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text if len(self.made) <= times else f"{text} again")
            return {"said": text}

        @action("t.break")
        async def fail(text: str = "") -> str:
            """Fail the first time."""
            self.broken -= 1
            if self.broken >= 0:
                raise StepError("t.boom", "broken")
            return text

        return [give, make, fail]


@pytest.fixture
def maker() -> Maker:
    return Maker()


@pytest.fixture
async def h(maker: Maker) -> Any:
    async with harness([maker]) as opened:
        maker.folder = opened.folder
        yield opened


async def run(h: Harness, text: str, run_id: str = "r1") -> Any:
    (h.folder / "flow.yaml").write_text(text)
    return await h.run(h.folder / "flow.yaml", run_id=run_id)


@pytest.mark.parametrize(
    ("value", "outputs", "sentence"),
    [
        ("{n: 1}", "{n: integer}", ""),
        ("{n: 1, more: x}", "{n: integer}", ""),
        ("{n: 1.0}", "{n: integer}", ""),
        ("{n: '1'}", "{n: integer}", "the output `n` of step `a` "),
        ("{n: true}", "{n: integer}", "the output `n` of step `a` "),
        ("{}", "{n: integer}", "declares the output `n`, and gave none"),
        ("[1]", "{n: integer}", "declares outputs by name, and gave no mapping"),
        ("null", "{n: integer}", "declares the output `n`, and gave none"),
        (
            "{n: [{k: 1}, {k: x}]}",
            "{n: {type: array, items: {properties: {k: {type: integer}}}}}",
            "the output `n[1].k` of step `a` ",
        ),
        ("{n: 5}", "{n: {type: integer, maximum: 4}}", "the output `n` of step `a` "),
    ],
)
async def test_what_is_declared_is_there_and_fits(
    h: Harness, value: str, outputs: str, sentence: str
) -> None:
    result = await run(
        h, flow(f"  a: {{uses: t.give, with: {{value: {value}}}, outputs: {outputs}}}")
    )

    error = result.steps["a"]["error"]
    if not sentence:
        assert error is None
        return
    assert error["kind"] == "invalid-output"
    assert sentence in error["message"]


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("none.txt", "declares the file `none.txt` as its output `f`, and there is none"),
        (".", "and there is none"),
        ("\"${{ '../out.txt' }}\"", "the output `f` of step `a` leads out of the project"),
        ("\"${{ '/etc/hostname' }}\"", "the output `f` of step `a` leads out of the project"),
        ("'${{ inputs.list[7] }}'", "`outputs.f` of step `a` cannot be evaluated"),
    ],
)
async def test_a_file_that_is_missing_or_outside_of_the_project_fails_the_step(
    h: Harness, maker: Maker, file: str, sentence: str
) -> None:
    text = flow(
        f"""
  a:
    uses: t.make
    with: {{name: out.txt, text: hi}}
    outputs: {{f: {{file: {file}}}}}
""",
        "inputs: {list: {type: array, default: []}}",
    )
    (h.folder.parent / "out.txt").unlink(missing_ok=True)
    result = await run(h, text)

    error = result.steps["a"]["error"]
    assert error["kind"] == "invalid-output"
    assert sentence in error["message"]


def forget(h: Harness) -> None:
    """Let the store lose the file, as if it was damaged there."""
    del h.engine.log._blobs[ONE]  # type: ignore[attr-defined]  # of the one in memory


MAKE = """
  a:
    uses: t.make
    with: {name: out/x.txt, text: one}
    outputs: {f: {file: out/x.txt}, said: string}
  b: {uses: t.break, with: {text: '${{ steps.a.output.f.sha256 }}'}}
"""
ONE = hashlib.sha256(b"one").hexdigest()


async def test_a_file_is_told_by_its_digest(h: Harness, maker: Maker) -> None:
    maker.broken = 0
    result = await run(h, flow(MAKE))

    path = str(h.folder / "out" / "x.txt")
    assert result.steps["a"]["output"] == {
        "said": "one",
        "f": {"path": path, "sha256": ONE, "bytes": 3},
    }
    assert h.engine.log.blob(ONE) == b"one"


@pytest.mark.parametrize("change", ["gone", "another", "folder"])
async def test_a_resumed_run_finds_the_file_as_it_was(
    h: Harness, maker: Maker, change: str
) -> None:
    assert not (await run(h, flow(MAKE))).ok
    file = h.folder / "out" / "x.txt"
    file.write_text("another")
    if change != "another":
        file.unlink()
    if change == "folder":
        file.parent.rmdir()
    result = await h.resume()

    assert result.ok
    assert file.read_text() == "one"
    assert maker.made == ["one"]


async def test_a_file_that_is_kept_no_more_is_asked_for_or_made_anew(
    h: Harness, maker: Maker
) -> None:
    await run(h, flow(MAKE.replace("text: '$", "text: 'b $")))
    forget(h)
    assert (await h.resume()).ok  # it lies where it was
    (h.folder / "out" / "x.txt").unlink()
    forget(h)

    found = rerun_of(h.engine, "r1", "b")
    assert found.reuse.again["a"] == "a file that it made is kept no more"
    assert (await h.engine.rerun(found)).ok
    assert maker.made == ["one", "one"]


async def test_a_run_whose_file_is_kept_no_more_cannot_go_on_and_says_how(
    h: Harness, maker: Maker
) -> None:
    await run(h, flow(MAKE))
    (h.folder / "out" / "x.txt").unlink()
    forget(h)

    with pytest.raises(
        ReplayError, match=r"that 'a' made is kept no more: `ciranda rerun r1 --from a`"
    ):
        await h.resume()
    assert not h.engine.log.held("r1")
    result = await h.engine.rerun(rerun_of(h.engine, "r1", "a"))
    assert result.ok


async def test_an_answer_of_the_cache_brings_the_file_back_or_it_is_made_anew(
    h: Harness, maker: Maker
) -> None:
    maker.broken = 0
    text = flow(MAKE.replace("outputs: {f", "cache: {key: k}\n    outputs: {f"))
    file = h.folder / "out" / "x.txt"
    for run_id, break_it in (("r1", None), ("r2", "gone"), ("r3", "another")):
        if break_it == "gone":
            file.unlink()
        elif break_it:
            file.write_text("another")
        assert (await run(h, text, run_id)).ok
        assert file.read_text() == "one"
    assert maker.made == ["one"]

    file.unlink()
    forget(h)
    result = await run(h, text, "r4")
    assert result.ok
    assert maker.made == ["one", "one"]
    assert file.read_text() == "one"
    assert (await run(h, text, "r5")).ok
    assert maker.made == ["one", "one"]


async def test_a_success_under_a_key_brings_its_file_back(h: Harness, maker: Maker) -> None:
    maker.broken = 0
    text = flow(MAKE.replace("outputs: {f", "idempotency-key: k\n    outputs: {f"))
    await run(h, text)
    (h.folder / "out" / "x.txt").unlink()
    assert (await run(h, text, "r2")).ok

    assert (h.folder / "out" / "x.txt").read_text() == "one"
    assert maker.made == ["one"]


async def test_items_turns_and_steps_inside_keep_files_of_their_own(
    h: Harness, maker: Maker
) -> None:
    text = flow("""
  m:
    map: [x, y]
    uses: t.make
    with: {name: 'm/${{ item }}', text: '${{ item }}'}
    outputs: {f: {file: 'm/${{ item }}'}}
  g:
    steps:
      own:
        uses: t.make
        with: {name: 'runs/${{ run.id }}', text: own}
        outputs: {f: {file: 'runs/${{ run.id }}'}}
    outputs: {f: '${{ steps.own.output.f }}'}
  b: {uses: t.break, needs: [m, g]}
""")
    first = await run(h, text)
    digests = [one["f"]["sha256"] for one in first.steps["m"]["output"]]
    assert digests == [hashlib.sha256(each).hexdigest() for each in (b"x", b"y")]
    (h.folder / "m" / "x").unlink()
    (h.folder / "m" / "y").write_text("other")
    (h.folder / "runs" / "r1").unlink()
    result = await h.resume()

    assert result.ok
    assert (h.folder / "m" / "x").read_text() == "x"
    assert (h.folder / "m" / "y").read_text() == "y"
    assert (h.folder / "runs" / "r1").read_text() == "own"
    assert len(maker.made) == 3


async def test_a_file_in_the_folder_of_the_step_may_be_declared(h: Harness) -> None:
    result = await run(
        h,
        flow("""
  a:
    run: [sh, -c, 'echo hi > "$0/x"', '${{ step.dir }}']
    outputs: {f: {file: '${{ step.dir }}/x'}}
"""),
    )

    assert result.steps["a"]["output"]["f"]["bytes"] == 3


async def test_an_attempt_without_its_file_is_tried_again(h: Harness, maker: Maker) -> None:
    text = flow("""
  a:
    uses: t.make
    with: {name: "${{ 'late' if attempt > 1 else 'early' }}", text: x}
    retry: {attempts: 3, backoff: 1ms, on: [invalid-output]}
    outputs: {f: {file: late}}
""")
    result = await run(h, text)

    assert result.ok
    assert result.steps["a"]["attempts"] == 2
