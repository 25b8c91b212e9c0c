"""`on`: kinds of triggers that plugins offer, checked with the file."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from ciranda import hookimpl
from ciranda.bus import Bus
from ciranda.errors import ActionError, PluginError, WorkflowError
from ciranda.plugins import Plugins
from ciranda.runs.checker import Checker
from ciranda.settings import Configuration
from ciranda.trigger import trigger
from ciranda.workflow.dump import dump, dumps
from ciranda.workflow.load import loads
from ciranda.workflow.schema import workflow_schema


class Inner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where.

    Attributes:
        port: Of the server.
    """

    port: int = 1


class Channel(msgspec.Struct, frozen=True):
    """What is read.

    Attributes:
        channel: Its name.
        token: Who reads.
        limit: How many at once.
        at: Where it is.
        also: More of them.
    """

    channel: Annotated[str, msgspec.Meta(pattern="^#")]
    token: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1)] = 10
    at: Inner = Inner()
    also: list[str] = []


class Message(msgspec.Struct, frozen=True):
    """What somebody wrote."""

    text: str
    user: str = ""


class Typed:
    """Offers triggers, by default `slack.message`."""

    def __init__(self, *names: str, data: Any = Message) -> None:
        self._names = names or ("slack.message",)
        self._data = data

    @hookimpl
    def triggers(self):
        async def messages(options, hear):
            """Read a channel."""

        return [trigger(name, options=Channel, data=self._data)(messages) for name in self._names]


def checker(*plugins: object) -> Checker:
    found = Plugins(Configuration(Path()), bus=Bus())
    for number, one in enumerate(plugins or [Typed(), Typed("chat.said", data=Any)]):
        found.register(one, f"slack{number or ''}")
    return Checker(found)


CHECKER = checker()
FILE = """\
ciranda: 1
inputs: {text: {type: string, default: x}}
secrets: {TOKEN: {env: T}}
on:
  %s
steps: {a: {sleep: 1s}}
"""
FAULTS = {
    "slack.mesage: {channel: '#x'}": [
        "f.yaml:5:3: no plugin has a trigger `slack.mesage` (did you mean `slack.message`?)"
    ],
    "slack.reaction: {}": [
        "f.yaml:5:3: no plugin has a trigger `slack.reaction` (there is `slack.message`)"
    ],
    "data.change: {}": [
        "f.yaml:5:3: no plugin has a trigger `data.change` (the plugin `data` has none)"
    ],
    "slack.message: {chanel: '#x', limit: 0}": [
        "f.yaml:5:19: `slack.message` has no option `chanel` (did you mean `channel`?)",
    ],
    "slack.message: {limit: 1}": ["f.yaml:5:3: `slack.message` does not say `channel`"],
    "slack.message: {channel: '#x', zeal: 1}": [
        "f.yaml:5:34: `slack.message` has no option `zeal` (there is `channel`, `token`, `limit`, "
        "`at`, `also`, `where`, `inputs`)"
    ],
    "slack.message: {channel: x}": [
        "f.yaml:5:28: `channel` of `slack.message` does not fit: Expected `str` matching regex '^#'"
    ],
    "slack.message: {channel: '#x', limit: 0}": [
        "f.yaml:5:41: `limit` of `slack.message` does not fit: Expected `int` >= 1"
    ],
    "slack.message: {channel: '#x', at: {port: many}}": [
        "f.yaml:5:45: `at.port` of `slack.message` does not fit: Expected `int`, got `str`"
    ],
    "slack.message: {channel: '#x', at: {prt: 1}}": [
        "f.yaml:5:38: `at` of `slack.message` does not fit: Object contains unknown field `prt`"
    ],
    "slack.message: [{channel: '#x'}, {channel: '#y', also: [a, 1]}]": [
        "f.yaml:5:62: `also.1` of `slack.message` does not fit: Expected `str`, got `int`"
    ],
    "slack.message: {channel: '#x', limit: '${{ secrets.TOKEN }}'}": [
        "f.yaml:5:41: `limit` of `slack.message` does not fit: Expected `int`, got `str`"
    ],
    "slack.message: {channel: '${{ event.data.text }}'}": [
        "f.yaml:5:33: `event` cannot be read in `on.slack.message.channel`: it is listened to "
        "before any event comes (write a constant, or name a secret: `${{ secrets.NAME }}`)"
    ],
    "slack.message: {channel: '#x', token: '${{ secrets.TOKN }}'}": [
        "f.yaml:5:54: there is no secret `TOKN` (did you mean `TOKEN`?)"
    ],
    "slack.message: {channel: '#x', where: event.data.usr != 'bot'}": [
        "f.yaml:5:52: there is no property 'usr' (did you mean `user`?)"
    ],
    "slack.message: {channel: '#x', inputs: {text: '${{ event.data.body }}'}}": [
        "f.yaml:5:65: there is no property 'body'"
    ],
    "slack.message: {channel: '#x', inputs: {txt: hello}}": [
        "f.yaml:5:43: the workflow has no input `txt` (did you mean `text`?)"
    ],
    "slack.message: {channel: '#x', where: event.data.text == secrets.TOKEN}": [
        "f.yaml:5:68: the secret `TOKEN` cannot be read in `on.slack.message.where` (a secret can "
        "be passed on in `with` and `env` only)"
    ],
    "slack: {channel: '#x'}": [
        "f.yaml:5:3: `on` has no key `slack` (the trigger of a plugin is called `plugin.kind`)"
    ],
    "slack.message: '#x'": [
        "f.yaml:5:18: `on.slack.message` must be a mapping of options, or a list of such mappings, "
        "not `#x`"
    ],
    "slack.message: {channel: '#x', where: true}": [
        "f.yaml:5:41: `where` is always `true`: a condition must depend on something"
    ],
}


@pytest.mark.parametrize("on", FAULTS)
def test_what_a_trigger_does_not_take_is_a_fault_of_the_file(on):
    with pytest.raises(WorkflowError) as caught:
        CHECKER.check(loads(FILE % on, file="f.yaml"))

    assert [str(fault) for fault in caught.value.faults] == FAULTS[on]


@pytest.mark.parametrize(
    "on",
    [
        "slack.message: {channel: '#x', token: 'Bearer ${{ secrets.TOKEN }}'}",
        "slack.message: {channel: '${{ secrets.TOKEN }}'}",
        "slack.message: {channel: '#x', inputs: {text: '${{ event.data.text }} ${{ event.id }}'}}",
        "slack.message: [{channel: '#x', where: event.data.user == 'me'}, {channel: '#y'}]",
        "chat.said: {channel: '#x', where: event.data.any.thing > 1}",
    ],
)
def test_what_a_trigger_takes_is_none_and_survives_being_written_out(on):
    workflow = CHECKER.check(loads(FILE % on, file="f.yaml")).workflow

    again = loads(dumps(workflow), file="f.yaml")
    assert again.triggers == workflow.triggers
    assert dump(again) == dump(workflow)


def test_the_plugin_of_a_trigger_that_is_not_enabled_is_named():
    with pytest.raises(WorkflowError) as caught:
        CHECKER.check(loads(FILE % "mail.received: {}", file="f.yaml"))

    (fault,) = caught.value.faults
    assert (fault.kind, fault.line, fault.column) == ("unknown-trigger", 5, 3)
    assert "mail" in fault.hint


class Strict(Channel, frozen=True, forbid_unknown_fields=True):
    """The oracle: it refuses what it does not know."""


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 12) | st.sampled_from(["#x", "x", "${{ x }}"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["port", "a.b", "[0]", "é"]), inner, max_size=2)
    ),
    max_leaves=4,
)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={"channel": st.just("#x")}
    | dict.fromkeys(("token", "limit", "at", "also", "other"), ANYTHING),
)


@settings(max_examples=60, deadline=None)
@given(OPTIONS)
def test_options_are_unfit_exactly_if_they_cannot_be_read(written):
    (kind,) = Typed().triggers()
    found = kind.unfit(written)
    try:
        msgspec.convert(written, Strict)
    except msgspec.ValidationError:
        assert found
        assert all(each.problem.isprintable() and "$." not in each.problem for each in found)
    else:
        assert found == []


class Where(msgspec.Struct):
    where: str = ""


class Odd(msgspec.Struct):
    odd: complex = 1j


async def listens(options, hear):
    """Hear something."""


@pytest.mark.parametrize(
    ("name", "options", "function", "said"),
    [
        ("message", Channel, listens, r'write @trigger\("slack\.message"\)'),
        ("slack.me ss", Channel, listens, "has a name with a dot"),
        ("slack.m", int, listens, r'options of trigger "slack\.m" are <class .int.>'),
        ("slack.m", Where, listens, "have the field `where`, which means the same for every"),
        ("slack.m", Odd, listens, "complex"),
        ("slack.m", Channel, lambda options, hear: None, "is not async: write `async def`"),
    ],
)
def test_a_trigger_is_declared_in_a_way_that_can_work(name, options, function, said):
    with pytest.raises(ActionError, match=said):
        trigger(name, options=options)(function)


def test_what_a_trigger_says_of_itself_is_kept():
    (kind,) = Typed().triggers()

    assert (kind.doc, kind.option_docs["limit"]) == ("Read a channel.", "How many at once.")
    assert kind.schema["required"] == ["channel"]
    assert kind.data["additionalProperties"] is False


def test_triggers_keep_to_their_namespace_and_leave_with_their_plugin(write, project):
    plugins = Plugins(Configuration(project), entries=[])
    plugins.register(Typed(), "one")
    with pytest.raises(PluginError, match=r"'two' offers the trigger 'slack\.message', which"):
        plugins.register(Typed(), "two")
    with pytest.raises(PluginError, match=r"'three' offers two triggers called 'a\.b'"):
        plugins.register(Typed("a.b", "a.b"), "three")
    with pytest.raises(PluginError, match="'data' belongs to the plugin of ciranda"):
        Plugins(Configuration(project)).register(Typed("data.new"), "three")

    class Wrong:
        @hookimpl
        def triggers(self):
            return [listens]

    with pytest.raises(PluginError, match="lists listens, which is no trigger; mark it with @trig"):
        plugins.register(Wrong(), "four")
    assert list(plugins.triggers) == ["slack.message"]
    plugins._forget("one")
    assert plugins.triggers == {}


def test_an_editor_knows_the_triggers_of_plugins_with_their_options():
    (kind,) = Typed().triggers()

    schema = workflow_schema(triggers=[kind])["properties"]["on"]["properties"]["slack.message"]

    assert schema["description"] == "Read a channel."
    assert set(schema["properties"]) == {
        "channel", "token", "limit", "at", "also", "where", "inputs"
    }  # fmt: skip
    assert (schema["required"], schema["items"]["additionalProperties"]) == (["channel"], False)


LISTENS = """
from msgspec import Struct
from ciranda.hooks import hookimpl
from ciranda.trigger import trigger

class Nothing(Struct):
    pass

@trigger("{name}.message", options=Nothing)
async def messages(options, hear):
    pass

@hookimpl
def triggers(settings):
    return [messages]
"""


def test_the_kind_of_an_installed_plugin_brings_it_in_once_it_is_enabled(install, make_plugins):
    install("chat", LISTENS.format(name="chat"))
    install("news", LISTENS.format(name="paper"))
    workflow = loads(FILE % "chat.message: {}", file="f.yaml")

    with pytest.raises(WorkflowError, match=r"no plugin has a trigger `chat\.message`") as caught:
        Checker(make_plugins()).check(workflow)
    checked = Checker(make_plugins("chat")).check(workflow)
    with pytest.raises(PluginError, match=r"outside of its namespace; call it 'news\.message'"):
        Checker(make_plugins("news")).check(loads(FILE % "news.message: {}", file="f.yaml"))

    assert "ciranda plugins enable chat" in caught.value.faults[0].hint
    assert list(checked.kinds) == ["chat.message"]
