"""Statements of SQL that change more than they say."""

from __future__ import annotations

from typing import Final

from .tokens import Token, Tokens

__all__ = ["check_sql", "is_sql"]

_HEADS: Final = frozenset({
    "select", "insert", "update", "delete", "merge", "upsert", "replace", "with", "values", "table",
    "create", "alter", "drop", "truncate", "rename", "comment", "grant", "revoke", "deny", "begin",
    "start", "commit", "rollback", "savepoint", "release", "end", "abort", "set", "reset", "show",
    "use", "explain", "analyze", "describe", "desc", "call", "exec", "execute", "do", "declare",
    "fetch", "open", "close", "move", "deallocate", "prepare", "copy", "load", "lock", "unlock",
    "vacuum", "reindex", "cluster", "refresh", "listen", "notify", "unlisten", "discard",
    "checkpoint", "attach", "detach", "pragma", "backup", "restore", "if", "else", "elsif", "while",
    "loop", "for", "case", "when", "return", "raise", "print", "go", "waitfor", "kill", "shutdown",
    "delimiter", "handler", "import", "export", "flush", "optimize", "repair", "check", "checksum",
    "install", "uninstall", "signal", "resignal", "leave", "iterate", "repeat", "until", "null",
    "security", "reassign", "purge", "audit", "noaudit", "exception", "throw", "try", "break",
    "continue", "goto", "then", "perform", "get", "bulk", "bookmark", "connect", "disconnect",
})  # fmt: skip
# Part of a query: what is pasted into one.
_PIECES: Final = frozenset({
    "or", "and", "union", "where", "from", "order", "group", "having", "limit", "not", "in", "like",
    "between", "exists", "join", "on",
})  # fmt: skip


def is_sql(made: Tokens) -> bool:
    """Say whether each statement begins as one of SQL does, or as a part that is pasted into one.

    A text next to `exec` or `import` is of another language.
    """
    start = 0
    for end in [*(i for i, t in enumerate(made.tokens) if t.text == ";"), len(made)]:
        statement = made.tokens[start:end]
        start = end + 1
        if not statement:
            continue
        first = statement[0]
        if first.kind == "word" and first.text not in _HEADS | _PIECES:
            return False
        if first.kind == "sign" and first.text in "{}])=.,|&!+*/%":
            return False
        after = statement[1] if len(statement) > 1 else first
        if first.kind == "word" and after.text in (".", "="):
            return False  # a member, or an assignment
        if first.text in ("exec", "import") and after.kind == "text":
            return False
    return True


_WANTED: Final = frozenset({
    "password", "passwd", "pwd", "information_schema", "sqlite_master", "pg_shadow", "pg_user",
    "mysql", "secret", "credit_card", "sysobjects", "all_tables", "version", "user",
})  # fmt: skip


def check_sql(made: Tokens) -> list[tuple[int, str, str]]:
    """Return index, rule and what of each statement that changes all rows, or never ends."""
    found = []
    start = 0
    for end in [*(i for i, t in enumerate(made.tokens) if t.text == ";"), len(made)]:
        statement = made.tokens[start:end]
        if statement:
            found += [(start, rule, what) for rule, what in _statement(statement)]
        start = end + 1
    return found


def _statement(tokens: list[Token]) -> list[tuple[str, str]]:  # noqa: PLR0911  # one answer a pattern
    words = [each.text for each in tokens if each.kind == "word"]
    first = words[0] if words else ""
    has = set(words)
    if first == "delete" and "from" in has and not has & {"where", "limit", "using", "returning"}:
        return [("sql-destruction", "deletes every row")]
    if first == "update" and "set" in has and not has & {"where", "limit", "from"}:
        return [("sql-destruction", "changes every row")]
    if first == "truncate" and len(words) > 1:
        return [("sql-destruction", "empties a table")]
    if "union" in has and has & _WANTED:
        return [("sql-injection", "joins what was asked with what is secret")]
    if {"with", "recursive"} <= has and not has & {"where", "limit", "join", "fetch", "top", "on"}:
        return [("endless-recursion", "the query recurses without a condition")]
    if "while" in has and "begin" in has and not has & {"break", "return"}:
        always = _always(tokens)
        if always:
            return [("unbounded-loop", "the condition always holds, and nothing leaves it")]
    return []


def _always(tokens: list[Token]) -> bool:
    texts = [each.text for each in tokens]
    at = texts.index("while")
    return texts[at + 1 : at + 4] == ["1", "=", "1"] or texts[at + 1 : at + 2] == ["true"]
