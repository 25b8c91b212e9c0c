"""The example of a trigger that a file beside the workflow brings along."""

import json
import mailbox
import runpy
import shutil
from pathlib import Path

import pytest

pytestmark = pytest.mark.anyio

EXAMPLE = Path(__file__).parents[3] / "examples" / "mail"


@pytest.fixture
def anyio_backend():
    return "asyncio"  # both loops are asked in `test_listening`


async def test_each_mail_begins_one_run_and_is_marked_once_it_is_durable(place):
    for name in ("mail.yaml", "mails.py"):
        shutil.copy(EXAMPLE / name, place.folder / name)
    put = runpy.run_path(str(place.folder / "mails.py"))["put"]
    put("Hello", "Is anybody there?", number="<1@example.org>")
    put("Hello again", "The same mail.", number="<1@example.org>")
    put("Out of office", "Back on Monday.")
    tray = place.folder / "tray"
    box = mailbox.Maildir(tray)
    strange = box.add(b"From: ana@example.org\n\nno number of ours\n")
    (tray / "new" / strange).rename(tray / "new" / "a,b")

    async with place.serving(place.folder / "mail.yaml"):
        await place.until(lambda: len([*(tray / "cur").iterdir()]) == 4)
        await place.ended(1)

    kept = [json.loads(each.read_text()) for each in (place.folder / "kept").iterdir()]
    assert [each["from"] for each in kept] == ["ana@example.org"]
    assert kept[0]["text"].strip() in ("Is anybody there?", "The same mail.")
    assert sorted(each.get_flags() for each in box) == ["FS", "S", "S", "S"]
    assert len(place.lines("accepted")) == len(place.lines("known already")) == 1
    assert "input `number`" in place.lines("not begun")[0]["why"]
