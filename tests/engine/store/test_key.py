"""The store's own secret: whole or not there, one for all, its owner's alone."""

import os
import signal
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from ciranda.errors import StoreError
from ciranda.store.key import kept_key, store_key


def test_it_is_made_once_and_nobody_else_may_read_it(tmp_path):
    key = store_key(tmp_path)

    assert store_key(tmp_path) == key
    assert len(key) == 32
    assert stat.S_IMODE((tmp_path / ".ciranda" / "key").stat().st_mode) == 0o600
    assert not list((tmp_path / ".ciranda").glob("key.*"))


def test_whoever_is_killed_while_it_is_made_leaves_none_or_a_whole_one(tmp_path):
    for moment in ("fdopen", "fsync", "link"):
        folder = tmp_path / moment
        folder.mkdir()
        child = os.fork()
        if child == 0:
            setattr(os, moment, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
            store_key(folder)
            os._exit(0)
        assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL

        assert len(store_key(folder)) == 32, moment


def test_several_who_make_it_at_once_have_the_same(tmp_path):
    with ThreadPoolExecutor(8) as crew:
        for number in range(20):
            path = tmp_path / str(number)
            assert len(set(crew.map(lambda path: kept_key(path, "a key"), [path] * 8))) == 1


def test_another_file_of_that_name_is_left_alone(tmp_path):
    (tmp_path / "key").write_bytes(b"short")

    with pytest.raises(StoreError, match=r"/key is not a key of ours: remove it$"):
        kept_key(tmp_path / "key", "a key of ours: remove it")
    assert (tmp_path / "key").read_bytes() == b"short"


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(StoreError, match=r"/file/key cannot be read or made: Not a directory$"):
        kept_key(tmp_path / "file" / "key", "a key")
