"""How much a body holds, counted before it is decoded.

An empty list is one byte on the wire and sixty-four in memory, so a frame at the cap could
become a gigabyte. The count walks the bytes without making anything of them.
"""

from typing import Final

CONTAINERS: Final = 1_000_000  # lists and mappings of one frame
_VALUES: Final = 4_000_000  # values walked before a suspicious frame is refused
_STARTS: Final = bytes([*range(0x80, 0xA0), *range(0xDC, 0xE0)])

# First byte -> bytes that follow it: all of them, or those that hold the length of the rest.
_FIXED: Final = {
    **dict.fromkeys((0xC0, 0xC2, 0xC3), 0),
    **{0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8},
    **{0xD4: 2, 0xD5: 3, 0xD6: 5, 0xD7: 9, 0xD8: 17},
}
_SIZED: Final = {0xC4: 1, 0xC5: 2, 0xC6: 4, 0xD9: 1, 0xDA: 2, 0xDB: 4}
_EXTENSION: Final = {0xC7: 1, 0xC8: 2, 0xC9: 4}


def too_heavy(body: bytes) -> bool:
    """Tell whether a body holds more lists and mappings than `CONTAINERS`.

    Bytes that cannot begin a container are most of what is sent, so nearly every frame is
    let through by one count; only the rest is walked.
    """
    if len(body) <= CONTAINERS:
        return False
    if len(body) - len(body.translate(None, _STARTS)) <= CONTAINERS:
        return False
    return _walk(body)


def _walk(body: bytes) -> bool:
    place = containers = 0
    end = len(body)
    for _ in range(_VALUES):
        if place >= end:
            return False
        first = body[place]
        place += 1
        if first < 0x80 or first >= 0xE0:
            continue
        if first < 0xA0 or first >= 0xDC:
            containers += 1
            if containers > CONTAINERS:
                return True
            if first >= 0xDC:
                place += 2 if first in {0xDC, 0xDE} else 4
        elif first < 0xC0:
            place += first & 0x1F
        elif first in _FIXED:
            place += _FIXED[first]
        else:
            size = _SIZED.get(first) or _EXTENSION.get(first, 0)
            place += size + int.from_bytes(body[place : place + size], "big")
            place += first in _EXTENSION
    return True
