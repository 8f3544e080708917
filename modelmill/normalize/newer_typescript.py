"""What the grammar of TypeScript (tree-sitter-typescript 0.23.2) does not read, so written that it does.

Four things, each byte in its place, so that what is found is where it stands in the text as it is:

* variance of type parameters (`interface Pool<in out A>`, TypeScript 4.7): the words become blanks;
* types given to a tagged template (`` sql<{ id: number }>`SELECT` ``): blanks;
* overloads in a type, one a line without semicolons (`<A>(a: A): B`): the blank before the second becomes `;`;
* an ampersand in markup that begins no entity (`<b>Track & trace</b>`): `|`, which is read like it elsewhere.

It looks at words and lines alone, so it is for a file that the grammar finds errors in, and is judged by their number.
"""

from __future__ import annotations

import re

# A parameter may itself be called `in` or `out`: then one of these follows.
VARIANCE = re.compile(
    rb"(?<=[<,])\s{0,200}(?:/\*{1,2}[^*]{0,300}\*/\s{0,200})?(?:in\s{1,9}out|in|out)"
    rb"(?=\s{1,9}(?!(?:extends|as|is|of|in|instanceof|satisfies)\b)[A-Za-z_$])"
)
TAGGED = re.compile(rb"(?<=[\w$])<(?:[^<>`;]|;|<[^<>`]{0,200}>){1,200}>(?=`)")
AMPERSAND = re.compile(rb"(?<!&)&(?![&=]|#[xX][\da-fA-F]{1,6};|#\d{1,5};|[A-Za-z]{1,30};)")
SIGNATURE = re.compile(rb"[ \t]+(?:<|\((?:\.\.\.|[\w$]+\??:|$))")
ENDED = re.compile(rb"(?:[\w$\])}'\"]|(?<!=)>)$")


def rewritten(source: bytes) -> bytes:
    """The text for the parser; what one reads of it must come from `source`."""
    lines = source.split(b"\n")
    for number in _signatures(lines):
        line = lines[number]
        at = len(line) - len(line.lstrip())
        lines[number] = line[: at - 1] + b";" + line[at:]
    text = VARIANCE.sub(_blank, with_ampersands(b"\n".join(lines)))
    return TAGGED.sub(_blank, text)


def with_ampersands(source: bytes) -> bytes:
    """The text for the parser, of JavaScript too, in which ampersands stand in markup."""
    return AMPERSAND.sub(b"|", source)


def _blank(found: re.Match[bytes]) -> bytes:
    return re.sub(rb"[^\r\n]", b" ", found.group())


def _signatures(lines: list[bytes]) -> list[int]:
    """Lines that begin like a signature behind one that may have ended one; comments between do not count."""
    found: list[int] = []
    before, commented = b"", False
    for number, line in enumerate(lines):
        said = line.strip()
        if commented or said.startswith(b"/*"):
            commented = b"*/" not in said
        elif said and not said.startswith(b"//"):
            if ENDED.search(before) and SIGNATURE.match(line.rstrip()):
                found.append(number)
            before = said.partition(b" //")[0].rstrip()
    return found
