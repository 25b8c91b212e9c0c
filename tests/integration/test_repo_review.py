"""The example that makes a plan of a checklist, over a folder made for it."""

from pathlib import Path

import pytest

from ciranda.events import StepStarted
from ciranda.testing import harness

EXAMPLE = Path(__file__).parents[2] / "examples" / "repo-review"
WINDOW = 0.2  # seconds of the rate limit
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend(ciranda_virtual_backend):
    return ciranda_virtual_backend


@pytest.fixture
def folder(tmp_path):
    for number in range(8):
        (tmp_path / f"m{number}.py").write_text(f"# {number}\n\nx = {number}\n")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "copy.py").write_bytes((tmp_path / "m0.py").read_bytes())
    (tmp_path / "odd.py").write_text("def f(x=[]):\n    try: pass \n    except: pass\n")
    (tmp_path / "notes.txt").write_text("no code\n")
    return tmp_path


@pytest.mark.parametrize("workers", [4, 20])
async def test_a_checklist_reviews_the_files_of_a_folder(folder, tmp_path_factory, workers):
    report = tmp_path_factory.mktemp("report") / "review.md"
    given = {"folder": str(folder), "workers": workers, "requests": 3, "report": str(report)}
    async with harness() as h:
        result = await h.run(EXAMPLE / "repo-review.yaml", given)
        started = h.events(StepStarted)

    assert result.ok, result
    found = result.outputs["summary"]
    assert (found["files"], found["code"], found["comments"]) == (11, 12, 9)
    assert [[Path(file).name for file in group] for group in found["duplicates"]] == [
        ["copy.py", "m0.py"]
    ]
    assert [each.partition("odd.py: ")[2] for each in found["findings"]] == [
        "line 1 `f` has a default that all of its calls share",
        "line 2 ends with a blank",
        "line 3 catches everything, also what should end the program",
    ]
    assert result.outputs["tasks"] == 10 + 10 + 11 + 2
    page = report.read_text()
    assert "| makespan_ms |" in page
    assert "- equal content: " in page
    hashes = sorted(event.at for event in started if event.path.startswith("hash_"))
    assert len(hashes) == 11
    # Wall clock as logged; the limiter's own clock is the monotonic one.
    assert all(
        later - first >= WINDOW - 0.001 for first, later in zip(hashes, hashes[3:], strict=False)
    )
