"""`.reuse/dep5`: a project's licences as Debian writes them down. REUSE took it over, and gives it up by 3.3.

https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/: paragraphs of fields; of those whose globs cover a
file the last holds, and of its licence the first line, which REUSE wants to be an SPDX expression.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def paragraphs(text: str) -> Iterator[tuple[list[str], str | None]]:
    """Globs and licence of each paragraph about files, in order. Raises ValueError for a line that is of no field."""
    fields: dict[str, list[str]] = {}
    for line in (*text.splitlines(), ""):
        name, colon, value = line.partition(":")
        if line.startswith("#"):
            continue
        if not line.strip():
            if globs := " ".join(fields.get("files", ())).split():
                yield globs, fields["license"][0] if "license" in fields else None
            fields = {}
        elif line[0] in " \t" and fields:
            fields[next(reversed(fields))].append(line.strip())
        elif colon and name.strip() == name:
            fields[name.lower()] = [value.strip()]
        else:
            raise ValueError("a line that belongs to no field")


def compiled(glob: str) -> Any:
    """`*` is anything, `?` one character, slashes too; what follows a backslash is itself."""
    import re2

    parts: list[str] = []
    characters = iter(glob)
    for one in characters:
        if one in "*?":
            parts.append("(?s:.*)" if one == "*" else "(?s:.)")
        else:
            parts.append(re2.escape(next(characters, one) if one == "\\" else one))
    return re2.compile("".join(parts))
