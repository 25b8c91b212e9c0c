"""How much code is looked at; beyond these it is uncertain, never approved."""

from __future__ import annotations

from typing import Final

SIZE: Final = 1024 * 1024  # characters of all code of one intent
DEPTH: Final = 150  # nodes of a syntax tree, or brackets, within each other
NODES: Final = 200_000  # of a syntax tree, or tokens: some 20,000 lines, about two seconds
COMMANDS: Final = 20_000  # of a shell script
PAYLOAD_DEPTH: Final = 3  # code within strings within code
PAYLOAD: Final = 64 * 1024  # characters of one constant that is worked out
FOLDING: Final = 4 * 1024 * 1024  # characters that are worked out for one piece of code
BITS: Final = 4096  # of an integer that is worked out
DOTTED: Final = 200  # characters of a name that is followed through calls
ORIGINS: Final = 8  # meanings that one name is followed to
HITS: Final = 50  # findings that are reported; the gravest first
EXCERPT: Final = 80  # characters of a line that are shown
INLINE: Final = 2048  # characters that are judged in the event loop, about 2 ms
RULES: Final = 256 * 1024  # bytes of a rules file
