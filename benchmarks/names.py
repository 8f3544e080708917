"""SQL, shell scripts and reStructuredText: the names we find, beside those that another parser finds in the same files.

    pip install sqlglot bashlex docutils
    python benchmarks/names.py sql FOLDER       tables, views, indexes, functions ... that are created, by sqlglot
    python benchmarks/names.py bash FOLDER      functions, by bashlex
    python benchmarks/names.py rst FOLDER       titles of sections, by docutils

Compared per file and as often as a name comes. Files that the other parser refuses are left out and counted, in SQL its
statements too that it only passes on as text.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from modelmill.normalize import bash, code, restructuredtext, sql

SHOWN = 10
Names = Iterator[str]


def our_sql(text: str) -> Names:
    """Names of what is created, without schema and quotes."""
    for one in code.read(sql.GRAMMAR, text.encode()).top:
        if one.node.text and one.node.text.lstrip()[:6].lower() == b"create":
            yield plain(one.name)


def their_sql(text: str) -> Names:
    import sqlglot
    from sqlglot import expressions as e

    for one in sqlglot.parse(text, read="postgres"):
        if isinstance(one, e.Create):
            named = one.this.find(e.Table, e.Identifier)
            yield plain(named.name if named is not None else "")


def plain(name: str) -> str:
    return name.rsplit(".", 1)[-1].strip('"`[]').lower()


def our_bash(text: str) -> Names:
    def inside(found: list[code.Definition]) -> Names:
        for one in found:
            yield one.name
            yield from inside(one.members)

    yield from inside(code.read(bash.GRAMMAR, text.encode()).top)


def their_bash(text: str) -> Names:
    """Functions that are not in another one, as ours."""
    import bashlex

    def inside(node: object) -> Names:
        if getattr(node, "kind", "") == "function":
            yield node.name.word  # type: ignore[attr-defined]
            return
        for part in [*getattr(node, "parts", []), *getattr(node, "list", []), getattr(node, "command", None)]:
            yield from inside(part) if part is not None else ()

    for tree in bashlex.parse(text):
        yield from inside(tree)


def our_rst(text: str) -> Names:
    lines = text.splitlines()
    for one in restructuredtext._headings(lines):  # pyright: ignore[reportPrivateUsage]
        yield one.title


def their_rst(text: str) -> Names:
    """Titles by docutils; its markup is taken out of ours by nobody, so those with markup are compared as written."""
    from docutils import nodes
    from docutils.core import publish_doctree

    quiet = {"report_level": 5, "halt_level": 5, "file_insertion_enabled": False, "raw_enabled": False,
             "doctitle_xform": False, "warning_stream": ""}  # fmt: skip
    for title in publish_doctree(text, settings_overrides=quiet).findall(nodes.title):
        if isinstance(title.parent, nodes.section):
            yield " ".join(title.rawsource.split())


READERS: dict[str, tuple[tuple[str, ...], Callable[[str], Names], Callable[[str], Names]]] = {
    "sql": ((".sql",), our_sql, their_sql),
    "bash": ((".sh", ".bash"), our_bash, their_bash),
    "rst": ((".rst",), our_rst, their_rst),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("language", choices=list(READERS))
    parser.add_argument("folder", type=Path, nargs="+")
    asked = parser.parse_args()
    suffixes, ours, theirs = READERS[asked.language]
    logging.disable(logging.CRITICAL)
    sys.setrecursionlimit(10_000)
    same, only_ours, only_theirs, read, refused = 0, Counter[str](), Counter[str](), 0, 0
    for file in sorted(file for root in asked.folder for file in root.rglob("*") if file.suffix in suffixes):
        try:
            text = file.read_text("utf-8")
            other = Counter(theirs(text))
        except Exception:  # noqa: BLE001  (whatever the other parser says no with)
            refused += 1
            continue
        read += 1
        mine = Counter(ours(text))
        same += (mine & other).total()
        only_ours += Counter({f"{file.name}: {name}": n for name, n in (mine - other).items()})
        only_theirs += Counter({f"{file.name}: {name}": n for name, n in (other - mine).items()})
    print(
        f"{asked.language}: {read} files, {refused} refused by the other parser or no UTF-8; {same} names the same,",
        end=" ",
    )
    print(f"{only_ours.total()} only ours, {only_theirs.total()} only theirs")
    for title, some in (("only ours", only_ours), ("only theirs", only_theirs)):
        for name in sorted(some)[:SHOWN]:
            print(f"    {title}: {name}")


if __name__ == "__main__":
    main()
