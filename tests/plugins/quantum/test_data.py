import sqlite3

import pytest

from ciranda_quantum import Host, QuantumError

from .stage import fails, run, template, value

ROWS = [{"n": "a", "v": 3, "f": 1.5}, {"n": "b", "v": 10, "f": None}, {"n": "c", "v": 7, "f": 2}]


def queried(sql, params="", data=None, source="rows"):
    body = f'<q:query name="o" source="{source}">{sql}{params}</q:query><q:return value="{{o}}"/>'
    return value(body, {"rows": ROWS, **(data or {})})


def test_a_query_reads_rows_and_every_value_keeps_its_type():
    assert queried("SELECT n, v, f FROM rows WHERE v &gt; 5 ORDER BY v") == [
        {"n": "c", "v": 7, "f": 2}, {"n": "b", "v": 10, "f": None},
    ]  # fmt: skip
    assert queried("SELECT SUM(v) AS total, COUNT(*) AS count FROM rows") == [
        {"total": 20, "count": 3}
    ]


def test_booleans_lists_and_objects_come_back_from_a_query_of_rows():
    rows = [{"ok": True, "l": [1, {"x": None}], "t": "5"}, {"ok": None, "l": None, "t": None}]
    body = '<q:query name="o" source="rows">SELECT * FROM rows</q:query><q:return value="{o}"/>'

    assert repr(value(body, {"rows": rows})) == repr(rows)
    mixed = [{"ok": True, "l": [1]}, {"ok": 5, "l": "text"}]
    assert value(body, {"rows": mixed}) == [{"ok": 1, "l": "[1]"}, {"ok": 5, "l": "text"}]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT n FROM rows", []),
        ("SELECT * FROM rows", []),
        ("SELECT x.n AS k FROM rows x WHERE x.m &gt; 3 ORDER BY q", []),
        ("SELECT COUNT(n) AS c, SUM(v) AS s FROM rows", [{"c": 0, "s": None}]),
    ],
)
def test_a_list_without_rows_has_every_column(sql, expected):
    assert queried(sql, data={"rows": []}) == expected


@pytest.mark.parametrize("sql", ["SELECT nope(n) FROM rows", "SELECT n FROM other", "SELECT"])
def test_wrong_sql_is_wrong_without_rows_too(sql):
    error = fails(f'<q:query name="o" source="rows">{sql}</q:query>', {"rows": []})

    assert error.kind == "runtime"


def test_parameters_are_bound_and_never_pasted():
    params = '<q:param name="n" value="{evil}"/>'

    assert queried("SELECT * FROM rows WHERE n = :n", params, {"evil": "a' OR '1'='1"}) == []
    assert queried("SELECT ':n' AS t FROM rows WHERE n = :n", params, {"evil": "a"}) == [
        {"t": ":n"}
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM rows",
        "ATTACH DATABASE '/tmp/x' AS y",
        "PRAGMA journal_mode",
        "CREATE TABLE t(a)",
    ],
)
def test_a_query_of_rows_only_reads(sql):
    error = fails(f'<q:query name="o" source="rows">{sql}</q:query>', {"rows": ROWS})

    assert error.kind == "security"


def test_a_query_that_never_ends_is_stopped():
    sql = "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t) SELECT COUNT(*) AS c FROM t"

    error = fails(f'<q:query name="o" source="rows">{sql}</q:query>', {"rows": ROWS})

    assert error.kind == "limit"


def test_wrong_sql_and_wrong_rows_are_errors():
    assert fails('<q:query name="o" source="x">SELECT nope FROM x</q:query>', {"x": ROWS}).kind == (
        "runtime"
    )
    assert fails('<q:query name="o" source="x">SELECT 1</q:query>', {"x": [1]}).kind == "type"
    assert fails('<q:query name="o">SELECT 1</q:query>').kind == "runtime"


@pytest.fixture
def database():
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.execute("CREATE TABLE users (id INTEGER, name TEXT)")
    connection.commit()
    yield connection
    connection.close()


def insert(name):
    return f"""<q:query name="i">INSERT INTO users VALUES (1, :n)
        <q:param name="n" value="{name}"/></q:query>"""


def test_a_query_runs_on_a_database_of_the_host(database):
    made = template(
        f'{insert("{who}")}<q:query name="us">SELECT name FROM users</q:query>'
        '<q:loop query="us">{name}</q:loop>',
        host=Host(databases={"default": database}),
    )

    assert made.render(who="Ana") == "Ana"


def test_a_transaction_keeps_all_or_nothing(database):
    connection = database
    made = template(
        f'<q:transaction>{insert("a")}<q:if condition="bad">{{1 / 0}}</q:if>{insert("b")}'
        "</q:transaction>",
        host=Host(databases={"default": connection}),
    )

    with pytest.raises(QuantumError, match="division"):
        made.run({"bad": True})
    assert connection.execute("SELECT COUNT(*) FROM users").fetchone() == (0,)
    made.run({"bad": False})
    assert connection.execute("SELECT COUNT(*) FROM users").fetchone() == (2,)


@pytest.mark.parametrize(
    ("style", "text"),
    [("named", "a = :x AND b = :y AND c = :x"), ("qmark", "a = ? AND b = ? AND c = ?"),
     ("format", "a = %s AND b = %s AND c = %s"), ("numeric", "a = :1 AND b = :2 AND c = :3"),
     ("pyformat", "a = %(x)s AND b = %(y)s AND c = %(x)s")],
)  # fmt: skip
def test_parameters_are_written_as_the_database_wants_them(style, text):
    from ciranda_quantum.sql import Statement

    made, bound = Statement("a = :x AND b = :y AND c = :x").bound(style, {"x": 1, "y": 2})

    assert made == text
    assert bound == ({"x": 1, "y": 2} if style in {"named", "pyformat"} else [1, 2, 1])


def read(kind, text, inner="", attributes=""):
    body = f"""<q:data name="d" type="{kind}" value="{{text}}" {attributes}>{inner}</q:data>
        <q:return value="{{d}}"/>"""
    return value(body, {"text": text, "least": 2})


def test_data_reads_csv_json_and_xml():
    columns = '<q:column name="a" type="integer"/><q:column name="b"/>'

    assert read("csv", "a,b\n1,007\n2,\n", columns) == [{"a": 1, "b": "007"}, {"a": 2, "b": ""}]
    assert read("csv", "a;b\n1;2", attributes='delimiter=";"') == [{"a": "1", "b": "2"}]
    assert read("json", '{"x": [{"a": 1}]}', attributes='path="x"') == [{"a": 1}]
    assert read("xml", "<r><u id='1'><n>A</n></u><u id='2'/></r>", attributes='path="u"') == [
        {"id": "1", "n": "A"}, {"id": "2"},
    ]  # fmt: skip


def test_data_is_transformed_by_compiled_expressions():
    steps = """<q:column name="n"/><q:column name="v" type="number"/><q:transform>
        <q:filter condition="v &gt;= least"/><q:compute field="w" expression="v * 10"/>
        <q:sort by="v" order="desc"/><q:limit value="2"/><q:select fields="n, w"/></q:transform>"""

    assert read("csv", "n,v\na,1\nb,3\nc,2\nd,9\n", steps) == [
        {"n": "d", "w": 90}, {"n": "b", "w": 30},
    ]  # fmt: skip
    unique = '<q:transform><q:unique by="n"/></q:transform>'
    assert read("csv", "n,v\na,1\na,2\n", unique) == [{"n": "a", "v": "1"}]


@pytest.mark.parametrize(
    ("kind", "text"),
    [("json", "nope"), ("xml", "<a>"), ("xml", "<!DOCTYPE a><a/>"), ("csv", 'a\n"x')],
)
def test_data_that_cannot_be_read_is_an_error(kind, text):
    body = f'<q:data name="d" type="{kind}" value="{{text}}"/>'

    assert fails(body, {"text": text}).kind == "runtime"


def test_a_host_does_what_a_template_asks_for():
    asked = []

    def ask(action, inputs):
        asked.append((action, inputs))
        if action == "bad":
            raise ValueError("no")
        return {"total": inputs.get("n", 0) + 1}

    made = template(
        '<q:invoke name="r" action="math.next"><q:param name="n" value="{x}"/></q:invoke>'
        '<q:fetch name="page" url="https://a.b/{x}"/><q:return value="{r.total}"/>'
        '<q:invoke action="{next}"/>',
        host=Host(ask=ask),
    )

    assert made.run({"x": 1, "next": "bad"}).value == 2
    assert asked == [("math.next", {"n": 1}), ("http.get", {"url": "https://a.b/1"})]
    with pytest.raises(QuantumError, match="'bad' failed: no"):
        template('<q:invoke action="bad"/>', host=Host(ask=ask)).run()
    assert fails('<q:invoke action="x"/>').kind == "security"


def test_events_reach_handlers_of_the_run_and_the_host():
    told = []
    body = """<q:onEvent event="order.done"><q:set name="total" operation="add" value="{event.n}"/>
        </q:onEvent><q:set name="total" value="0"/>
        <q:loop var="i" from="1" to="3"><q:dispatchEvent event="order.done" data='{"n": "{i}"}'/>
        </q:loop><q:return value="{total}"/>"""
    made = template(body, host=Host(dispatch=lambda event, data: told.append((event, data))))

    assert made.run().value == 6
    assert told == [("order.done", {"n": n}) for n in (1, 2, 3)]


def test_an_event_that_causes_itself_is_bounded():
    body = (
        '<q:onEvent event="a"><q:dispatchEvent event="a"/></q:onEvent><q:dispatchEvent event="a"/>'
    )

    assert fails(body).kind == "limit"


def test_logs_reach_the_host():
    lines = []
    template(
        '<q:log message="a" level="debug"/>', host=Host(log=lambda *line: lines.append(line))
    ).run()

    assert lines == [("debug", "a")]
    assert run('<q:log message="a"/>').logs == (("info", "a"),)
