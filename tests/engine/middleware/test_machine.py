"""Limits that all processes of a machine share: their files, and what becomes of them."""

import multiprocessing
import os
import signal
import stat
import time
from pathlib import Path

import anyio
import pytest
from tests.engine.middleware.stage import Clock

from ciranda.errors import StoreError
from ciranda.middleware import ringfile
from ciranda.middleware.limiter import Limiter
from ciranda.middleware.machine import MachineWindows, boot_mark, private_folder, secret_key

SPANS = [(5, 60.0), (100, 60.0)]


def book(folder: Path, clock: Clock | None = None, name: str = "api", **more) -> MachineWindows:
    return MachineWindows(
        name, more.pop("spans", SPANS), folder=folder, clock=clock or Clock(), **more
    )


def rates(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.rate"))


def test_those_with_one_name_and_rate_are_one_limit_and_others_are_not(tmp_path):
    first, second, other = book(tmp_path), book(tmp_path), book(tmp_path, name="web")

    assert first.attempt((4, 10), 1000.0) == 1000.0
    assert second.attempt((2, 10), 1001.0) == 1060.0
    assert other.attempt((2, 10), 1001.0) == 1001.0
    assert book(tmp_path, spans=[(9, 60.0)]).attempt((9,), 1001.0) == 1001.0
    assert len(rates(tmp_path)) == 3


def test_files_are_for_their_user_alone_and_of_bounded_size(tmp_path):
    folder = tmp_path / "rates"
    mine = book(folder, slots=64)
    size = mine.path.stat().st_size
    for number in range(300):
        mine.reserve((1, 1), 1000.0 + number)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(mine.path.stat().st_mode) == 0o600
    assert mine.path.stat().st_size == size < 4096
    assert book(folder).path.stat().st_size < 200_000
    assert "api" not in mine.path.name


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path):
    path = book(tmp_path).path
    path.chmod(0o644)

    book(tmp_path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"#!/bin/sh\necho hello\n", b"x" * 200_000])
def test_somebody_elses_file_is_refused_and_left_as_it_is(tmp_path, content):
    path = book(tmp_path).path
    path.write_bytes(content)

    with pytest.raises(
        StoreError, match=r"^\S+\.rate is not the file of a rate limit: move it away$"
    ):
        book(tmp_path)

    assert path.read_bytes() == content


def test_a_link_in_place_of_the_file_is_not_followed(tmp_path):
    path = book(tmp_path).path
    target = tmp_path / "target"
    path.rename(target)
    path.symlink_to(target)

    with pytest.raises(StoreError, match=r"^the file of a rate limit, \S+: Too many levels"):
        book(tmp_path)


def test_a_pipe_in_place_of_the_file_is_refused(tmp_path):
    path = book(tmp_path).path
    path.unlink()
    os.mkfifo(path)

    with pytest.raises(StoreError, match="is not a file of this user: move it away"):
        book(tmp_path)


def damage(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b""),
        lambda path: os.truncate(path, 500),
        lambda path: damage(path, 8, b"\7"),  # another version
        lambda path: damage(path, 8 * 7, b"\xff" * 8),
        lambda path: damage(path, 8 * 19, b"\3"),
    ],
    ids=["emptied", "cut off", "version", "tail", "sum"],
)
@pytest.mark.parametrize("is_open", [True, False], ids=["in use", "before"])
def test_a_damaged_file_is_begun_anew_as_if_all_were_used(tmp_path, spoil, is_open):
    clock = Clock()
    mine = book(tmp_path, clock)
    mine.attempt((1, 1), 1000.0)
    spoil(mine.path)
    if not is_open:
        mine = book(tmp_path, clock)
    clock.now += 1
    later = book(tmp_path, clock)

    assert later.attempt((1, 1), 1001.0) in {1060.0, 1061.0}
    if not is_open:
        expected = "was damaged and is begun anew; as nobody knows what it has counted, nothing"
        assert [expected in text for text in mine.notices] == [True]
        assert mine.notices[0].endswith("starts for 1m")
    assert mine.attempt((1, 1), 1001.0) in {1060.0, 1061.0}
    assert mine.attempt((1, 1), 1061.0) == 1061.0


def test_a_file_that_is_damaged_in_use_is_looked_at_as_a_whole(tmp_path):
    mine = book(tmp_path)
    mine.attempt((5, 100), 1000.0)
    damage(mine.path, 8 * 7, (1 << 40).to_bytes(8, "little"))

    assert mine.attempt((1, 1), 1061.0) == 1121.0
    assert len(mine.notices) == 1


def test_a_file_that_somebody_removes_is_made_again_with_what_it_had_counted(tmp_path):
    mine, other = book(tmp_path), book(tmp_path)
    mine.attempt((5, 5), 1000.0)
    mine.path.unlink()

    assert mine.attempt((1, 1), 1010.0) == 1060.0
    assert other.attempt((1, 1), 1010.0) == 1060.0
    assert (mine.notices, other.notices) == ([], [])


def test_after_a_boot_what_was_counted_before_it_counts_as_of_the_boot(tmp_path):
    before = book(tmp_path, boot=b"a" * 16)
    before.attempt((5, 5), 900_000.0)
    before.reserve((1, 1), 900_010.0)
    before.close()

    after = book(tmp_path, Clock(20.0), boot=b"b" * 16)

    assert after.attempt((1, 1), 20.0) == pytest.approx(50.0)
    assert after.attempt((1, 1), 50.0) == pytest.approx(50.0)
    assert after.notices == []


def test_a_clock_that_began_anew_is_a_boot_where_the_system_does_not_say(tmp_path, monkeypatch):
    monkeypatch.setattr("ciranda.middleware.machine._BOOT_ID", tmp_path / "missing")
    book(tmp_path, Clock(900_000.0)).attempt((5, 5), 900_000.0)

    after = book(tmp_path, Clock(20.0))

    assert boot_mark() == boot_mark()
    assert after.attempt((1, 1), 20.0) == pytest.approx(60.0)


def test_idle_files_are_swept_and_those_that_count_are_kept(tmp_path):
    clock = Clock()
    idle, busy = book(tmp_path, clock, "idle"), book(tmp_path, clock, "busy")
    idle.attempt((1, 1), 1000.0)
    clock.now += 50
    busy.attempt((5, 1), 1050.0)
    (tmp_path / "stale.1.new").write_bytes(b"")
    os.utime(tmp_path / "stale.1.new", (0, 0))
    foreign = tmp_path / "notes.rate"
    foreign.write_bytes(b"mine")
    clock.now += 15

    new = book(tmp_path, clock, "new")

    assert rates(tmp_path) == sorted([busy.path, new.path, foreign])
    assert not (tmp_path / "stale.1.new").exists()
    # Whoever has the swept one open makes another, and those who come find that.
    assert idle.attempt((5, 1), clock.now) == clock.now
    assert book(tmp_path, clock, "idle").attempt((1, 1), clock.now) == clock.now + 60


def test_of_two_who_make_a_file_at_once_one_is_first_and_both_have_it(tmp_path, monkeypatch):
    real = ringfile._write
    raced: list[bool] = []
    others = []

    def slow(path, content, *, new):
        if not raced:
            raced.append(True)
            others.append(book(tmp_path))
        real(path, content, new=new)

    monkeypatch.setattr(ringfile, "_write", slow)
    mine = book(tmp_path)

    assert mine.attempt((5, 1), 1000.0) == 1000.0
    assert others[0].attempt((1, 1), 1000.0) == 1060.0
    assert len(list(tmp_path.iterdir())) == 1


def test_a_lock_that_is_never_let_go_is_an_error_with_a_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(ringfile, "_PATIENCE", 0.02)
    mine, stopped = book(tmp_path), book(tmp_path)
    stopped._file.lock(1000.0)

    with pytest.raises(StoreError, match="is locked by a process that does not go on: end that"):
        mine.attempt((1, 1), 1000.0)

    stopped._file.unlock()
    assert mine.attempt((1, 1), 1000.0) == 1000.0


def test_the_folder_is_in_the_users_cache(tmp_path):
    chosen = private_folder(environ={"XDG_CACHE_HOME": str(tmp_path)})

    assert chosen == tmp_path / "ciranda" / "rates"
    assert stat.S_IMODE(chosen.stat().st_mode) == 0o700
    chosen.chmod(0o755)
    private_folder(chosen)
    assert stat.S_IMODE(chosen.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_is_an_error_with_a_sentence(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match=r"^the folder of rate limits, \S+/file/rates: Not a dir"):
        book(tmp_path / "file" / "rates")


def test_the_key_for_secrets_is_made_once(tmp_path):
    key = secret_key(tmp_path)

    assert (secret_key(tmp_path), len(key)) == (key, 32)
    assert [each.name for each in tmp_path.iterdir()] == ["key"]
    (tmp_path / "key").write_bytes(b"short")
    with pytest.raises(StoreError, match=r"key is not the key of rate limits: remove it$"):
        secret_key(tmp_path)


# Since Python 3.12, who forks beside threads is warned; these children call nothing of theirs.
forks = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")


@forks
def test_a_fork_locks_for_itself(tmp_path):
    mine = book(tmp_path)
    mine._file.lock(1000.0)
    mine._file.unlock()
    child = os.fork()
    if not child:  # pragma: no cover  (in another process)
        status = 1
        try:
            status = 0 if mine.attempt((5, 1), 1000.0) == 1000.0 else 2
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert mine.attempt((1, 1), 1000.0) == 1060.0


# Real processes, which share the clock of the machine.


def take(folder: Path, most: float, results: "multiprocessing.Queue[list[float]]") -> None:
    """Take as often as is granted, for `most` seconds."""
    limiter = Limiter(MachineWindows("p", [(40, 0.25)], folder=folder), time.monotonic)
    end, found = time.monotonic() + most, []

    async def one() -> None:
        while time.monotonic() < end:
            found.append(await limiter.acquire((1,)))

    async def several() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(one)

    anyio.run(several)
    results.put(found)


def hold(
    folder: Path, ready: "multiprocessing.Queue[int]"
) -> None:  # pragma: no cover  (is killed)
    """Take some, reserve ahead and keep the lock."""
    mine = MachineWindows("k", [(4, 30.0)], folder=folder)
    mine.attempt((3,), time.monotonic())
    mine.reserve((2,), time.monotonic())
    mine._file.lock(time.monotonic())
    ready.put(os.getpid())
    time.sleep(60)


@forks
def test_several_processes_together_never_pass_the_limit_and_use_nearly_all_of_it(tmp_path):
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    workers = [context.Process(target=take, args=(tmp_path, 0.8, results)) for _ in range(3)]
    for worker in workers:
        worker.start()
    times = sorted(at for _ in workers for at in results.get(timeout=30))
    for worker in workers:
        worker.join(30)

    assert all(
        later - first >= 0.25 - 1e-9 for first, later in zip(times, times[40:], strict=False)
    )
    windows = (times[-1] - times[0]) / 0.25
    assert len(times) >= 0.9 * 40 * windows  # a loaded machine wakes late


@forks
def test_a_holder_that_is_killed_leaves_what_it_took_and_no_lock(tmp_path):
    context = multiprocessing.get_context("fork")
    ready = context.Queue()
    worker = context.Process(target=hold, args=(tmp_path, ready))
    worker.start()
    os.kill(ready.get(timeout=30), signal.SIGKILL)
    worker.join(30)

    mine, now = MachineWindows("k", [(4, 30.0)], folder=tmp_path), time.monotonic()

    assert mine.fill(now) == (0.75,)
    assert 29.0 < mine.earliest((1,), now) - now <= 30.0  # behind what it had reserved
    assert mine.notices == []


def test_a_place_that_is_asked_for_is_held_between_processes(tmp_path):
    clock = Clock()
    mine, other = (Limiter(book(tmp_path, clock, spans=[(10, 60.0)]), clock) for _ in range(2))
    assert mine.try_take((6,)) == 1000.0
    assert mine.try_take((10,)) is None
    assert mine.earliest((10,)) == 1060.0

    assert other.try_take((1,)) is None  # or those who want much would starve
    assert other.earliest((1,)) == 1120.0
    clock.now = 1060.0
    assert other.try_take((1,)) is None
    assert mine.try_take((10,)) == 1060.0
    clock.now = 1120.0
    assert other.try_take((1,)) == 1120.0


def test_a_place_that_is_not_taken_goes_to_whoever_asks_next(tmp_path):
    clock = Clock()
    limiter = Limiter(book(tmp_path, clock, spans=[(10, 60.0)]), clock)
    limiter.try_take((6,))
    assert limiter.earliest((10,)) == limiter.earliest((10,)) == 1060.0

    assert limiter.try_take((2,)) is None
    assert limiter.earliest((2,)) == 1120.0
    clock.now = 1060.0
    limiter.pause(1070.0)
    assert limiter.try_take((10,)) is None
    clock.now = 1070.0
    assert limiter.try_take((2,)) == 1070.0
    assert limiter.try_take((8,)) == 1070.0
