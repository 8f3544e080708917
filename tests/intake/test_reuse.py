"""Licences by REUSE 3.3: side files, REUSE.toml and dep5, with the precedence that the specification gives them."""

from __future__ import annotations

from pathlib import Path

import pytest
from intake_project import write
from linear_time import is_linear, seconds
from sqlalchemy import Engine

from modelmill.extract.stage import extract
from modelmill.licences.recognition import of_head, of_words
from modelmill.licences.reuse import MAX_GLOBS, Reuse
from modelmill.settings import Settings
from modelmill.store import corpora, documents


def table(path: str, licence: str | None, precedence: str | None = None) -> str:
    """path, licence: as they stand in TOML."""
    rows = [f"path = {path}", "SPDX-FileCopyrightText = '2031 Some Body'"]
    rows += [f"SPDX-License-Identifier = {licence}"] if licence else []
    rows += [f"precedence = '{precedence}'"] if precedence else []
    return "\n".join(("[[annotations]]", *rows, ""))


def said(path: str, own: str | None = None, **files: str) -> str | None:
    """Of the file at `path` whose head says `own`; files: REUSE.toml of the folders of these names (`top`: of all)."""
    there = {
        ("" if name == "top" else f"{name}/") + "REUSE.toml": "version = 1\n" + text for name, text in files.items()
    }
    return Reuse((name, text.encode()) for name, text in there.items()).licence_of(path, own)


@pytest.mark.parametrize(
    ("pattern", "matches", "differs"),
    [
        ("'a.py'", ("a.py",), ("x/a.py", "a.pyc")),
        ("'*.py'", ("a.py", ".py"), ("x/a.py", "a.pyx")),
        ("'src/*'", ("src/a.py",), ("src/x/a.py", "src")),
        ("'**'", ("a.py", "x/y/z.py"), ()),
        ("'src/**'", ("src/a.py", "src/x/a.py"), ("a.py",)),
        ("'src/**/a.py'", ("src/a.py", "src/x/y/a.py"), ("src/b.py",)),
        (r"'\*.py'", ("*.py",), ("a.py",)),
        (r'"\\*.py"', ("*.py",), ("a.py",)),
        (r"'\\\\a.py'", (r"\\a.py",), ("a.py",)),
        ("'a+(b).py'", ("a+(b).py",), ("aab.py",)),
        ("['a.py', 'x/*']", ("a.py", "x/b.py"), ("b.py",)),
        ("'../a.py'", (), ("a.py",)),
    ],
)
def test_a_path_covers_what_the_specification_says(
    pattern: str, matches: tuple[str, ...], differs: tuple[str, ...]
) -> None:
    config = table(pattern, "'ISC'")
    assert [path for path in (*matches, *differs) if said(path, top=config)] == list(matches)
    assert [path for path in (*matches, *differs) if said(f"in/{path}", **{"in": config})] == list(matches)


@pytest.mark.parametrize(
    ("own", "top", "inner", "licence"),
    [
        (None, table("'**'", "'MIT'"), "", "MIT"),
        ("ISC", table("'**'", "'MIT'"), "", "ISC"),
        (None, table("'**'", "'MIT'"), table("'*'", "'0BSD'", "closest"), "0BSD"),
        (None, table("'**'", "'MIT'"), table("'*'", None), "MIT"),
        ("ISC", table("'**'", "'MIT'", "aggregate"), "", "ISC AND MIT"),
        (None, table("'**'", "'MIT'", "aggregate"), table("'*'", "'0BSD'"), "0BSD AND MIT"),
        (None, table("'**'", "'MIT'", "aggregate"), "", "MIT"),
        ("GPL-3.0-only", table("'**'", "'MIT'", "override"), table("'*'", "'0BSD'"), "MIT"),
        (None, table("'**'", "'MIT'", "override"), table("'*'", "'0BSD'", "override"), "MIT"),
        ("ISC", table("'**'", "'MIT'"), table("'*'", "'0BSD'", "override"), "0BSD"),
        ("ISC", table("'**'", "'MIT'", "aggregate"), table("'*'", "'0BSD'", "override"), "0BSD AND MIT"),
        ("ISC", table("'**'", None, "override"), "", "ISC"),
        (None, table("'**'", "'MIT'") + table("'in/*'", "'GPL-3.0-only'"), "", "GPL-3.0-only"),
        ("ISC", table("'**'", "'MIT'", "override") + table("'in/*'", "'X11'"), "", "ISC"),
        (None, table("'**'", "['MIT', 'ISC OR 0BSD']"), "", "(ISC OR 0BSD) AND MIT"),
        (None, table("'**'", "'MIT, as told'"), "", "NOASSERTION"),
        (None, "", table("'*'", "'0BSD'"), "0BSD"),
        ("ISC", "", "", "ISC"),
    ],
)
def test_the_precedence_of_a_table_decides(own: str | None, top: str, inner: str, licence: str) -> None:
    assert said("in/a.py", own, top=top, **{"in": inner}) == licence
    assert said("a.py", own) == own


@pytest.mark.parametrize(
    "broken",
    [
        "[[annotations]]\npath = ",
        "annotations = 3\n",
        "[[annotations]]\npath = 1\n",
        "x = " + "[" * 100_000,
        table(f"'{'*a' * MAX_GLOBS}'", "'MIT'"),
    ],
)
def test_a_reuse_toml_that_cannot_be_read_is_no_silence_but_a_files_own_words_hold(broken: str) -> None:
    assert said("a/b.py", top=broken) == "NOASSERTION"
    assert said("a/b.py", "MIT", top=broken) == "MIT"
    assert said("a/b.py", **{"other": broken}) is None


DEP5 = """# What is not told here is told in the files.
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Files-Excluded:
 src/other

Files: *
Copyright: 2031 Some Body
License: MIT or Apache-2.0

# Fonts are others'.
Files: fonts/*.ttf fonts/README
       ic?ns/*
Copyright:
 2031 Another
 .
 2032 A third
license: OFL-1.1
 The text of the licence: of several lines.

Files: fonts/\\*.ttf
Copyright: 2031 Some Body
License: GPL-2.0-only

Files: told.c
Copyright: 2031 Some Body

License: Zlib
 A paragraph about no file.
"""


@pytest.mark.parametrize(
    ("path", "own", "licence"),
    [
        ("a.c", None, "MIT OR Apache-2.0"),
        (".github/x/a.yml", None, "MIT OR Apache-2.0"),
        ("a.c", "ISC", "ISC AND (MIT OR Apache-2.0)"),
        ("fonts/x/a.ttf", None, "OFL-1.1"),
        ("fonts/README", None, "OFL-1.1"),
        ("icons/a", None, "OFL-1.1"),
        ("ic/ns/a", None, "OFL-1.1"),
        ("fonts/*.ttf", None, "GPL-2.0-only"),
        ("told.c", "ISC", "ISC"),
    ],
)
def test_a_dep5_holds_besides_what_a_file_says(path: str, own: str | None, licence: str) -> None:
    read = ((".reuse/dep5", DEP5.encode()), ("in/.reuse/dep5", DEP5.encode()))
    assert Reuse(read[:1]).licence_of(path, own) == licence
    assert Reuse(read[1:]).licence_of(f"in/{path}", own) == licence
    assert Reuse(read[1:]).licence_of(path, own) == own


@pytest.mark.parametrize(
    "broken", [b"Files *", b" Files: *", b"Files: *\nLicense:\n MIT\n", b"Files: *\nLicense: \xff\n", b"Files: "
               + b"*a" * MAX_GLOBS + b"\nLicense: MIT\n"],
)  # fmt: skip
def test_a_dep5_that_cannot_be_read_is_no_silence(broken: bytes) -> None:
    assert Reuse([(".reuse/dep5", broken)]).licence_of("a/b.py", None) == "NOASSERTION"


def test_of_a_project_with_both_what_either_says_holds() -> None:
    both = [("REUSE.toml", table("'**'", "'0BSD'").encode()), (".reuse/dep5", DEP5.encode())]
    assert Reuse(both).licence_of("a.c", None) == "0BSD AND (MIT OR Apache-2.0)"


@pytest.mark.parametrize(
    ("head", "licence"),
    [
        ("# {s}\n# {t}: GPL-3.0-only\n# {e}\n# {t}: MIT\n", "MIT"),
        ("# {t}: MIT\n# {s}\n# {t}: GPL-3.0-only\n", "MIT"),
        ("{s} {t}: ISC\n{e} x {s} {t}: X11\n{e}\n{t}: MIT\n", "MIT"),
        ("# {s}\n# Licensed under the Apache License, Version 2.0\n# {e}\n", None),
        ("# {e}\n# {t}: MIT\n", "MIT"),
        ("{s}\n{s}\n{t}: ISC\n{e}\n{t}: MIT\n", "MIT"),
    ],
)
def test_what_is_shown_in_an_ignore_block_is_not_said(head: str, licence: str | None) -> None:
    marks = {"s": "REUSE-IgnoreStart", "e": "REUSE-IgnoreEnd", "t": "SPDX-License-Identifier"}
    assert of_head(head.format(**marks).encode()) == licence


@pytest.mark.parametrize("piece", ["REUSE-IgnoreStart", "REUSE-IgnoreStartREUSE-IgnoreEnd", "REUSE-Ignore"])
def test_many_ignore_blocks_take_linear_time(piece: str) -> None:
    assert is_linear(lambda text: of_words(text.encode()), piece)


@pytest.mark.parametrize("piece", ["Files: a\n", "Files: a\nLicense: MIT\n\n", "Files: a\n b\n c d\n", "#\n", "\n"])
def test_many_lines_of_a_dep5_take_linear_time(piece: str) -> None:
    assert is_linear(lambda text: Reuse([(".reuse/dep5", text.encode())]), piece)


def test_many_globs_take_linear_time() -> None:
    most = MAX_GLOBS // 400
    reuse = Reuse([("REUSE.toml", "".join(table(f"'{'**a' * 130}{n}'", "'MIT'") for n in range(most)).encode())])
    path = "a/" * 2000 + "b.py"
    assert reuse.licence_of(path, None) is None
    assert seconds(lambda path: reuse.licence_of(path, None), path) < 1


def test_a_file_stands_under_what_lies_beside_it_before_its_own_words(
    settings: Settings, db: Engine, tmp_path: Path
) -> None:
    tag = "SPDX-License-Identifier"
    files: dict[str, str | bytes] = {
        "REUSE.toml": table("'data/*.json'", "'CC-BY-NC-4.0'"), "LICENSE": "Ours.", "data/a.json": '{"name": "a b"}\n',
        "data/b.json": '{"name": "c d"}\n', "data/b.json.license": f"{'# x' * 2000}\n{tag}: ISC\n",
        "c.py": f"# {tag}: MIT\nx = 1\n", "c.py.license": f"{tag}: GPL-3.0-only\n", "d.py": f"# {tag}: MIT\nx = 2\n",
        "d.py.license": "SPDX-FileCopyrightText: 2031 Some Body\n",
        "gone.py.license": f"{tag}: MIT\n", "e.py": "x = 3\n",
        "old/.reuse/dep5": "Files: *\nLicense: X11\n", "old/e.py": "x = 4\n",
    }  # fmt: skip
    corpus = corpora.add(settings, db, "c", str(write(tmp_path / "c", files)), "Apache-2.0")
    extract(settings, db, corpus)
    found = {path: one.record.licence for path, one in documents.all_documents(db, corpus.id).items()}
    assert found == {
        "data/a.json": "CC-BY-NC-4.0", "data/b.json": "ISC", "c.py": "GPL-3.0-only", "d.py": "MIT", "e.py": None,
        "REUSE.toml": None, "old/e.py": "X11",
    }  # fmt: skip
    (tmp_path / "c/c.py.license").write_text(f"{tag}: 0BSD\n")
    extract(settings, db, corpora.get(db, "default", "c"))
    assert documents.all_documents(db, corpus.id)["c.py"].record.licence == "0BSD", "though c.py is at rest"
