"""Keys are equal exactly when the same code would get the same values."""

from pathlib import Path
from typing import Annotated, Any

import anyio
import msgspec
import pytest
from hypothesis import given, settings, strategies as st
from tests.effort import share
from tests.engine.middleware.stage import Stage, double, plan

from ciranda.actions import Action, action
from ciranda.context import Context
from ciranda.expressions import Secret
from ciranda.middleware.cachekey import Keys
from ciranda.middleware.fingerprint import NoKeyError
from ciranda.middleware.shared import Shared
from ciranda.workflow.model import Cache

SHARED = Shared(key=b"k" * 32)
USUAL = Cache()


def key_of(
    inputs: dict[str, Any],
    uses: Action = double,
    options: Cache = USUAL,
    stage: Stage | None = None,
    shared: Shared = SHARED,
    **call: Any,
) -> str:
    async def compute() -> str:
        keys = Keys(plan(uses), options, shared)
        return (await keys.key((stage or Stage()).call(inputs, **call))).text

    return anyio.run(compute)


def same(one: Any, other: Any) -> bool:
    """Say whether two values are equal with equal types, all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return repr(one) == repr(other)


LEAVES = st.sampled_from([None, True, False, 0, 1, -0.0, 0.0, 1.0, "", "1", b"", b"1", 2**53, "é"])
VALUES = st.recursive(
    LEAVES | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "1", ""]), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def encoded():
    keys = Keys(plan(), Cache(), SHARED)
    return keys._encoder.encode


@given(one=VALUES, other=VALUES)
@settings(max_examples=share(1500), deadline=None)
def test_material_is_equal_exactly_when_values_and_types_are(encoded, one, other):
    assert (encoded(one) == encoded(other)) is same(one, other)
    assert encoded(one) == encoded(msgspec.msgpack.decode(msgspec.msgpack.encode(one)))


@pytest.mark.parametrize("first", range(7))
def test_values_that_only_look_equal_have_keys_of_their_own(first):
    values = [1, True, 1.0, "1", b"1", 0.0, -0.0]

    keys = [key_of({"n": value}) for value in values]

    assert keys.count(keys[first]) == 1


def test_the_order_of_inputs_does_not_count():
    assert key_of({"a": 1, "b": {"c": 1, "d": 2}}) == key_of({"b": {"d": 2, "c": 1}, "a": 1})


def test_action_code_scope_and_run_are_parts_of_the_key():
    @action("demo.double", pure=True, version="2")
    def newer(n: int = 1) -> int:
        return 2 * n

    @action("demo.other", pure=True, version="1")
    def other(n: int = 1) -> int:
        return n

    keys = [
        key_of({}),
        key_of({}, uses=newer),
        key_of({}, uses=other),
        key_of({}, options=Cache(scope="shared")),
        key_of({}, options=Cache(scope="run")),
        key_of({}, options=Cache(scope="run"), run="another"),
        key_of({}, options=Cache(key={})),
    ]

    assert len(set(keys)) == len(keys)


def test_a_secret_enters_by_a_seal_that_only_this_store_can_make():
    plain = key_of({"token": "hunter2"})
    secret = key_of({"token": Secret("TOKEN", "hunter2")})

    assert secret == key_of({"token": Secret("OTHER_NAME", "hunter2")})
    assert len({plain, secret, key_of({"token": Secret("TOKEN", "hunter3")})}) == 3
    assert secret != key_of({"token": Secret("TOKEN", "hunter2")}, shared=Shared(key=b"x" * 32))


def test_what_a_key_was_made_of_tells_which_input_changed_and_no_secret():
    async def parts(**inputs: Any) -> dict[str, Any]:
        keys = Keys(plan(), Cache(), SHARED)
        made = keys.parts(await keys.key(Stage().call(inputs)))
        return msgspec.msgpack.decode(made, type=dict[str, Any])

    one = anyio.run(lambda: parts(n=1, token=Secret("TOKEN", "hunter2")))
    two = anyio.run(lambda: parts(n=2, token=Secret("TOKEN", "hunter2")))

    assert one["code"] == two["code"]
    assert one["inputs"]["n"] != two["inputs"]["n"]
    assert one["inputs"]["token"] == two["inputs"]["token"]
    assert "hunter2" not in str(one)


@pytest.mark.parametrize("value", [object(), {1, 2}.__iter__(), 2**64, "\ud800"])
def test_inputs_that_are_not_plain_have_no_key(value):
    with pytest.raises(NoKeyError, match=r"^its inputs are not plain data: "):
        key_of({"n": value})


@action("demo.read", pure=True, version="1")
def read(path: Path, more: list[Path] = []) -> str:
    return path.read_text()


@action("demo.check", pure=True, version="1")
def check(path: Path, schema: Path = Path("schema.json")) -> bool:
    return schema.exists()


class Folder:
    def __init__(self, path: Path) -> None:
        self.path, self.stage = path, Stage(base=path)
        self.write("data.csv", "1").write("schema.json", "{}")

    def write(self, name: str, text: str) -> "Folder":
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text(text)
        return self

    def key(self, **inputs: Any) -> str:
        return key_of(inputs, uses=read, stage=self.stage)


def test_a_path_enters_by_name_and_content_wherever_it_is(tmp_path):
    folder = Folder(tmp_path)
    before = folder.key(path="data.csv")

    folder.write("elsewhere/data.csv", "1").write("data.tsv", "1")
    assert folder.key(path=str(tmp_path / "elsewhere/data.csv")) == before
    assert folder.key(path="data.tsv") != before

    folder.write("data.csv", "2")
    assert folder.key(path="data.csv") != before
    folder.write("data.csv", "1")
    assert folder.key(path="data.csv") == before


def test_a_list_of_paths_counts_by_content_too(tmp_path):
    folder = Folder(tmp_path).write("more.csv", "1")
    before = folder.key(path="data.csv", more=["more.csv"])

    folder.write("more.csv", "2")

    assert folder.key(path="data.csv", more=["more.csv"]) != before


def test_a_path_that_is_a_default_counts_unless_an_input_takes_its_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # Python's own defaults know no other base
    folder = Folder(tmp_path)
    usual, other = {"path": "data.csv"}, {"path": "data.csv", "schema": "data.csv"}

    keys = [key_of(each, uses=check, stage=folder.stage) for each in (usual, other)]
    folder.write("schema.json", "[]")
    later = [key_of(each, uses=check, stage=folder.stage) for each in (usual, other)]

    assert [old == new for old, new in zip(keys, later, strict=True)] == [False, True]


def test_a_folder_counts_with_everything_in_it(tmp_path):
    folder = Folder(tmp_path).write("in/a/b.txt", "1")
    before = folder.key(path="in")

    folder.write("in/a/c.txt", "")

    assert folder.key(path="in") != before


def test_a_file_that_cannot_be_read_has_no_key(tmp_path):
    with pytest.raises(NoKeyError, match=r"missing.csv` cannot be read: No such file"):
        Folder(tmp_path).key(path="missing.csv")


def test_an_optional_path_is_a_path(tmp_path):
    @action("demo.maybe", pure=True, version="1")
    def maybe(path: Annotated[Path | None, "where"] = None) -> None:
        return None

    folder = Folder(tmp_path)
    before = key_of({"path": "data.csv"}, uses=maybe, stage=folder.stage)
    folder.write("data.csv", "2")

    assert key_of({"path": "data.csv"}, uses=maybe, stage=folder.stage) != before
    assert key_of({"path": None}, uses=maybe, stage=folder.stage) != before


def test_an_actions_own_fingerprint_is_asked_with_the_inputs():
    outside = {"table": 1}

    @action("demo.query", version="1", fingerprint=lambda inputs: outside[inputs["table"]])
    def query(table: str) -> int:
        return outside[table]

    before = key_of({"table": "table"}, uses=query)
    outside["table"] = 2

    assert key_of({"table": "table"}, uses=query) != before
    with pytest.raises(NoKeyError, match=r"^the fingerprint of `demo.query` failed: 'nope'$"):
        key_of({"table": "nope"}, uses=query)


def test_a_fingerprint_may_ask_where_relative_paths_start(tmp_path):
    def letters(inputs: dict[str, str], base: Path) -> int:
        return len((base / inputs["name"]).read_text())

    @action("demo.size", version="1", fingerprint=letters)
    def size(name: str) -> int:
        return 1

    folder = Folder(tmp_path)
    folder.write("a.txt", "1")
    before = key_of({"name": "a.txt"}, uses=size, stage=folder.stage)
    folder.write("a.txt", "22")

    assert key_of({"name": "a.txt"}, uses=size, stage=folder.stage) != before


def test_the_environment_counts_for_actions_that_can_see_it():
    @action("demo.seeing", pure=True, version="1")
    def seeing(ctx: Context) -> str:
        return ctx.env["LANG"]

    keys = {key_of({}, uses=seeing, env={"LANG": each}) for each in ("C", "de")}

    assert len(keys) == 2
    assert key_of({}, env={"LANG": "C"}) == key_of({}, env={"LANG": "de"})
