"""How much a body holds, counted before it is decoded.

An empty list is one byte on the wire and sixty-four in memory, so a frame at the cap could
become a gigabyte. The count walks the bytes without making anything of them.
"""

from typing import Final

CONTAINERS: Final = 1_000_000  # lists and mappings of one frame
_VALUES: Final = 4_000_000  # values walked before a suspicious frame is refused
_STARTS: Final = bytes([*range(0x80, 0xA0), *range(0xDC, 0xE0)])

# First byte of a container -> bytes that follow it before its first item.
_OPENS: Final = {**dict.fromkeys(_STARTS, 0), 0xDC: 2, 0xDD: 4, 0xDE: 2, 0xDF: 4}
# First byte of a value that is one byte and no more.
_BARE: Final = frozenset([*range(0x80), *range(0xE0, 0x100), 0xC0, 0xC1, 0xC2, 0xC3])
# First byte of a value whose length it gives away -> bytes that follow.
_FIXED: Final = {
    **{0xA0 + size: size for size in range(32)},
    **{0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8},
    **{0xD4: 2, 0xD5: 3, 0xD6: 5, 0xD7: 9, 0xD8: 17},
}
# First byte -> (bytes that hold the length, bytes that it does not count).
_SIZED: Final = {
    **{0xC4: (1, 0), 0xC5: (2, 0), 0xC6: (4, 0), 0xD9: (1, 0), 0xDA: (2, 0), 0xDB: (4, 0)},
    **{0xC7: (1, 1), 0xC8: (2, 1), 0xC9: (4, 1)},
}


def too_heavy(body: bytes) -> bool:
    """Tell whether a body holds more lists and mappings than `CONTAINERS`.

    Bytes that can begin a container are rare in most of what is sent, so nearly every frame
    passes by one count; only the rest is walked.
    """
    if len(body) <= CONTAINERS or len(body) - len(body.translate(None, _STARTS)) <= CONTAINERS:
        return False
    return containers(body) > CONTAINERS


def containers(body: bytes) -> int:
    """Count lists and mappings, up to one more than `CONTAINERS`.

    A body of more values than anyone walks in half a second counts as one too many.
    """
    place = found = 0
    end = len(body)
    for _ in range(_VALUES):
        if place >= end:
            return found
        first = body[place]
        place += 1
        if first in _BARE:
            continue
        if first in _OPENS:
            found += 1
            if found > CONTAINERS:
                return found
            place += _OPENS[first]
        elif first in _FIXED:
            place += _FIXED[first]
        else:
            width, more = _SIZED[first]
            place += width + more + int.from_bytes(body[place : place + width], "big")
    return CONTAINERS + 1
