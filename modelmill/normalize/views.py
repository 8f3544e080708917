"""A text as a program that reads it gets to see it: escapes undone, strings put together, base64 unwrapped.

A secret is the same one when it is written `"ghp_x7" + "Kq2L"`, `marta\\x40acme.com`, `marta%40acme.com` or in base64.
A view is other bytes with the way back: which places of the text a place in it stands for. All patterns run in RE2.
"""

from __future__ import annotations

import base64
import binascii
import html
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

# What stands for a printable character of ASCII: \x40, \u0040, %40, &#64;, &#x40;, &commat;
ESCAPED = (
    rb"\\x([2-7][0-9A-Fa-f])|\\u00([2-7][0-9A-Fa-f])|\\u\{0{0,4}([2-7][0-9A-Fa-f])\}|%(?:25)?([2-7][0-9A-Fa-f])"
    rb"|(&(?:#\d{2,3}|#[xX][0-9A-Fa-f]{2}|commat|period|quot|apos);)"
    rb"|\\{2,7}([\"'])"
)
# Where one string ends and goes on as another one; and a line that goes on.
QUOTES = (b'"', b"'", b"`", b"\\")  # of which each joint has one
JOINT = rb"[\"'`]\s{0,80}(?:[+.&\\]|\.\.|\|\|)?\s{0,80}(?:[rRbBfFuU]{1,2})?[\"'`]|\\\r?\n[ \t]{0,80}"
# A list of strings that are put together without anything between them, and where one ends and the next begins.
TOGETHER = (
    rb"[\"'`]{2}\.join\(\s{0,40}[\[(]([^\[\]()]+)[\])]"
    rb"|[\[{]([^\[\]{}]+)[\]}](?:\.join\([\"'`]{2}\)|\s{0,40},\s{0,40}\"\"\))"
)
COMMA = rb"[\"'`]\s{0,80},\s{0,80}[rRbBuU]?[\"'`]"
SHORTEST = 24  # characters of what wraps a text
WRAPPED = rb"[A-Za-z0-9+/_-]{%d,}={0,2}" % SHORTEST
REACH = 400  # bytes to either side of what is replaced that are looked at again
MAX_PARTS = 40_000  # .7 s of one core; more are an attack
# Programs that take a password among their words, which code hands over in a list, and what stands between the words.
PROGRAMS = (
    rb"[\[({,]\s{0,40}[\"'](?:/[\w/]{0,40}/)?(?:sudo|mysql\w{0,5}|mariadb\w{0,5}|sshpass|docker|podman|curl|wget|redis-[cs]\w{2,5}|openssl|ldap\w{1,9}|htpasswd"
    rb"|mongo\w{0,6}|cqlsh|sqlcmd|bcp|isql|zip|unzip|7z[ar]?|sqlplus|keytool|smbclient|twine|az|helm)"
    rb"[\"'](?:\s{0,40},\s{0,40}(?:[\"'][^\"'\n]*[\"']|[\w.]+))+"
)
APART = b"\n\0\n"
MAX_WRAPPED = 100_000  # bytes of one: larger ones are pictures


class FloodError(Exception):
    """More places than any code has."""


@dataclass(frozen=True, slots=True)
class Part:
    """start: where it begins in the view. of: where it stands in the text; plain: byte by byte the same there."""

    start: int
    of: tuple[int, int]
    plain: bool


@dataclass(frozen=True, slots=True)
class View:
    """data: what is searched. parts: in order; a place over a part that is not plain stands for all of it."""

    data: bytes
    parts: Sequence[Part]

    def places(self, start: int, end: int) -> list[tuple[int, int]]:
        """What a place in the view stands for in the text, in order."""
        found: list[tuple[int, int]] = []
        at = max(0, bisect_right(self.parts, start, key=lambda part: part.start) - 1)
        for part in self.parts[at:]:
            if part.start >= end:
                break
            first, last = part.of
            if part.plain:
                first, last = max(first, first + start - part.start), min(last, first + end - part.start)
            if first >= last:
                continue
            if found and found[-1][1] == first:
                found[-1] = (found[-1][0], last)
            else:
                found.append((first, last))
        return found


def unescaped(data: bytes) -> View | None:
    """Escapes undone; None where there is none."""
    if b"\\" not in data and b"%" not in data and b"&" not in data:  # what no pattern need look for
        return None
    return _with(data, ((*found.span(), _character(found)) for found in _compiled(ESCAPED).finditer(data)))


def joined(data: bytes) -> View | None:
    """Strings that follow each other as one, lines that go on as one; None where there are none."""
    if not any(sign in data for sign in QUOTES):
        return None
    return _with(data, ((*found.span(), b"") for found in _compiled(JOINT).finditer(data)))


def listed(data: bytes) -> View | None:
    """Lists whose strings a program puts together as one string each; None where there are none."""
    if b"oin(" not in data:
        return None
    within = (found.span(found.lastindex) for found in _compiled(TOGETHER).finditer(data))
    return _with(
        data, ((*one.span(), b"") for start, end in within for one in _compiled(COMMA).finditer(data, start, end))
    )


def commanded(data: bytes) -> View | None:
    """The words of a command that code hands over in a list, with blanks between them; None where there is none."""
    if b'"-' not in data and b"'-" not in data:  # an option of theirs
        return None
    spans = (found.span() for found in _compiled(PROGRAMS).finditer(data))
    commas = ((*one.span(), b" ") for start, end in spans for one in _compiled(COMMA).finditer(data, start, end))
    return _with(data, commas)


def unwrapped(data: bytes) -> View | None:
    """What is text in base64, one after the other; None where there is none."""
    if len(data) < SHORTEST:
        return None
    parts: list[Part] = []
    texts: list[bytes] = []
    at = 0
    for found in _compiled(WRAPPED).finditer(data):
        if (text := _decoded(found.group())) is not None:
            parts.append(Part(at, found.span(), plain=False))
            texts.append(text)
            at += len(text) + 1
    return View(b"\n".join(texts), parts) if parts else None


def _with(data: bytes, replaced: Iterator[tuple[int, int, bytes]]) -> View | None:
    """What stands around the replaced places, and they themselves in their other form."""
    parts: list[Part] = []
    pieces: list[bytes] = []
    at = size = 0

    def add(piece: bytes, of: tuple[int, int] | None, plain: bool) -> None:
        nonlocal size
        if of and piece:
            parts.append(Part(size, of, plain))
        pieces.append(piece)
        size += len(piece)

    def add_plain(start: int, end: int) -> None:
        if end - start > 2 * REACH:
            first = between(data, start + REACH)
            add(data[start:first], (start, first), plain=True)
            add(APART, None, plain=True)
            start = between(data, end - REACH)
        add(data[start:end], (start, end), plain=True)

    for start, end, instead in replaced:
        if len(parts) > MAX_PARTS:
            raise FloodError
        add_plain(at if pieces else between(data, max(0, start - REACH)), start)
        add(instead, (start, end), plain=False)
        at = end
    if not pieces:
        return None
    add_plain(at, between(data, min(len(data), at + REACH)))
    return View(b"".join(pieces), parts)


def between(data: bytes, at: int) -> int:
    """The place, or the next one that is not within a character."""
    while at < len(data) and data[at] & 0xC0 == 0x80:
        at += 1
    return at


def _character(found: Any) -> bytes:
    said = found.group(found.lastindex)
    if said in (b'"', b"'"):
        return said
    if said.startswith(b"&"):
        character = html.unescape(said.decode("ascii"))
        return character.encode() if character.isascii() and character.isprintable() else said
    return bytes([int(said, 16)])


def _decoded(said: bytes) -> bytes | None:
    """The text that it wraps; None if it wraps none."""
    body = said.rstrip(b"=")
    if len(body) > MAX_WRAPPED or len(body) % 4 == 1:
        return None
    try:
        # The first bytes tell nearly always: of four letters at random one in fifty is text.
        if not _is_text(base64.b64decode(body[:16], b"-_" if b"-" in body or b"_" in body else None)):
            return None
        text = base64.b64decode(body + b"=" * (-len(body) % 4), b"-_" if b"-" in body or b"_" in body else None)
    except (binascii.Error, ValueError):
        return None
    return text if _is_text(text) else None


def _is_text(content: bytes) -> bool:
    return content.isascii() and not content.translate(None, PRINTABLE)


PRINTABLE = bytes([9, 10, 13, *range(32, 127)])


@cache
def _compiled(pattern: bytes) -> Any:
    import re2

    return re2.compile(pattern)
