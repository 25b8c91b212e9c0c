"""A validator's file: nothing that it said is forgotten, and a wrong file is refused."""

import contextlib
import shutil
from hashlib import sha256

import apsw
import pytest

from ciranda.errors import StoreError
from ciranda.store import Durability
from ciranda_consensus.crypto import Verifier
from ciranda_consensus.protocol import Validator, ValidatorSet
from ciranda_consensus.protocol.certificate import Statement, bits
from ciranda_consensus.protocol.evidence import Evidence, Said
from ciranda_consensus.protocol.messages import Accused, Announce, Committed, Persist, Receive
from ciranda_consensus.store import Store
from tests.plugins.consensus.notebook import Notebook
from tests.plugins.consensus.wired import KEYS, KilledError, World

ENTRIES = [b"%d=x" % number for number in range(3)]


def opened(world, folder, **options):
    options = {"durability": Durability.OFF, **options}
    return Store(folder, world.set, world.first, world.begin, Notebook(), world.verifier, **options)


class Dying:
    """A store whose process dies at one of its writes, before or after it."""

    def __init__(self, store, at, after):
        self.store, self.at, self.after, self.count = store, at, after, 0

    def keep(self, records):
        self.count += 1
        if self.count == self.at and not self.after:
            raise KilledError
        self.store.keep(records)
        if self.count == self.at and self.after:
            raise KilledError

    def above(self, height):
        return self.store.above(height)

    @property
    def recovered(self):
        return self.store.recovered


def play(folder, at=0, after=False):
    """Agree on a few blocks; the process of validator 0 dies at its `at`-th write."""
    world = World()
    store = Dying(opened(world, folder), at, after)
    world.stores[0] = store
    for seat in range(world.count):
        world.start(seat)

    def died(seat):
        store.store.close()
        store.store = opened(world, folder)
        world.start(seat)

    world.submit(*ENTRIES)
    world.run(world.all_at(len(ENTRIES)), died)
    return world, store


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A store with three blocks, closed."""
    folder = tmp_path_factory.mktemp("played")
    world, store = play(folder)
    store.store.close()
    return world, store, folder


@pytest.fixture
def copied(played, tmp_path):
    world, _, folder = played
    return world, shutil.copytree(folder, tmp_path / "copy")


def test_a_process_that_dies_at_any_write_goes_on_and_contradicts_nothing(played, tmp_path):
    _, whole, _ = played

    for at in range(1, whole.count + 1):
        for after in (False, True):
            folder = tmp_path / f"{at}{after}"
            world, store = play(folder, at, after)

            assert len({world.drivers[seat].replica.chain.tip.block.hash for seat in range(4)}) == 1
            store.store.close()
            shutil.rmtree(folder)


def test_what_was_kept_is_there_again(copied):
    world, folder = copied

    store = opened(world, folder)

    tip = world.stores[1].tip
    assert store.recovered.tip.block == tip.block
    assert store.recovered.tip.certificate == tip.certificate
    assert store.recovered.tip.state.root == tip.block.header.state_root
    assert store.recovered.promise is not None
    assert [store.at(height)[0].header.height for height in (1, 2, 3)] == [1, 2, 3]
    assert store.height == 3
    store.close()


def test_blocks_are_found_by_height_and_by_entry(copied):
    world, folder = copied
    store = opened(world, folder)

    block, certificate = store.find(sha256(ENTRIES[0]).digest())

    assert ENTRIES[0] in block.entries
    assert certificate.height >= block.header.height
    assert store.find(bytes(32)) is None
    assert store.at(9) is None
    assert [len(store.above(height).blocks) for height in (0, 1, 3)] == [3, 2, 0]
    assert [header.height for header in store.headers(1, 9)] == [2, 3]
    store.close()


def test_headers_are_read_a_few_at_a_time_and_no_more_than_so_many_bytes(copied, monkeypatch):
    world, folder = copied
    store = opened(world, folder)
    monkeypatch.setattr("ciranda_consensus.store.store.MOST_READ", 2)

    assert [header.height for header in store.headers(0, 3)] == [1, 2, 3]
    monkeypatch.setattr("ciranda_consensus.store.store.MOST_READ_BYTES", 1)
    assert [header.height for header in store.headers(0, 3)] == [1, 2]
    store.close()


def test_pruned_blocks_are_gone_and_asked_elsewhere(copied):
    world, folder = copied
    store = opened(world, folder)

    assert store.prune(1) == 2
    assert store.prune(1) == 0
    assert store.base == 3
    assert store.above(0) is None
    assert store.above(2).blocks[0].header.height == 3
    store.close()

    again = opened(world, folder)
    assert again.recovered.tip.block.header.height == 3
    again.close()


def test_a_state_from_elsewhere_takes_the_place_of_all_but_promises(copied, tmp_path):
    world, folder = copied
    source = opened(world, folder)
    fresh = opened(world, tmp_path / "fresh")
    promise = source.recovered.promise
    fresh.keep([Persist(promise)])

    fresh.install(source.recovered.tip)
    fresh.close()
    again = opened(world, tmp_path / "fresh")

    assert again.recovered.tip.block == source.recovered.tip.block
    assert again.recovered.promise == promise
    assert again.base == 3
    again.close()
    source.close()


def test_an_older_copy_is_refused(copied):
    world, folder = copied
    before = folder.parent / "before"
    shutil.copytree(folder, before)
    store = opened(world, folder)
    store.keep([Persist(store.recovered.promise)])
    store.close()
    shutil.copy(before / ".ciranda" / "consensus.db", folder / ".ciranda" / "consensus.db")

    with pytest.raises(StoreError, match=r"is older than it was .* from a backup votes twice"):
        opened(world, folder)


def test_a_lost_file_is_no_new_one(copied):
    world, folder = copied
    (folder / ".ciranda" / "consensus.db").unlink()

    with pytest.raises(StoreError, match="is older than it was"):
        opened(world, folder)


def test_a_vote_that_others_hold_and_the_store_does_not_stops_the_validator(played, tmp_path):
    tip = played[0].stores[1].tip.certificate
    seat = next(bits(tip.signers))
    world = World()
    world.stores[seat] = store = opened(world, tmp_path)
    world.start(seat)

    with pytest.raises(StoreError, match="others hold what this validator said in view"):
        world.drivers[seat].take([Receive(3 - seat, Announce(tip))])
    store.close()


def test_two_processes_do_not_work_for_one_validator(copied):
    world, folder = copied
    store = opened(world, folder)

    with pytest.raises(StoreError, match="another process works for the validator"):
        opened(world, folder)
    store.close()


def test_the_file_of_another_chain_is_refused(copied):
    world, folder = copied
    other = ValidatorSet("u", 1, [Validator(key, 1) for key in KEYS[:4]])

    with pytest.raises(StoreError, match="of another chain, epoch or set of validators than 'u'"):
        Store(folder, other, world.first, world.begin, Notebook(), Verifier())


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("UPDATE promise SET digest = zeroblob(32)", "the promise"),
        ("UPDATE promise SET data = zeroblob(9)", "the promise"),
        ("UPDATE state SET value = x'00' WHERE key = (SELECT min(key) FROM state)", "the state"),
        ("DELETE FROM state WHERE key = (SELECT min(key) FROM state)", "the state"),
        ("DELETE FROM blocks WHERE height = 2", "the list of blocks"),
        ("UPDATE blocks SET data = zeroblob(50) WHERE height = 3", "block 3"),
        ("UPDATE blocks SET hash = zeroblob(32) WHERE height = 3", "block 3"),
        ("UPDATE blocks SET certificate = NULL WHERE height = 3", "block 3"),
        (
            "UPDATE blocks SET certificate = (SELECT certificate FROM blocks WHERE height = 1) "
            "WHERE height = 3",
            "the certificate of block 3",
        ),
        ("UPDATE open_blocks SET data = x'4e'", "a block above 3"),
        ("DELETE FROM blocks", "the state"),
    ],
)
def test_a_damaged_file_is_refused_with_what_is_wrong(copied, change, what):
    world, folder = copied
    store = opened(world, folder)
    open_block = store.recovered.tip.block
    store.close()
    connection = apsw.Connection(str(folder / ".ciranda" / "consensus.db"))
    connection.execute(
        "INSERT INTO open_blocks SELECT hash, height, data FROM blocks WHERE hash = ?",
        (open_block.hash,),
    )
    connection.execute(change)
    connection.close()

    with pytest.raises(StoreError, match=rf"is damaged: {what} is not what was written"):
        opened(world, folder)


def test_a_damaged_mark_is_refused_and_a_torn_one_is_not(copied):
    world, folder = copied
    mark = folder / ".ciranda" / "consensus.mark"

    mark.write_bytes(b"\x00" * 16)
    opened(world, folder).close()

    mark.write_bytes(b"nonsense")
    with pytest.raises(StoreError, match=r"consensus.mark is damaged"):
        opened(world, folder)


def test_evidence_is_kept_once_and_bounded(copied):
    world, folder = copied
    store = opened(world, folder)

    def accused(view):
        said = [Said(Statement.VOTE, view, 1, 1, bytes([n]) * 32, b"s") for n in (1, 2)]
        return Accused(Evidence(2, *said))

    store.keep([accused(1), accused(1)])
    store.keep([accused(view) for view in range(2, 1200)])

    assert len(store.evidence()) == 1000
    assert store.evidence()[0] == accused(1).evidence
    store.close()


def test_nothing_of_a_write_that_fails_is_kept(copied):
    world, folder = copied
    store = opened(world, folder)
    tip = store.recovered.tip

    with pytest.raises(StoreError):
        store.keep([Persist(store.recovered.promise), tip])  # that height is taken
    store.close()

    again = opened(world, folder)
    assert again.height == 3
    again.close()


class FailingFile(apsw.VFSFile):
    """A file that the disk takes nothing for after a number of writes."""

    def __init__(self, vfs, name, flags):
        self.vfs = vfs
        super().__init__("", name, flags)

    def step(self):
        self.vfs.calls += 1
        if 0 < self.vfs.last < self.vfs.calls:
            raise apsw.IOError("injected")

    def xWrite(self, data, offset):  # noqa: N802  (apsw's name)
        self.step()
        super().xWrite(data, offset)

    def xSync(self, flags):  # noqa: N802
        self.step()


class FailingVFS(apsw.VFS):
    """The system's, until it fails; then for good."""

    def __init__(self):
        self.calls, self.last = 0, 0
        super().__init__("failing-consensus", "")

    def xOpen(self, name, flags):  # noqa: N802
        return FailingFile(self, name, flags)


def write_until_it_fails(world, records, folder, last, vfs):
    """Keep records one by one; return how many were acknowledged."""
    vfs.calls, vfs.last = 0, 0
    store = opened(world, folder, vfs="failing-consensus", durability=Durability.POWER)
    vfs.calls, vfs.last = 0, last
    done = 0
    try:
        for one in records:
            store.keep(one)
            done += 1
    except StoreError:
        pass  # how far it came is told
    with contextlib.suppress(StoreError):
        store.close()
    return done


def test_a_disk_that_fails_at_any_write_loses_nothing_acknowledged(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.unraisablehook", lambda *_: None)  # apsw tells it twice
    monkeypatch.setattr("sys.excepthook", lambda *_: None)
    world, noted = World(), []
    keep = world.stores[0].keep

    def note(records):
        noted.append(records)
        keep(records)

    world.stores[0].keep = note
    for seat in range(world.count):
        world.start(seat)
    world.submit(b"1=a")
    world.run(world.all_at(1))
    records = [one for one in noted if one]
    vfs = FailingVFS()
    try:
        assert write_until_it_fails(world, records, tmp_path / "all", 0, vfs) == len(records)
        heights, calls = set(), vfs.calls
        for last in range(1, calls):
            folder = tmp_path / str(last)
            done = write_until_it_fails(world, records, folder, last, vfs)
            store = opened(world, folder)

            kept = [one for batch in records[:done] for one in batch]
            promised = [one.promise for one in kept if isinstance(one, Persist)]
            assert store.height >= sum(isinstance(one, Committed) for one in kept)
            if promised:
                assert store.recovered.promise.voted >= promised[-1].voted
                assert store.recovered.promise.agreed >= promised[-1].agreed
            heights.add(store.height)
            store.close()
    finally:
        vfs.unregister()
    assert heights == {0, 1}
