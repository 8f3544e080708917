"""SQL, shell scripts and reStructuredText: the names we find, beside those that another parser finds in the same files.

    pip install pglast sqlglot bashlex docutils
    python benchmarks/names.py postgresql FOLDER   tables, views, functions ... that are created, by its parser
    python benchmarks/names.py sql FOLDER       the same, by sqlglot
    python benchmarks/names.py bash FOLDER      functions, by bashlex
    python benchmarks/names.py shfmt FOLDER     the same, by shfmt 3.6, which must be in the path
    python benchmarks/names.py rst FOLDER       titles of sections, by docutils

Scripts without a suffix are read too. Compared per file and as often as a name comes. Files that the other parser
refuses are left out and counted, in SQL its statements too that it only passes on as text.
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from modelmill.normalize import bash, code, restructuredtext, sql
from modelmill.normalize.language import Draft, Language, language_of, language_of_script, may_be_script

SHOWN = 10
Names = Iterator[str]


def our_sql(text: str) -> Names:
    """Names of what is created, without schema and quotes."""
    for one in sql.units("a.sql", text):
        if isinstance(one, Draft) and one.signature[:6].lower() == "create":
            yield plain(one.name)


def their_sql(text: str) -> Names:
    import sqlglot
    from sqlglot import expressions as e

    for one in sqlglot.parse(text, read="postgres"):
        if isinstance(one, e.Create):
            named = one.this.find(e.Table, e.Identifier)
            yield plain(named.name if named is not None else "")


PSQL = re.compile(r"^\\.*$", re.M)  # commands of psql, and marks that it puts values in for
DATA = re.compile(r"^COPY .* FROM stdin;\n(?:.*\n)*?\\\.\n", re.M | re.I)


def their_postgresql(text: str) -> Names:
    """By PostgreSQL's own parser, of the kinds that are units of ours."""
    from pglast import parse_sql
    from pglast.enums import ObjectType

    text = PSQL.sub("", DATA.sub("", text)).replace("@extschema@", "extschema")
    for one in parse_sql(text):
        made = one.stmt
        match type(made).__name__:
            case "CreateStmt":
                yield made.relation.relname.lower()
            case "CreateForeignTableStmt":
                yield made.base.relation.relname.lower()
            case "CreateTableAsStmt":
                yield made.into.rel.relname.lower()
            case "ViewStmt":
                yield made.view.relname.lower()
            case "CreateFunctionStmt":
                yield made.funcname[-1].sval.lower()
            case "CompositeTypeStmt":
                yield made.typevar.relname.lower()
            case "CreateEnumStmt" | "CreateRangeStmt":
                yield made.typeName[-1].sval.lower()
            case "CreateDomainStmt":
                yield made.domainname[-1].sval.lower()
            case "DefineStmt" if made.kind in (ObjectType.OBJECT_TYPE, ObjectType.OBJECT_AGGREGATE):
                yield made.defnames[-1].sval.lower()
            case "IndexStmt" if made.idxname:
                yield made.idxname.lower()
            case "CreateTrigStmt" | "CreateEventTrigStmt":
                yield made.trigname.lower()
            case "RuleStmt":
                yield made.rulename.lower()
            case "CreatePolicyStmt":
                yield made.policy_name.lower()
            case _:
                pass


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


def their_shell(text: str) -> Names:
    """By mvdan's parser, as the first line says, or as bash."""
    shells = [
        "posix" if re.match(r"#!.*\b(?:sh|dash)\b", text) else "mksh" if "ksh" in text.split("\n")[0] else "bash",
        "bash",
    ]
    told = (
        subprocess.run(["shfmt", "-tojson", "-ln", one], input=text, capture_output=True, text=True) for one in shells
    )
    waiting = [json.loads(next(one.stdout for one in told if not one.returncode))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict) and node.get("Type") == "FuncDecl":
            yield node["Name"]["Value"]
        elif isinstance(node, (dict, list)):
            waiting.extend(node.values() if isinstance(node, dict) else node)


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


READERS: dict[str, tuple[str, Callable[[str], Names], Callable[[str], Names]]] = {
    "postgresql": ("sql", our_sql, their_postgresql),
    "sql": ("sql", our_sql, their_sql),
    "bash": ("bash", our_bash, their_bash),
    "shfmt": ("bash", our_bash, their_shell),
    "rst": ("restructuredtext", our_rst, their_rst),
}


def told(file: Path) -> str:
    """The language of a file, by its name or its first line."""
    if file.is_symlink() or not file.is_file():
        return ""
    found: Language | None = language_of(file.name)
    if found is None and may_be_script(file.name):
        with file.open("rb") as opened:
            found = language_of_script(opened.read(500))
    return found.name if found else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("language", choices=list(READERS))
    parser.add_argument("folder", type=Path, nargs="+")
    asked = parser.parse_args()
    language, ours, theirs = READERS[asked.language]
    logging.disable(logging.CRITICAL)
    sys.setrecursionlimit(10_000)
    same, only_ours, only_theirs, read, refused = 0, Counter[str](), Counter[str](), 0, 0
    for file in sorted(file for root in asked.folder for file in root.rglob("*") if told(file) == language):
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
