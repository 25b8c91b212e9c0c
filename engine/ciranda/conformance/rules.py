"""The rules, in the order in which they are looked at; `docs/plugin-authors.md` explains them."""

from __future__ import annotations

from typing import Final

from ciranda.conformance.finding import Rule

__all__ = ["RULES"]

RULES: Final = (
    Rule("import", "it can be imported, in a fresh process"),
    Rule("import-output", "importing it prints nothing"),
    Rule("import-effects", "importing it starts, opens, writes and changes nothing"),
    Rule("commands", "its commands are there, and not imported with the plugin"),
    Rule("package", "it is announced by an entry point and says that it is typed"),
    Rule("api", "it declares the plugin interface that it is made for"),
    Rule("hooks", "each function with a mark is a hook that exists, with parameters that fit"),
    Rule("loads", "an engine takes it: names, settings, what its hooks return"),
    Rule("settings-docs", "each setting is explained"),
    Rule("function-docs", "each function for expressions is explained"),
    Rule("hookspec-docs", "each hook that it adds is explained"),
    Rule("modifier-docs", "each layer that steps can ask for is explained, with its options"),
    Rule("trigger-docs", "each trigger that files can have is explained, with its options"),
    Rule("action-docs", "each action and each of its inputs is explained"),
    Rule("action-types", "each action says of what type its inputs and its output are"),
    Rule("error-kinds", "each kind of failure that its code raises is declared by an action"),
    Rule("examples", "each example in its documentation is right"),
    Rule("loader-files", "each loader answers any file: a workflow, nothing, or a ValueError"),
    Rule("exporter-spans", "each exporter among the samples takes a span, and ends"),
    Rule("action-inputs", "each action takes what its schema says, and nothing else"),
    Rule("action-runs", "each action succeeds with its samples on both event loops"),
    Rule("action-output", "each action returns plain data of the type that it declares"),
    Rule("action-cancel", "each action ends when it is cancelled"),
    Rule("action-repeat", "what says `pure` or `idempotent` can be repeated"),
    Rule("secrets", "no secret is in what it prints, logs or publishes"),
    Rule("middleware", "its layers hand on answers, failures and cancellation"),
    Rule(
        "trigger-cancel", "each trigger is listened for with its samples, and ends when cancelled"
    ),
    Rule("lifespan", "it opens and closes on both event loops"),
    Rule("teardown", "nothing is left when it has closed"),
)
