"""What a project says about plans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from ciranda import Settings, SettingsError

from .plan import DEFAULT_PLAN_TIMEOUT, DEFAULT_TIMEOUT
from .tiers import TIERS, Mode, Tier

if TYPE_CHECKING:
    from .reading import Defaults

__all__ = ["PlannerSettings", "TierRow"]

_Count = Annotated[int, Meta(ge=1)]
_Seconds = Annotated[float, Meta(gt=0.0)]


class TierRow(Struct, frozen=True, forbid_unknown_fields=True):
    """What an account may ask for in a minute, and the workers that suit it in each mode."""

    requests: _Count
    input_tokens: _Count
    output_tokens: _Count
    workers: dict[Mode, _Count]

    def tier(self) -> Tier:
        """Return the row of the table.

        Raises:
            SettingsError: A mode has no workers.
        """
        missing = [str(mode) for mode in Mode if mode not in self.workers]
        if missing:
            raise SettingsError(f"planner.tiers: `workers` says nothing of {', '.join(missing)}")
        return Tier(self.requests, self.input_tokens, self.output_tokens, self.workers)


class PlannerSettings(Settings, section="planner"):
    """The section `[planner]` of `ciranda.toml`.

    Attributes:
        timeout: Seconds of an attempt whose task names none; twice its estimate if that is longer.
        plan_timeout: Seconds of a plan that names none; twice its prediction if that is longer.
        cores: How many cpu tasks run at once where the plan does not say; the cores there are,
            by default.
        tier: What the account may ask for, a row of `tiers`, where a plan names none; its rate is
            limited then, too.
        mode: How much of that a plan uses: `conservative`, `balanced` or `aggressive`.
        tiers: Rows of the table by number, besides or in place of those that are built in.
        retry_budget: Attempts after the first for each task, which all tasks have together; a few
            more than that, so that small plans have some.
        adaptive: Whether a plan runs fewer tasks at once when it hears that it asks too much.
    """

    timeout: _Seconds = DEFAULT_TIMEOUT
    plan_timeout: _Seconds = DEFAULT_PLAN_TIMEOUT
    cores: _Count | None = None
    tier: int | None = None
    mode: Mode = Mode.BALANCED
    tiers: dict[str, TierRow] = {}  # noqa: RUF012  (msgspec copies it)
    retry_budget: Annotated[float, Meta(ge=0.0, le=1000.0)] = 0.1
    adaptive: bool = True

    def defaults(
        self,
        *,
        workers: int | None = None,
        cpu_workers: int | None = None,
        tier: int | None = None,
        mode: str | None = None,
    ) -> Defaults:
        """Return what reading a plan takes where the plan does not say.

        Args:
            workers: What overrules the plan.
            cpu_workers: The same for cpu tasks.
            tier: The row of the table, whatever the plan names.
            mode: The column, whatever the plan names.

        Raises:
            SettingsError: A tier is no number, or not there.
        """
        from .reading import Defaults

        table = dict(TIERS)
        for name, row in self.tiers.items():
            if not name.isdecimal():
                raise SettingsError(f"planner.tiers.{name}: tiers are numbers, such as `tiers.5`")
            table[int(name)] = row.tier()
        for word, wanted in (("planner.tier", self.tier), ("--tier", tier)):
            if wanted is not None and wanted not in table:
                known = ", ".join(map(str, sorted(table)))
                raise SettingsError(f"{word}: there is no tier {wanted}: write one of {known}")
        return Defaults(
            workers=workers,
            cpu_workers=cpu_workers,
            tier=self.tier,
            mode=self.mode,
            table=table,
            named_tier=tier,
            named_mode=None if mode is None else Mode(mode),
        )
