"""Experts of third parties: from a file that a workflow or the settings name, and from packages."""

import pytest

from ciranda.errors import PluginError
from ciranda.events import Judge
from ciranda.hooks import hookimpl
from ciranda.testing import harness
from ciranda_experts import Expert, Feature, Isolation
from ciranda_experts.council.roll import checked

from .stage import R, expert, finding

pytestmark = pytest.mark.anyio

PLUGIN = """
from ciranda import hookimpl
from ciranda_experts import Expert, Finding, Verdict

asked = []


def judge_amount(question):
    asked.append(question.intent.id)
    if "huge" in question.intent.sorts:
        return Finding(
            verdict=Verdict.REJECTED, confidence=0.99, reason="too-much",
            message="Nobody moves that much.", evidence={"limit": 1000},
        )
    return Finding(verdict=Verdict.APPROVED, confidence=0.9, reason="small")


@hookimpl
def experts():
    return [Expert(name="limits", judge=judge_amount, mandatory=True, version="3")]
"""
FLOW = """
ciranda: 1
plugins: [{plugins}]
steps:
  small: {{uses: experts.verify, with: {{intent: {{pre: ["x > 2"], post: ["x > 1"]}}}}}}
  huge: {{uses: experts.verify, with: {{intent: {{pre: ["huge > 2"], post: ["huge > 1"]}}}}}}
"""


def write(h, text=PLUGIN):
    (h.folder / "limits.py").write_text(text, "utf-8")


async def judged(h):
    steps = (await h.run(FLOW.format(plugins=""))).steps
    return steps["small"]["output"], steps["huge"]["error"]


async def test_an_expert_in_a_file_that_a_workflow_names_sits_on_the_council():
    async with harness() as h:
        write(h)
        steps = (await h.run(FLOW.format(plugins="./limits.py"))).steps

    small, huge = steps["small"]["output"], steps["huge"]["error"]
    said = {one["expert"]: one for one in small["experts"]}
    assert list(said) == ["logic", "limits"]
    assert (said["limits"]["version"], said["limits"]["mandatory"]) == ("3", True)
    assert (huge["kind"], huge["message"]) == ("rejected", "Nobody moves that much.")
    assert huge["detail"]["experts"][1]["evidence"] == {"limit": 1000}
    assert huge["detail"]["dissent"] == ["logic"]


async def test_an_expert_in_a_file_that_the_settings_name_sits_on_every_council():
    async with harness(settings={"experts": {"plugins": ["./limits.py"]}}) as h:
        write(h)
        small, huge = await judged(h)

    assert [one["expert"] for one in small["experts"]] == ["logic", "limits"]
    assert huge["kind"] == "rejected"


async def test_a_file_that_the_settings_name_and_that_is_missing_is_told():
    async with harness(settings={"experts": {"plugins": ["./limits.py"]}}) as h:
        with pytest.raises(PluginError, match=r"limits\.py"):
            await judged(h)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"^`\./limits\.py` of \[experts\] `plugins` offers no expert: mark its function"),
        ("@hookimpl\ndef experts(): return []", "offers no expert: let its hook `experts` return"),
        ("def experts(): return [1]", r"^plugin 'limits\.py': its function `experts` bears the"),
        ("@hookimpl\ndef experts(): return 7", r"^plugin 'limits\.py': the hook"),
    ],
)
async def test_a_plugin_of_the_settings_that_offers_no_expert_is_refused(text, words):
    async with harness(settings={"experts": {"plugins": ["./limits.py"]}}) as h:
        write(h, f"from ciranda import hookimpl\n{text}\n")
        with pytest.raises(PluginError, match=words):
            await judged(h)


async def test_an_expert_that_the_settings_make_mandatory_and_nobody_offers_is_missed():
    mandatory = ["logic", "limits"]
    async with harness(settings={"experts": {"mandatory": mandatory}}) as h:
        steps = (await h.run(FLOW.format(plugins=""))).steps
        assert steps["small"]["error"]["detail"]["reason"] == "expert-missing"
    async with harness(settings={"experts": {"mandatory": mandatory}}) as h:
        write(h)
        steps = (await h.run(FLOW.format(plugins="./limits.py"))).steps
        assert steps["small"]["status"] == "succeeded"


async def test_an_expert_that_comes_later_is_asked_from_then_on():
    class Late:
        @hookimpl
        def experts(self):
            return [expert("late", finding(R))]

    intent = {"pre": ["x > 2"], "post": ["x > 1"]}
    async with harness() as h:
        h.engine.plugins.load(["experts"])
        await h.engine.plugins.start()
        before = await h.engine.bus.ask(Judge(intent=intent))
        h.engine.plugins.register(Late(), "late")
        after = await h.engine.bus.ask(Judge(intent=intent))

    assert before.verdict == "approved"
    assert (after.verdict, after.reason) == ("rejected", "looked")


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # its processes know no loop
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("return 7", "the hook 'experts' returned int; return a list"),
        ("return [experts]", "lists experts, which is no expert; write Expert"),
        ("raise LookupError('gone')", "its hook 'experts' raised LookupError: gone"),
        ("return [Expert(name='Big One', judge=judge_amount)]", "cannot be called 'Big One'"),
        ("return [Expert(name='logic', judge=judge_amount)]", "'experts' offers 'logic' already"),
        ("return [Expert(name='x', judge=None)]", "the `judge` of the expert 'x' is None"),
        (
            "return [Expert(name='x', judge=print, timeout=0.0)]",
            "`timeout` of the expert 'x' is 0.0",
        ),
        ("return [Expert(name='x', judge=print, weight=float('nan'))]", "`weight` of .* is nan"),
        ("return [Expert(name='x', judge=print, handles={'code'})]", "no frozenset of Feature"),
        (
            "return [Expert(name='x', judge=print, isolation='jail')]",
            "is 'jail': write one of 'inline', 'th",
        ),
    ],
)
async def test_an_expert_that_cannot_work_is_told_in_a_sentence(text, words):
    source = f"{PLUGIN.partition('@hookimpl')[0]}\n@hookimpl\ndef experts():\n    {text}\n"
    async with harness() as h:
        write(h, source)
        with pytest.raises(PluginError, match=words):
            await h.run(FLOW.format(plugins="./limits.py"))


async def eventually(question):
    """An expert of a test."""


class Called:
    async def __call__(self, question):
        """Be an expert of a test."""


@pytest.mark.parametrize(
    ("judge", "given", "place"),
    [
        (print, {}, "thread"),
        (lambda q: None, {}, "thread"),
        (eventually, {}, "inline"),
        (Called(), {}, "inline"),
        (Called().__call__, {}, "inline"),
        (eventually, {"isolation": "thread"}, "thread"),
        (print, {"isolation": "inline"}, "inline"),
        (len, {"isolation": "process"}, "process"),
        (print, {"isolation": Isolation.INLINE}, "inline"),
    ],
)
def test_what_may_block_runs_in_a_thread_unless_told(judge, given, place):
    (one,) = checked([("p", Expert(name="x", judge=judge, **given))])

    assert one.isolation is Isolation(place)


async def test_what_an_expert_raises_is_told_with_its_place():
    source = PLUGIN.replace("    asked.append(question.intent.id)", "    return share(0)")
    source += "\n\ndef share(count):\n    return 1 / count\n"
    async with harness() as h:
        write(h, source)
        error = (await h.run(FLOW.format(plugins="./limits.py"))).steps["small"]["error"]

    line = source.splitlines().index("    return 1 / count") + 1
    assert error["message"] == (
        f"Expert 'limits' raised ZeroDivisionError: division by zero (limits.py:{line})"
    )


def local(question):
    """An expert of a test."""


@pytest.mark.parametrize(
    "judge", [lambda q: None, local.__get__(1), len], ids=["lambda", "bound", "c"]
)
def test_a_process_needs_a_function_that_it_can_find(judge):
    one = Expert(name="x", judge=judge, isolation=Isolation.PROCESS)

    if judge is len:
        assert checked([("p", one)]) == [one]
        return
    with pytest.raises(PluginError, match="no worker process can find the function of the expert"):
        checked([("p", one)])


def test_one_plugin_may_offer_several_versions_of_its_expert_and_no_one_elses():
    first, second = expert("a", version="1"), expert("a", version="2")

    assert checked([("p", first), ("p", second)]) == [first, second]
    with pytest.raises(PluginError, match="version '1', and 'p' offers 'a' already"):
        checked([("p", first), ("p", expert("a", version="1"))])
    with pytest.raises(PluginError, match="plugin 'q' offers an expert 'a'"):
        checked([("p", first), ("q", second)])


def test_what_an_expert_handles_are_features():
    assert checked([("p", expert("a", handles=frozenset({Feature.CODE})))])
