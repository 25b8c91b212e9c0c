"""A server from its start to its end: its files, other servers, parked runs."""

import os
import signal
import subprocess
import sys

import anyio
import httpx
import pytest
from tests.engine.serve.conftest import HOOK, OPEN, TOKEN, flow

from ciranda.errors import CirandaError, WorkflowError
from ciranda.serve import Lines
from ciranda.serve.roster import Roster
from ciranda.serve.rounds import every
from ciranda.store import RunRow

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


async def test_faulty_files_keep_a_server_from_starting_with_all_their_faults(place):
    place.write("ciranda: 1\nname: a\non: {webhook: {path: /n}}\nsteps: 1\n", "a.yaml")
    place.write("ciranda: 1\nname: b\nsteps: {a: {run: [true]}}\n", "b.yaml")

    server = place.server(place.folder / "a.yaml", place.folder / "b.yaml")

    with pytest.raises(WorkflowError, match=r"a\.yaml:4") as caught:
        await server.serve(told=lambda *_: None, port=0)

    shown = "\n".join(map(str, caught.value.faults))
    assert "the file declares no trigger (write `on:`" in shown


FAULTY = {
    "{webhook: {path: /livez}}": "tells of the server itself",
    '{webhook: {path: "/a b", inputs: {n: 1}}}': "`/a b` of the webhook is none",
    "{webhook: {path: /n, token: written-out, inputs: {n: 1}}}": "`token` is written out",
    "{webhook: {path: /n}}": "input `n` has no default",
    "{files: {paths: [../x], inputs: {n: 1}}}": "`../x` leads out of the folder",
}


async def test_triggers_that_cannot_work_are_faults(place):
    for on, said in FAULTY.items():
        place.write(flow(on))
        with pytest.raises(WorkflowError, match=said):
            await place.server().serve(told=lambda *_: None, port=0)


async def test_a_webhook_without_a_token_is_not_for_strangers(place):
    place.write(flow(OPEN))

    with pytest.raises(WorkflowError, match="has no `token`, and others can reach this server"):
        await place.server().serve("0.0.0.0", 0, told=lambda *_: None)


async def test_one_path_is_of_one_file(place):
    places = [place.write(flow(OPEN), name) for name in ("a.yaml", "b.yaml")]

    with pytest.raises(WorkflowError, match=r"the webhook /n is that of .*a.yaml too"):
        await place.server(*places).serve(told=lambda *_: None, port=0)


async def test_a_place_that_is_not_there_and_a_folder_without_triggers_are_told_of(place):
    with pytest.raises(CirandaError, match=r"no\.yaml is not there"):
        await place.server(place.folder / "no.yaml").serve(told=lambda *_: None, port=0)
    with pytest.raises(CirandaError, match="there is no workflow with `on:` to serve"):
        await place.server(place.folder).serve(told=lambda *_: None, port=0)


async def test_a_port_that_is_taken_is_told_of(place):
    place.write(flow(OPEN))
    async with place.serving() as client:
        with pytest.raises(CirandaError, match="cannot be listened at"):
            await place.server().serve(port=client.port, told=lambda *_: None)


async def test_files_of_a_folder_are_read_again_and_a_faulty_one_changes_nothing(place):
    place.write(flow(OPEN))
    place.write("just: data\n", "data.yaml")

    async with place.serving(place.folder) as client:
        place.write("ciranda: 1\nname: x\non: {webhook: {path: /n}}\nsteps: {}\n")
        await place.until(lambda: place.lines("faulty"))
        old = await client.post("/n", json={"n": 1})
        place.write(flow(OPEN.replace("/n", "/m")))
        await place.until(lambda: place.lines("read again"))
        gone, new = await client.post("/n", json={"n": 2}), await client.post("/m", json={"n": 3})
        await place.ended(2)

    assert [answer.status_code for answer in (old, gone, new)] == [202, 404, 202]
    assert place.lines("faulty")[0]["then"] == "the old one stays"
    assert place.ran() == {"1": 1, "3": 1}


async def test_a_file_that_is_gone_from_a_folder_is_served_no_more_and_a_named_one_is(place):
    named = place.write(flow(OPEN))
    folder = place.folder / "more"
    folder.mkdir()
    place.write(flow(OPEN.replace("/n", "/m")).replace("./acts", "../acts"), "more/other.yaml")
    roster = Roster([named, folder], place.engine, environ={}, lines=Lines(place.told, json=True))
    async with anyio.create_task_group() as group:
        await roster.open(group)
        (folder / "other.yaml").unlink()
        named.unlink()
        first = await roster.renew(), roster.webhook("/m") is not None
        second = await roster.renew(), roster.webhook("/m") is not None
        third = await roster.renew(), roster.webhook("/n") is not None
        await roster.retire()

    assert (first, second, third) == ((False, True), (True, False), (False, True))
    assert [line["file"] for line in place.lines("not served")] == [str(folder / "other.yaml")]
    assert [line["then"] for line in place.lines("gone")] == ["the old one stays"]


def started(place):
    """Return a server that is a process of its own, and its address."""
    child = subprocess.Popen(
        [sys.executable, "-m", "ciranda", "serve", "flow.yaml", "--port", "0", "--max-runs", "2"],
        cwd=place.folder,
        env={**os.environ, "HOOK": TOKEN},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    return child, child.stdout.readline().strip()


async def test_work_of_a_killed_server_is_done_by_the_next_one(place):
    place.write(flow(HOOK, pause=60))
    child, url = await anyio.to_thread.run_sync(started, place)
    async with httpx.AsyncClient(base_url=url, headers={"x-ciranda-token": TOKEN}) as client:
        answers = [await client.post("/n", json={"n": n}) for n in range(5)]
    await place.until(lambda: sum(place.ran().values()) == 2)

    place.write(flow(HOOK))
    async with place.serving(runs=5, grace=0):
        await place.until(lambda: len(place.lines("succeeded")) == 3)
        before = place.ran()
        child.send_signal(signal.SIGKILL)
        await place.until(lambda: sum(place.ran().values()) == 7)
    said = child.communicate()[1]

    assert [answer.status_code for answer in answers] == [202] * 5
    # What waited was taken by the second server at once, each piece by one of the two.
    assert before == dict.fromkeys("01234", 1)
    assert sorted(place.ran().values()) == [1, 1, 1, 2, 2]
    assert len(place.lines("taken over")) == 2
    assert TOKEN not in said + place.told.getvalue()


async def test_a_parked_run_goes_on_when_its_time_has_come(place):
    place.write(flow(OPEN, pause=60))
    async with place.serving(grace=0) as client:
        run = (await client.post("/n", json={"n": 1})).json()["run"]
        await place.until(place.ran)
    log = place.log()
    lease = log.acquire(run, "test", 30)
    log.park(run, lease.epoch, 0.0, 0)
    log.release(lease)
    log.close()
    (place.store / "serve.db").unlink()  # whoever parked it, and wherever

    async with place.serving(grace=0):
        await place.until(lambda: place.ran() == {"1": 2})


async def test_a_run_that_died_before_its_first_record_is_begun_under_its_id(place):
    file = place.write(flow(OPEN, pause=0.2))
    async with place.serving(runs=1) as client:
        await client.post("/n", json={"n": 1})
        second = (await client.post("/n", json={"n": 2})).json()["run"]
        log = place.log()
        log.create_run(RunRow(second, "noting", str(file), "running", 0.0))
        await place.ended(2)
        status = log.run(second).status
        log.close()

    assert (status, place.ran()) == ("succeeded", {"1": 1, "2": 1})


async def test_a_run_that_cannot_begin_is_told_of_and_the_next_one_runs(place):
    place.write(flow(OPEN).replace("env: HOOK", "env: NOWHERE"))
    async with place.serving() as client:
        run = (await client.post("/n", json={"n": 1})).json()["run"]
        await place.until(lambda: place.lines("not run"))

    assert [(line["run"], "`NOWHERE`" in line["why"]) for line in place.lines("not run")] == [
        (run, True)
    ]


async def test_a_run_that_somebody_else_executes_is_left_to_them_for_now(place):
    file = place.write(flow(OPEN, pause=0.3))
    async with place.serving(runs=1) as client:
        await client.post("/n", json={"n": 1})
        second = (await client.post("/n", json={"n": 2})).json()["run"]
        log = place.log()
        log.create_run(RunRow(second, "noting", str(file), "running", 0.0))
        log.acquire(second, "somebody", 30)
        await place.until(lambda: place.lines("elsewhere"))
        waiting = (await client.get("/metrics")).text
        log.close()

    assert place.lines("elsewhere")[0]["run"] == second
    assert "ciranda_serve_waiting 1" in waiting
    assert place.ran() == {"1": 1}


@pytest.mark.parametrize("error", [CirandaError("no luck"), OverflowError("no luck")])
async def test_a_look_that_fails_is_told_of_once_and_repeated(place, error):
    seen, lines = [], place.server()._lines

    async def look():
        seen.append(1)
        raise error

    with anyio.move_on_after(0.1):
        await every(0.01, look, lines)

    assert len(seen) > 2
    assert [line["why"].endswith("no luck") for line in place.lines("look failed")] == [True]
