"""Why an archive is not unpacked."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Hazard", "Refusal"]


class Hazard(StrEnum):
    """A rule that an archive, or one of its entries, breaks.

    Attributes:
        ABSOLUTE: An entry's path begins at a root or with a drive letter.
        DAMAGED: The archive ends early, or its own fields contradict each other.
        DEVICE: An entry is a device, a pipe or a socket.
        DUPLICATE: Two entries have one path, or paths that some file systems do not tell apart.
        EMPTY: The archive holds no file.
        ENCRYPTED: An entry is encrypted.
        ENTRIES: There are too many entries.
        LENGTH: A path, or a part of one, is too long, or nests too deeply.
        LINK: An entry is a symbolic or a hard link.
        LYING: An entry's size or checksum is not what the archive says.
        METHOD: The archive, or an entry, is stored in a way that is not read here.
        MODE: A file asks for the rights of its owner or group (setuid, setgid).
        NAME: A path holds what no portable name has: NUL, control characters, a backslash, dots
            or spaces at an end, or bytes that are not UTF-8.
        OVERLAP: Two entries share bytes of the archive.
        RATIO: It unpacks to more than a hundred times its size.
        SIZE: It, or one file in it, is too large.
        TRAVERSAL: A path leads upwards.
        UNKNOWN: The file is no archive.
    """

    ABSOLUTE = "absolute"
    DAMAGED = "damaged"
    DEVICE = "device"
    DUPLICATE = "duplicate"
    EMPTY = "empty"
    ENCRYPTED = "encrypted"
    ENTRIES = "entries"
    LENGTH = "length"
    LINK = "link"
    LYING = "lying"
    METHOD = "method"
    MODE = "mode"
    NAME = "name"
    OVERLAP = "overlap"
    RATIO = "ratio"
    SIZE = "size"
    TRAVERSAL = "traversal"
    UNKNOWN = "unknown"


class Refusal(Exception):  # noqa: N818  (it never leaves the package; an error is made of it)
    """A rule was broken; the text is the second half of a sentence."""

    def __init__(self, hazard: Hazard, text: str) -> None:
        super().__init__(text)
        self.hazard = hazard
