"""A council of made-up experts, as tests need it."""

from contextlib import asynccontextmanager

from ciranda.events.judging import Judge, Verdict
from ciranda_experts import Expert, Finding, Isolation
from ciranda_experts.council.council import Council
from ciranda_experts.council.modes import Mode
from ciranda_experts.settings import ExpertsSettings

A, R, U, N = Verdict.APPROVED, Verdict.REJECTED, Verdict.UNCERTAIN, Verdict.ABSTAINED
INTENT = {"pre": ["x > 2"], "post": ["x > 1"]}


def finding(verdict=A, confidence=0.95, reason="looked", **fields):
    return Finding(verdict=verdict, confidence=confidence, reason=reason, **fields)


def expert(name, judge=None, **fields):
    """Return an expert that calls a function, gives a finding, or approves; in line by default."""
    fields.setdefault("isolation", Isolation.INLINE)
    if judge is None or isinstance(judge, Finding):
        found = judge or finding()
        return Expert(name=name, judge=lambda _: found, **fields)
    return Expert(name=name, judge=judge, **fields)


class Counting:
    """An expert's function that counts its calls."""

    def __init__(self, found=None):
        self.calls = 0
        self.found = found or finding()

    def __call__(self, question):
        self.calls += 1
        return self.found


class Recorder:
    """What telemetry is handed."""

    def __init__(self):
        self.seen = []
        self.late = []
        self.crises = []

    def record(self, judgement, opinions, *, skipped, candidates):
        self.seen.append((judgement, opinions, skipped, candidates))

    def record_late(self, judgement, shadow):
        self.late.append((judgement, shadow))

    def crisis(self, *, began, reason=""):
        self.crises.append((began, reason))


class Desk:
    """What humans are handed."""

    def __init__(self):
        self.opened = []

    def open(self, judgement, source):
        self.opened.append((judgement, source))
        return f"r{len(self.opened)}"


@asynccontextmanager
async def council(*experts, mandatory=(), shadow=0.0, given=None, **settings):
    """Open a council; `given` are further arguments of it."""
    if "mode" in settings:
        settings["mode"] = Mode(settings["mode"])
    chosen = ExpertsSettings(mandatory=tuple(mandatory), shadow=shadow, **settings)
    async with Council(chosen, experts=experts, **(given or {})) as opened:
        yield opened


def ask(intent=None, **fields):
    return Judge(intent=INTENT if intent is None else intent, **fields)


def reasons(judgement):
    return {one.expert: str(one.reason) for one in judgement.experts}
