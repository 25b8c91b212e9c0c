"""The kinds of everything that can be wrong with a SKILL.md."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Violation"]


class Violation(StrEnum):
    """One way in which a skill departs from the format."""

    MISSING_FRONTMATTER = "missing_frontmatter"
    UNCLOSED_FRONTMATTER = "unclosed_frontmatter"
    INVALID_YAML = "invalid_yaml"
    MISSING_NAME = "missing_name"
    MISSING_DESCRIPTION = "missing_description"
    NAME_MISMATCH = "name_mismatch"
    NAME_NOT_LOWERCASE = "name_not_lowercase"
    NAME_INVALID_CHARACTERS = "name_invalid_characters"
    NAME_EDGE_HYPHEN = "name_edge_hyphen"
    NAME_CONSECUTIVE_HYPHENS = "name_consecutive_hyphens"
    NAME_TOO_LONG = "name_too_long"
    DESCRIPTION_TOO_LONG = "description_too_long"
    COMPATIBILITY_TOO_LONG = "compatibility_too_long"
    UNEXPECTED_FIELD = "unexpected_field"
    LOWERCASE_FILENAME = "lowercase_filename"
    YAML_REPAIRED = "yaml_repaired"
