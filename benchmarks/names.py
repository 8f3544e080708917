"""SQL, shell scripts and reStructuredText: the names we find, beside those that another parser finds in the same files.

    pip install pglast sqlglot bashlex docutils
    python benchmarks/names.py postgresql FOLDER   statements that create, alter, update or delete, by its parser
    python benchmarks/names.py sql FOLDER       what is created, by sqlglot in PostgreSQL's dialect
    python benchmarks/names.py mysql FOLDER     the same in MySQL's
    python benchmarks/names.py bash FOLDER      functions, by bashlex
    python benchmarks/names.py shfmt FOLDER     the same, by shfmt 3.6, which must be in the path
    python benchmarks/names.py rst FOLDER       titles of sections, by docutils

Scripts without a suffix are read too, and no file that is too large for an intake. Compared per file and as often as
something comes: its name, and beside PostgreSQL's parser and shfmt its kind, first and last line. Files that the
other parser refuses are left out and counted, in sqlglot's case its statements too that it only passes on as text.
"""

from __future__ import annotations

import argparse
import json
import logging
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from modelmill.extract.source import MAX_FILE_BYTES
from modelmill.normalize import bash, code, restructuredtext, sql
from modelmill.normalize.language import Draft, language_of_content

SHOWN = 10


class Found(NamedTuple):
    """What a parser tells; lines from 1, 0 where one of the two does not tell them."""

    kind: str
    name: str
    first: int = 0
    last: int = 0


def named(kind: str, names: Iterable[str]) -> Iterator[Found]:
    """Names alone."""
    return (Found(kind, name) for name in names)


def our_sql(text: str) -> Iterator[Found]:
    """What is created, by its name without schema and quotes."""
    return named("created", (plain(one.name) for one in our_drafts(text) if one.signature[:6].lower() == "create"))


def our_drafts(text: str) -> Iterator[Draft]:
    return (one for one in sql.units("a.sql", text) if isinstance(one, Draft) and one.kind == "statement")


NO_UNITS = ("SEQUENCE", "SCHEMA", "DATABASE", "EXTENSION")


def their_sql(text: str, dialect: str = "postgres") -> Iterator[Found]:
    import sqlglot
    from sqlglot import expressions as e

    for one in sqlglot.parse(text, read=dialect):
        if isinstance(one, e.Create) and one.kind not in NO_UNITS:
            name = one.this.find(e.Table, e.Identifier)
            yield Found("created", plain(name.name if name is not None else ""))


KIND = re.compile(r"(create|alter|update|delete)\b", re.I)
ROUTINES = frozenset({"function", "procedure"})


def our_statements(text: str) -> Iterator[Found]:
    """Every statement but queries, without the comment above it."""
    for one in our_drafts(text):
        about = sql.ABOUT.match(one.signature)
        does = KIND.match(one.signature)
        if does is None:
            continue
        created = about["kind"].lower().split()[0] if about and about["kind"] else ""
        kind = "routine" if created in ROUTINES else created or does[1].lower()
        said: tuple[int, int] = one.meta.get("docstring_at", (0, 0))
        above = one.text[: said[1]] + re.match(r"\s*", one.text[said[1] :])[0]  # pyright: ignore[reportOptionalSubscript]
        yield Found(kind, plain(one.name), one.start_line + above.count("\n"), one.end_line)


PSQL = re.compile(r"^\\.*$", re.M)  # commands of psql, and marks that it puts values in for
DATA = re.compile(r"^COPY .* FROM stdin;\n(?:.*\n)*?\\\.\n", re.M | re.I)
BLANK = re.compile(r"(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*", re.S)
COMMENT_AFTER = re.compile(r"--[^\n]*\Z|/\*(?:(?!\*/).)*\*/\Z", re.S)


def their_statements(text: str) -> Iterator[Found]:
    """By PostgreSQL's own parser, of the kinds that are units of ours."""
    from pglast import parse_sql

    text = PSQL.sub("", DATA.sub(lambda data: "\n" * data[0].count("\n"), text)).replace("@extschema@", "extschema")
    row = at = 0
    for one in parse_sql(text):
        told = kind_and_name(one.stmt)
        if told is None:
            continue
        end = one.stmt_location + one.stmt_len if one.stmt_len else len(text)
        start = BLANK.match(text, one.stmt_location).end()  # pyright: ignore[reportOptionalMemberAccess]
        row, at = row + text.count("\n", at, start), start
        kind, name = told
        yield Found(kind, name.lower(), row + 1, row + 1 + without_comments(text[start:end]).count("\n"))


def without_comments(text: str) -> str:
    """Without those at its end."""
    text = text.rstrip("; \n\t\r\f")
    while found := COMMENT_AFTER.search(text, max(0, text.rfind("\n"))):
        text = text[: found.start()].rstrip()
    return text


def kind_and_name(made: Any) -> tuple[str, str] | None:
    from pglast.enums import ObjectType as Type

    tables = (Type.OBJECT_TABLE, Type.OBJECT_FOREIGN_TABLE)
    match type(made).__name__:
        case "CreateStmt":
            return "table", made.relation.relname
        case "CreateForeignTableStmt":
            return "table", made.base.relation.relname
        case "CreateTableAsStmt":
            return "view" if made.objtype == Type.OBJECT_MATVIEW else "table", made.into.rel.relname
        case "ViewStmt":
            return "view", made.view.relname
        case "CreateFunctionStmt":
            return "routine", made.funcname[-1].sval
        case "CompositeTypeStmt":
            return "type", made.typevar.relname
        case "CreateEnumStmt" | "CreateRangeStmt":
            return "type", made.typeName[-1].sval
        case "CreateDomainStmt":
            return "domain", made.domainname[-1].sval
        case "DefineStmt" if made.kind in (Type.OBJECT_TYPE, Type.OBJECT_AGGREGATE):
            return "type" if made.kind == Type.OBJECT_TYPE else "aggregate", made.defnames[-1].sval
        case "IndexStmt" if made.idxname:
            return "index", made.idxname
        case "CreateTrigStmt" | "CreateEventTrigStmt":
            return "trigger", made.trigname
        case "RuleStmt":
            return "rule", made.rulename
        case "CreatePolicyStmt":
            return "policy", made.policy_name
        case "AlterTableStmt" if made.objtype in tables:
            return "alter", made.relation.relname
        case "AlterObjectSchemaStmt" if made.objectType in tables:
            return "alter", made.relation.relname
        case "RenameStmt" if {made.renameType, made.relationType} & {*tables, Type.OBJECT_TABCONSTRAINT}:
            return "alter", made.relation.relname
        case "UpdateStmt" | "DeleteStmt" if made.withClause is None:
            return type(made).__name__[:6].lower(), made.relation.relname
        case _:
            return None


def plain(name: str) -> str:
    return name.rsplit(".", 1)[-1].strip('"`[]').lower()


def our_bash(text: str) -> Iterator[Found]:
    return named("function", (one.name for one in our_shell(text)))


def our_shell(text: str) -> Iterator[Found]:
    def inside(found: list[code.Definition]) -> Iterator[Found]:
        for one in found:
            yield Found("function", one.name, one.node.start_point.row + 1, one.node.end_point.row + 1)
            yield from inside(one.members)

    yield from inside(code.read(bash.GRAMMAR, text.encode()).top)


def their_bash(text: str) -> Iterator[Found]:
    """Functions that are not in another one, as ours."""
    import bashlex

    def inside(node: object) -> Iterator[str]:
        if getattr(node, "kind", "") == "function":
            yield node.name.word  # type: ignore[attr-defined]
            return
        for part in [*getattr(node, "parts", []), *getattr(node, "list", []), getattr(node, "command", None)]:
            yield from inside(part) if part is not None else ()

    for tree in bashlex.parse(text):
        yield from named("function", inside(tree))


def their_shell(text: str) -> Iterator[Found]:
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
            yield Found("function", node["Name"]["Value"], node["Pos"]["Line"], node["End"]["Line"])
        elif isinstance(node, (dict, list)):
            waiting.extend(node.values() if isinstance(node, dict) else node)


def our_rst(text: str) -> Iterator[Found]:
    found = restructuredtext._headings(text.splitlines())  # pyright: ignore[reportPrivateUsage]
    return named("title", (one.title for one in found))


def their_rst(text: str) -> Iterator[Found]:
    """Titles by docutils; its markup is taken out of ours by nobody, so those with markup are compared as written."""
    from docutils import nodes
    from docutils.core import publish_doctree

    quiet = {"report_level": 5, "halt_level": 5, "file_insertion_enabled": False, "raw_enabled": False,
             "doctitle_xform": False, "warning_stream": ""}  # fmt: skip
    for title in publish_doctree(text, settings_overrides=quiet).findall(nodes.title):
        if isinstance(title.parent, nodes.section):
            yield Found("title", " ".join(title.rawsource.split()))


Reader = Callable[[str], Iterator[Found]]
READERS: dict[str, tuple[str, Reader, Reader]] = {
    "postgresql": ("sql", our_statements, their_statements),
    "sql": ("sql", our_sql, their_sql),
    "mysql": ("sql", our_sql, partial(their_sql, dialect="mysql")),
    "bash": ("bash", our_bash, their_bash),
    "shfmt": ("bash", our_shell, their_shell),
    "rst": ("restructuredtext", our_rst, their_rst),
}


@dataclass
class Compared:
    """What both sides found, and each alone, by file; refused: files that were not compared, by the error."""

    read: int = 0
    refused: Counter[str] = field(default_factory=Counter[str])
    both: Counter[str] = field(default_factory=Counter[str])
    only_ours: Counter[tuple[str, Found]] = field(default_factory=Counter[tuple[str, Found]])
    only_theirs: Counter[tuple[str, Found]] = field(default_factory=Counter[tuple[str, Found]])


def told(file: Path) -> str:
    """The language of a file, by its name or its first line; none for one that an intake does not read."""
    if file.is_symlink() or not file.is_file() or file.stat().st_size > MAX_FILE_BYTES:
        return ""
    with file.open("rb") as opened:
        found = language_of_content(file.name, opened.read(500))
    return found.name if found else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("language", choices=list(READERS))
    parser.add_argument("folder", type=Path, nargs="+")
    parser.add_argument("--shown", type=int, default=SHOWN, help=f"differences of a side that are shown: {SHOWN}")
    asked = parser.parse_args()
    language, ours, theirs = READERS[asked.language]
    logging.disable(logging.CRITICAL)
    sys.setrecursionlimit(10_000)
    found = compare((file for root in asked.folder for file in root.rglob("*") if told(file) == language), ours, theirs)
    refused = found.refused
    print(
        f"{asked.language}: {found.read} files, {refused.total()} refused by the other parser or no UTF-8",
        dict(refused),
    )
    ours_by, theirs_by = kinds(found.only_ours), kinds(found.only_theirs)
    for kind in sorted(found.both | ours_by | theirs_by):
        print(f"  {kind}: {found.both[kind]} the same, {ours_by[kind]} only ours, {theirs_by[kind]} only theirs")
    for title, some in (("only ours", found.only_ours), ("only theirs", found.only_theirs)):
        for file, one in islice(sorted(some), asked.shown):
            print(f"    {title}: {file}: {one.kind} {one.name}, lines {one.first} to {one.last}")


def compare(files: Iterable[Path], ours: Reader, theirs: Reader) -> Compared:
    """What both find in the files, one by one."""
    found = Compared()
    for file in sorted(files):
        try:
            text = file.read_text("utf-8")
            other = Counter(theirs(text))
        except Exception as error:  # noqa: BLE001  (whatever the other parser says no with)
            found.refused[type(error).__name__] += 1
            continue
        found.read += 1
        mine = Counter(ours(text))
        found.both += Counter(one.kind for one in (mine & other).elements())
        found.only_ours += Counter({(str(file), one): n for one, n in (mine - other).items()})
        found.only_theirs += Counter({(str(file), one): n for one, n in (other - mine).items()})
    return found


def kinds(found: Counter[tuple[str, Found]]) -> Counter[str]:
    return Counter(one.kind for _, one in found.elements())


if __name__ == "__main__":
    main()
