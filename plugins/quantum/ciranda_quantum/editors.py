"""The table of tags, for editors: as an XML schema and as JSON."""

from __future__ import annotations

import json
from typing import Final

from . import tags
from .checks import NAMED

__all__ = ["NAMESPACE", "schema_text"]

NAMESPACE: Final = "https://quantum.lang/ns"
_WORDS: Final = {
    ("set", "operation"): tags.OPERATIONS, ("set", "scope"): tags.SCOPES,
    ("set", "type"): tags.TYPES, ("param", "type"): tags.PARAM_TYPES,
    ("loop", "type"): tags.LOOPS, ("log", "level"): tags.LEVELS,
    ("set", "validate"): NAMED, ("param", "validate"): NAMED,
}  # fmt: skip
_HEAD: Final = f"""\
<?xml version="1.0" encoding="utf-8"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="{NAMESPACE}"
    targetNamespace="{NAMESPACE}" elementFormDefault="qualified">
"""


def schema_text(form: str) -> str:
    """Return the tags as `xsd` or `json`."""
    if form == "json":
        return json.dumps({"namespace": NAMESPACE, "tags": tags.table()}, indent=2) + "\n"
    elements = "".join(_element(name) for name in sorted(tags.TAGS))
    return f"{_HEAD}{elements}</xs:schema>\n"


def _element(name: str) -> str:
    shape = tags.TAGS[name]
    lines = [
        f'  <xs:element name="{name}">',
        '    <xs:complexType mixed="true">',
        '      <xs:sequence><xs:any processContents="lax" minOccurs="0" maxOccurs="unbounded"/>'
        "</xs:sequence>",
    ]
    for each in sorted(shape.attributes):
        use = ' use="required"' if each in shape.needed else ""
        words = _WORDS.get((name, each))
        if words is None:
            lines.append(f'      <xs:attribute name="{each}" type="xs:string"{use}/>')
            continue
        listed = "".join(f'<xs:enumeration value="{word}"/>' for word in sorted(words))
        lines += [
            f'      <xs:attribute name="{each}"{use}><xs:simpleType>',
            f'        <xs:restriction base="xs:string">{listed}</xs:restriction>',
            "      </xs:simpleType></xs:attribute>",
        ]
    return "\n".join([*lines, "    </xs:complexType>", "  </xs:element>", ""])
