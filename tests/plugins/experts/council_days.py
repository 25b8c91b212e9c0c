"""A day of a council, made up: what status, Prometheus text and report are tried on."""

import random
from contextlib import closing

from ciranda_experts.learning.learning import Learning
from ciranda_experts.learning.settings import LearningSettings
from ciranda_experts.telemetry.settings import TelemetrySettings
from ciranda_experts.telemetry.telemetry import Telemetry

from .judging import APPROVED, REJECTED, UNCERTAIN, judgement, opinion

HOSTILE = '</td><script>document.title="owned"</script>"\\\n\x1b[31m<img src=x onerror=alert(1)>'
NOON = 1_790_000_000.0


class Clock:
    def __init__(self, now=NOON):
        self.now = now

    def __call__(self):
        return self.now


def a_day(folder, *, judgements=600, outcomes=300, hostile="weather"):
    """Record a day that ends at NOON: three experts, one of them overconfident, one hostile."""
    dice, clock = random.Random(5), Clock(NOON - 86_000)
    telemetry = Telemetry(folder, TelemetrySettings(delay=60.0), warn=print, clock=clock)

    settings = LearningSettings(calibration_minimum=100, threshold_minimum=50)
    learning = Learning(folder, settings, floor=0.7, find=telemetry.find, clock=clock)
    with closing(learning):
        learning.versions.begin("logic", "2", incumbent="1", share=0.5, by="ana")
        for number in range(judgements):
            clock.now += 85_000 / judgements
            truth = APPROVED if dice.random() < 0.7 else REJECTED
            raw = dice.uniform(0.55, 0.99)
            wrong = dice.random() < 0.6 * (1 - raw)
            says = (REJECTED if truth is APPROVED else APPROVED) if wrong else truth
            key = f"k{number}"
            latency = dice.lognormvariate(-6.5, 0.7)
            first = opinion("logic", says, raw, latency)
            second = opinion("security", truth, 0.97, latency / 4, cached=number % 3 == 0)
            skips = number % 2 == 0
            shadow = (opinion(hostile, says, 0.6, 0.001),) if number % 10 == 0 else ()
            verdict = UNCERTAIN if raw < 0.6 else says
            heard = [first, second, *([] if skips else [opinion(hostile, truth, 0.9, 0.0004)])]
            beside = learning.versions.beside("logic", key)
            candidates = (opinion("logic", truth, 0.9, latency, version="2"),) if beside else ()
            judged = judgement(
                number, verdict, heard, key=key, confidence=raw, latency=latency,
                reason="low-confidence" if verdict is UNCERTAIN else "proved",
                message=hostile if verdict is UNCERTAIN else "",
            )  # fmt: skip
            telemetry.record(
                judged, tuple(heard), skipped=(hostile,) * skips, shadow=shadow,
                candidates=candidates,
            )  # fmt: skip
            if verdict is UNCERTAIN:
                learning.reviews.open(judged, {"post": ["x > 1"]})
            if number == judgements // 2:
                telemetry.crisis(began=True, reason="anomalies")
            if number == judgements * 5 // 9:
                telemetry.crisis(began=False)
            if number < outcomes and verdict is not UNCERTAIN:
                learning.learn(judged.id, truth, by="ana")
    telemetry.close()
