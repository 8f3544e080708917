"""Lists whose name says that they hold passwords or keys, as a view (views.py): each string in one behind that name.

So is each value of a Secret of Kubernetes, whatever its key is called, behind the name `password`, and what is called
`value` or the like under a section of settings behind the section's name: `[secret]`, `value = x`.

`API_KEYS = ["x", "y"]` is read as `api_keys = "x"` and `api_keys = "y"`, which the rules for assignments judge. Lists,
sets and maps of strings in code, JSON and TOML, and lists of YAML. The name must be in the plural: what stands behind
`token = [` is mostly the parts of one thing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from modelmill.normalize.tables import MAX_ROW, Cell, behind_names
from modelmill.normalize.views import View

NAMED = (
    r"([\w.-]*(?:password|passwd|passphrase|pwd|secret|token|credential"
    r"|(?:api|access|secret|private|auth|signing|encryption)[_-]?key)s)"
)
MAX_NAME = 60  # bytes of a name, its last ones: it is said again with each string
# `= [`, `: list[str] = [`, `: [`, `:= []string{`, `= map[string]string{`, `= List.of(`, `= new String[] {`
OPENED = rf"(?i){NAMED}[\"']?\s{{0,3}}(?::[\w\[\]<>., ]{{1,30}}=|:?=|:|=>)\s{{0,3}}[\w.<>\[\] ]{{0,30}}[\[({{]"
PLURAL = rf"(?i){NAMED}[\"']?\s{{0,3}}[:=]"  # without which there is none of both
DASHED = rf"(?im)^[ \t]*(?:-[ \t]+)?[\"']?{NAMED}[\"']?:[ \t]*\r?\n((?:[ \t]*-[ \t][^\n]*(?:\n|\z))+)"

STRING = re.compile(rb"\"([^\"\\\n]*)\"|'([^'\\\n]*)'|`([^`\\\n]*)`|([\])}])")
ITEM = re.compile(rb"(?m)^[ \t]*-[ \t]+[\"']?([^\s\"'#:{}\[\]]+)[\"']?[ \t]*\r?$")
# A manifest's kind, the blocks of a Secret that hold its values, and one of these.
MANIFEST = r"(?m)^kind:[ \t]*[\"']?Secret\b"
BLOCK = r"(?m)^(?:data|stringData):[ \t]*\r?\n((?:[ \t]+[^\n]*(?:\n|\z))+)"
ENTRY = re.compile(rb"(?m)^[ \t]+[\"']?[\w.-]+[\"']?:[ \t]+[\"']?([^\s\"'#:{}\[\]|>]+)[\"']?[ \t]*\r?$")
NEXT = b"\n---"  # a document of YAML
# A section of INI or TOML that is named after what one of its lines holds, and that line.
SECTION = (
    r"(?im)^[ \t]*\[{1,2}[\"']?((?:[\w .:-]*[.:_ -])?(?:password|passwd|passphrase|pwd|secret|token"
    r"|(?:api|access|secret|private|auth|signing|encryption)[_-]?key))[\"']?\]{1,2}[ \t]*(?:[#;][^\n]*)?\r?$"
)
HEAD = re.compile(rb"(?m)^[ \t]*\[")
VALUED = re.compile(
    rb"(?im)^[ \t]*(?:value|default|content|data|current|plain(?:text)?)[ \t]*[=:][ \t]*[\"']?([^\s\"'#;]+)[\"']?[ \t]*"
    rb"(?:[#;][^\n]*)?\r?$"
)


def listed(data: bytes) -> View | None:
    """The strings in such lists, one a line; None where there is no such list."""
    if b":" not in data and b"=" not in data:
        return None
    return behind_names(data, _cells(data))


def _cells(data: bytes) -> Iterator[Cell]:
    yield from _in_manifests(data)
    yield from _in_sections(data)
    if not _compiled(PLURAL).search(data):
        return
    done = 0
    for found in _compiled(OPENED).finditer(data):
        if found.start() < done:  # a list in a list was read with it
            continue
        done = found.end() + MAX_ROW
        for item in STRING.finditer(data, found.end(), done):
            if item.lastindex == 4:
                done = item.end()
                break
            yield Cell(found.group(1)[-MAX_NAME:], item.span(item.lastindex or 0))
    for found in _compiled(DASHED).finditer(data):
        for item in ITEM.finditer(data, *found.span(2)):
            yield Cell(found.group(1)[-MAX_NAME:], item.span(1))


def _in_manifests(data: bytes) -> Iterator[Cell]:
    if b"Secret" not in data:  # found in half the time of a pattern
        return
    done = 0
    for found in _compiled(MANIFEST).finditer(data):
        if found.start() < done:
            continue
        start, end = max(data.rfind(NEXT, 0, found.start()), 0), data.find(NEXT, found.end())
        done = len(data) if end < 0 else end
        for block in _compiled(BLOCK).finditer(data, start, done):
            yield from (Cell(b"password", item.span(1)) for item in ENTRY.finditer(data, *block.span(1)))


def _in_sections(data: bytes) -> Iterator[Cell]:
    if b"]" not in data:
        return
    for found in _compiled(SECTION).finditer(data):
        after = HEAD.search(data, found.end())  # also an indented one: else each of many would be read to the end
        for item in VALUED.finditer(data, found.end(), after.start() if after else len(data)):
            yield Cell(found.group(1)[-MAX_NAME:], item.span(1))


@cache
def _compiled(pattern: str) -> Any:
    import re2

    return re2.compile(pattern.encode())
