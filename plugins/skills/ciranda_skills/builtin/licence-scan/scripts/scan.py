"""Tell which licence a text is."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

TAG = re.compile(r"SPDX-License-Identifier:\s*([A-Za-z0-9.+() -]+)")
SPACE = re.compile(r"[\W_]+")
LONGEST = 200_000
# Each licence: what its text holds, all of it, in words; a more special one takes the place of
# those that it names.
LICENCES: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("MIT", ("permission is hereby granted free of charge to any person obtaining a copy",
             "the above copyright notice and this permission notice shall be included in all"), ()),
    ("MIT-0", ("permission is hereby granted free of charge to any person obtaining a copy",
               "to whom the software is furnished to do so the software is provided as is"), ()),
    ("BSD-2-Clause", ("redistributions of source code must retain the above copyright",
                      "redistributions in binary form must reproduce the above copyright"), ()),
    ("BSD-3-Clause", ("redistributions of source code must retain the above copyright",
                      "endorse or promote products derived from this software"),
     ("BSD-2-Clause",)),
    ("ISC", ("permission to use copy modify and or distribute this software for any purpose",
             "appear in all copies"), ()),
    ("0BSD", ("permission to use copy modify and or distribute this software for any purpose "
              "with or without fee is hereby granted the software is provided",), ("ISC",)),
    ("Apache-2.0", ("apache license version 2 0",), ()),
    ("MPL-2.0", ("mozilla public license version 2 0",), ()),
    ("GPL-2.0", ("gnu general public license version 2",), ()),
    ("GPL-3.0", ("gnu general public license version 3",), ()),
    ("LGPL-2.1", ("gnu lesser general public license version 2 1",), ("GPL-2.0",)),
    ("LGPL-3.0", ("gnu lesser general public license version 3",), ("GPL-3.0",)),
    ("AGPL-3.0", ("gnu affero general public license version 3",), ("GPL-3.0",)),
    ("PSF-2.0", ("python software foundation license version 2",), ()),
    ("Unlicense", ("this is free and unencumbered software released into the public domain",), ()),
    ("Zlib", ("this software is provided as is without any express or implied warranty",
              "altered source versions must be plainly marked as such"), ()),
    ("BSL-1.0", ("boost software license version 1 0",), ()),
    ("CC0-1.0", ("cc0 1 0 universal",), ()),
)  # fmt: skip


def execute(texts: dict[str, str]) -> dict[str, Any]:
    """Return what each text is.

    Args:
        texts: Licence files, or files with a licence header, by name.
    """
    return {name: scan(text) for name, text in texts.items()}


def scan(text: str) -> dict[str, Any]:
    tags = sorted({tag.strip() for tag in TAG.findall(text[:LONGEST])})
    if tags:
        return {"licences": tags, "how": "tag"}
    words = SPACE.sub(" ", text[:LONGEST].casefold())
    found = [entry for entry in LICENCES if all(sentence in words for sentence in entry[1])]
    hidden = {name for entry in found for name in entry[2]}
    names = [entry[0] for entry in found if entry[0] not in hidden]
    return {"licences": names, "how": "words" if names else "none"}


if __name__ == "__main__":
    given = sys.stdin.buffer.read().decode("utf-8", "replace")
    try:
        texts = json.loads(given)
    except (ValueError, RecursionError):
        texts = None
    if not isinstance(texts, dict):
        texts = {"-": given}
    print(json.dumps(execute({str(name): str(text) for name, text in texts.items()})))
