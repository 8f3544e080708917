"""What git's patterns match, as RE2 writes it: byte for byte what `wildmatch.c` and `dir.c` of git 2.39 do
(https://github.com/git/git).

A pattern is about the path itself: a folder that is left out takes what lies in it with it because nobody asks there.
So `*`, `!*/`, `!*.py` take the Python files of all folders, which libraries that look at a path as a whole get wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MARK = b"\xef\xbb\xbf"  # of UTF-8; editors of Windows write it
SPECIAL = b"*?[\\"
SLASH = ord("/")
CLASSES = {  # without `/`, which no bracket stands for
    "alnum": b"0-9A-Za-z", "alpha": b"A-Za-z", "blank": b" \\t", "cntrl": b"\\x00-\\x1f\\x7f", "digit": b"0-9",
    "graph": b"!-.0-~", "lower": b"a-z", "print": b" -.0-~", "punct": b"!-.:-@\\[-`{-~", "space": b" \\t\\n\\r",
    "upper": b"A-Z", "xdigit": b"0-9A-Fa-f",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pattern:
    """written: for RE2, about the whole path. folders: whether it is about folders only. excepts: begins with `!`."""

    written: bytes
    folders: bool
    excepts: bool


class NoPatternError(ValueError):
    """It matches nothing, as a bracket that is never closed."""


def lines_of(content: bytes) -> Iterator[bytes]:
    """The lines with a pattern in them, as git cuts them; of a line with a NUL what stands before it."""
    for line in content.removeprefix(MARK).split(b"\n"):
        written = _without_last_spaces(line.removesuffix(b"\r").partition(b"\0")[0])
        if written and not written.startswith(b"#"):
            yield written


def _without_last_spaces(line: bytes) -> bytes:
    bare = line.rstrip(b" ")
    escapes = len(bare) - len(bare.rstrip(b"\\"))
    return line[: len(bare) + 1] if escapes % 2 else bare


def pattern_of(line: bytes) -> Pattern | None:
    """What a line says; None if it matches nothing."""
    excepts, folders = line.startswith(b"!"), line.endswith(b"/")
    body = line[excepts : len(line) - folders]
    try:
        if b"/" not in body:  # about a name, in whichever folder
            return Pattern(b"(?:.*/)?" + _written(body, name=True), folders, excepts) if body else None
        body = body.removeprefix(b"/")
        # What stands before the first special letter is compared by itself; git then sees a new beginning.
        plain = next((at for at, letter in enumerate(body) if letter in SPECIAL), len(body))
        return Pattern(_literal(body[:plain]) + _written(body[plain:], name=False), folders, excepts)
    except NoPatternError:
        return None


def _written(body: bytes, name: bool) -> bytes:
    """name: it is one, in which two stars are no more than one."""
    parts: list[bytes] = []
    at = 0
    while at < len(body):
        letter = body[at : at + 1]
        if letter == b"*":
            end = len(body) - len(body[at:].lstrip(b"*"))
            part, at = (b"[^/]*", end) if name else _stars(body, at, end)
        elif letter == b"[":
            part, at = _bracket(body, at + 1)
        elif letter == b"?":
            part, at = b"[^/]", at + 1
        else:
            at += letter == b"\\"
            if at == len(body):
                raise NoPatternError
            part, at = _literal(body[at : at + 1]), at + 1
        parts.append(part)
    return b"".join(parts)


def _stars(body: bytes, at: int, end: int) -> tuple[bytes, int]:
    alone = end - at > 1 and (at == 0 or body[at - 1] == SLASH)
    if alone and body[end : end + 1] == b"/":
        return b"(?:.*/)?", end + 1
    if alone and (end == len(body) or body[end : end + 2] == b"\\/"):
        return b".*", end
    return b"[^/]*", end


def _bracket(body: bytes, at: int) -> tuple[bytes, int]:
    """What stands for one letter, and where the bracket ends. at: behind its beginning."""
    negated = body[at : at + 1] in (b"!", b"^")
    at += negated
    parts: list[bytes] = []
    before, first = 0, True
    while first or body[at : at + 1] != b"]":
        part, before, at = _member(body, at, before)
        parts.append(part)
        first = False
    found = b"".join(parts)
    letter = b"[^" + found + b"/]" if negated else b"[" + found + b"]"
    return letter if found or negated else b"[^\\x00-\\xff]", at + 1


def _member(body: bytes, at: int, before: int) -> tuple[bytes, int, int]:
    """What RE2 writes for a member of a bracket, the letter that a range may begin with, and what comes behind it."""
    if body[at : at + 2] == b"[:" and (end := body.find(b"]", at + 2)) > at + 2 and body[end - 1 : end] == b":":
        found = CLASSES.get(body[at + 2 : end - 1].decode("latin-1"))
        if found is None:
            raise NoPatternError
        return found, 0, end + 1
    ranged = body[at : at + 1] == b"-" and before and at + 1 < len(body) and body[at + 1 : at + 2] != b"]"
    at += bool(ranged)
    at += body[at : at + 1] == b"\\"
    if at >= len(body):
        raise NoPatternError
    letter = body[at]
    if not ranged:
        return _letters(letter, letter), letter, at + 1
    return _letters(before, letter), 0, at + 1


def _letters(first: int, last: int) -> bytes:
    """But for `/`, which no bracket stands for; nothing where they are the wrong way round."""
    ranges = (
        [(first, min(last, SLASH - 1)), (max(first, SLASH + 1), last)] if first <= SLASH <= last else [(first, last)]
    )
    return b"".join(b"\\x%02x-\\x%02x" % (low, high) for low, high in ranges if low <= high)


def _literal(text: bytes) -> bytes:
    return b"".join(b"\\x%02x" % letter for letter in text)
