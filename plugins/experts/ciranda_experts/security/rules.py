"""The rules that are looked for: those that come with the package, and a project's own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.resources import files
from pathlib import Path

from .rule import Rule, Severity
from .rulesfile import RulesFile, read_rules

__all__ = ["Rules", "load_rules"]


@dataclass(frozen=True)
class Rules:
    """Rules by id, and a digest of all that they say.

    Args:
        by_id: The rules.
        off: Ids of rules that are not reported.
    """

    by_id: Mapping[str, Rule]
    off: frozenset[str] = field(default_factory=frozenset)

    @cached_property
    def digest(self) -> str:
        """Return what changes when a finding may change; 16 hexadecimal digits."""
        said = [repr(self.by_id[each]) for each in sorted(self.by_id)]
        # a frozenset has no order of its own
        kept = [repr(sorted(rule.languages)) for rule in self.by_id.values()]
        text = "\n".join([*(each.partition("languages=")[0] for each in said), *sorted(kept)])
        matches = sorted(repr((rule.id, rule.match)) for rule in self.by_id.values())
        whole = "\n".join([text, *matches, *sorted(self.off)])
        return hashlib.sha256(whole.encode()).hexdigest()[:16]

    def extended(self, file: RulesFile) -> Rules:
        """Return these rules with those of a file; the file's word on severities is last."""
        by_id = {**self.by_id, **{rule.id: rule for rule in file.rules}}
        for name, severity in file.severities.items():
            if severity is not None:
                by_id[name] = replace(by_id[name], severity=severity)
        off = {name for name, severity in file.severities.items() if severity is None}
        return Rules(by_id, self.off | off)

    def matching(self, language: str) -> list[Rule]:
        """Return the rules that look for something by themselves in a language."""
        return [
            rule
            for rule in self.by_id.values()
            if (not rule.languages or language in rule.languages) and rule.id not in self.off
        ]

    def severity(self, name: str) -> Severity | None:
        """Return how much a rule weighs, or None where it is switched off."""
        return None if name in self.off else self.by_id[name].severity


def load_rules(*paths: Path | str) -> Rules:
    """Return the package's rules, extended by files in their order.

    Raises:
        ciranda.errors.SettingsError: When a file cannot be read or is not a file of rules; it
            names the file, the line and what is wrong there.
    """
    shipped = files(__package__).joinpath("rules.toml")
    rules = Rules({})
    rules = rules.extended(read_rules(shipped.read_text(encoding="utf-8"), "rules.toml", ()))
    for path in paths:
        rules = rules.extended(_own(Path(path), rules.by_id))
    return rules


def _own(path: Path, known: Iterable[str]) -> RulesFile:
    from ciranda.errors import SettingsError

    from .limits import RULES

    try:
        data = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}; name a file of rules") from error
    if len(data) > RULES:
        raise SettingsError(f"{path}: a file of rules has at most {RULES // 1024} KiB")
    try:
        return read_rules(data.decode(), str(path), known)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise SettingsError(f"{path}:{line}: not UTF-8; save the file as UTF-8") from error
