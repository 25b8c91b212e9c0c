"""Harmless code that looks like the other kind is approved."""

from __future__ import annotations

import json
import logging
import pathlib
import sysconfig
import textwrap

import pytest

from ciranda_experts import Intent, Question, Verdict
from ciranda_experts.intent.intent import Source
from ciranda_experts.security import judge, load_rules

from .benign_code import CLEAN as FIRST
from .benign_more import MORE

CLEAN = FIRST + MORE
RULES = load_rules()


def verdict_on(code: str, language: str):
    question = Question(intent=Intent(code=(Source(code, language),)), budget=5.0)
    return judge(question, RULES)


@pytest.mark.parametrize("language", sorted({language for language, _ in CLEAN}))
def test_harmless_snippets_are_approved(language):
    for code in (code for written, code in CLEAN if written == language):
        finding = verdict_on(code, language)

        assert finding.verdict is Verdict.APPROVED, (code, finding.message)
        assert finding.reason == "clean", code


def test_there_are_enough_harmless_snippets_to_mean_something():
    assert len(CLEAN) >= 100


@pytest.mark.parametrize("module", [json.decoder, textwrap, pathlib, logging])
def test_modules_of_the_standard_library_are_approved(module):
    finding = verdict_on(pathlib.Path(module.__file__).read_text(encoding="utf-8"), "python")

    assert finding.verdict is Verdict.APPROVED, finding.message


def test_few_modules_of_the_standard_library_are_rejected():
    library = pathlib.Path(sysconfig.get_paths()["stdlib"])
    packages = ["asyncio", "email", "json", "html", "http", "urllib", "xml", "wsgiref", "unittest"]
    # the small ones of some packages: the whole library takes ten seconds
    files = [
        each
        for package in packages
        for each in sorted((library / package).glob("*.py"))
        if each.stat().st_size < 20_000
    ][::2]
    texts = [each.read_text(encoding="utf-8", errors="replace") for each in files]

    rejected = [
        file.name
        for file, text in zip(files, texts, strict=True)
        if verdict_on(text, "python").verdict is Verdict.REJECTED
    ]

    assert len(files) >= 20
    assert len(rejected) <= len(files) * 0.1, rejected
