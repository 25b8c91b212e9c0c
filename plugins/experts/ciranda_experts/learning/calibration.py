"""What a confidence means: the share of answers, said with it, that turn out right."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, final

import msgspec

from ciranda.store import Database

from .curve import SHIPPED, Curve, isotonic, platt
from .reliability import brier

__all__ = ["Calibration", "Method", "better"]

Method = Literal["isotonic", "platt", "shipped"]
_FOLDS: Final = 5


def better(
    points: Sequence[tuple[float, bool]], method: Method, shipped: Curve, *, minimum: int
) -> Curve | None:
    """Return a curve fitted to outcomes, if there are enough and it is better than the shipped.

    Better means: a smaller Brier score in five-fold cross-validation, on the same outcomes.

    Args:
        points: Pairs of raw confidence and whether it was right, in any order.
        method: What is fitted; `shipped` for nothing.
        shipped: The curve to beat.
        minimum: Outcomes that it takes.
    """
    if method == "shipped" or len(points) < minimum:
        return None
    before = brier([(shipped(raw), right) for raw, right in points])
    tried: list[tuple[float, bool]] = []
    for fold in range(_FOLDS):
        rest = [point for index, point in enumerate(points) if index % _FOLDS != fold]
        curve = _fitted(rest, method)
        if curve is None:
            return None
        tried += [(curve(raw), right) for raw, right in points[fold::_FOLDS]]
    after = brier(tried)
    curve = _fitted(points, method)
    if curve is None or after >= before:
        return None
    return msgspec.structs.replace(curve, before=before, after=after)


def _fitted(points: Sequence[tuple[float, bool]], method: Method) -> Curve | None:
    return isotonic(points) if method == "isotonic" else platt(points)


@final
class Calibration:
    """The curves of experts, in memory and in a database.

    A version of an expert that nothing is known of yet begins with the shipped curve again.

    Args:
        database: Of the tables of `learning.schema`.
        method: What is fitted.
        minimum: Outcomes that it takes.
        shipped: Curves of experts that come with them; others are believed.
        clock: Unix seconds.
    """

    def __init__(
        self,
        database: Database,
        *,
        method: Method = "isotonic",
        minimum: int = 200,
        shipped: Mapping[str, Curve] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database: Final = database
        self._method: Final[Method] = method
        self._minimum: Final = minimum
        self._shipped: Final = dict(shipped or {})
        self._clock: Final = clock
        self._curves: dict[tuple[str, str], Curve] = {}
        self.reload()

    def calibrated(self, expert: str, raw: float, version: str = "1") -> float:
        """Return the probability that an answer given with a confidence is right.

        Args:
            expert: Who gave it.
            raw: The confidence as the expert said it, 0 to 1.
            version: The expert's version.
        """
        return self.curve(expert, version)(raw)

    def curve(self, expert: str, version: str = "1") -> Curve:
        """Return the curve in use."""
        found = self._curves.get((expert, version))
        return self._shipped.get(expert, SHIPPED) if found is None else found

    @property
    def curves(self) -> dict[tuple[str, str], Curve]:
        """The fitted curves by expert and version."""
        return dict(self._curves)

    def fit(self, expert: str, version: str, points: Sequence[tuple[float, bool]]) -> Curve | None:
        """Fit an expert's curve anew, and use it if it is better than the shipped.

        Returns:
            The curve, None where the shipped one is used.
        """
        shipped = self._shipped.get(expert, SHIPPED)
        curve = better(points, self._method, shipped, minimum=self._minimum)
        if curve is None:
            self._curves.pop((expert, version), None)
            self._database.execute(
                "DELETE FROM curves WHERE expert = ? AND version = ?", [expert, version]
            )
            return None
        self._curves[expert, version] = curve
        self._database.execute(
            "INSERT OR REPLACE INTO curves(expert, version, at, curve) VALUES (?, ?, ?, ?)",
            [expert, version, self._clock(), msgspec.msgpack.encode(curve)],
        )
        return curve

    def reload(self) -> None:
        """Read what another process may have fitted; none of it where only shipped ones count."""
        if self._method == "shipped":
            return
        rows = self._database.execute("SELECT expert, version, curve FROM curves")
        self._curves = {
            (expert, version): msgspec.msgpack.decode(curve, type=Curve)
            for expert, version, curve in rows
        }
