"""SQL of several dialects: where a statement ends, what it is about, what is said of it."""

from __future__ import annotations

import pytest
from linear_time import TRIES, seconds, takes_at_most

from modelmill.normalize import sql, statements
from modelmill.normalize.language import Draft
from modelmill.records import Dropped


def read(text: str) -> dict[str, Draft]:
    """The statements by name, without the module."""
    return {one.name: one for one in sql.units("a.sql", text) if isinstance(one, Draft) and one.kind == "statement"}


DIALECTS = {
    "a string with semicolons": ("CREATE TABLE a (b text DEFAULT 'x;''y;');\nCREATE TABLE c (d int);", ["a", "c"]),
    "a body between dollars": ("CREATE FUNCTION f() RETURNS int AS $x$ SELECT ';' $x$ LANGUAGE sql;", ["f"]),
    "a body of statements": (
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN a THEN 2 END; END;\nUPDATE t SET a=1;",
        ["f", "t"],
    ),
    "psql's commands": ("\\echo it's \\quit\nSELECT a FROM t \\gexec\nCREATE VIEW v AS SELECT 1;", ["t", "v"]),
    "data": ("COPY t FROM stdin;\nit's (\n\\.\nCREATE TABLE a (b int);", ["a"]),
    "data of many columns": (
        "COPY s.t (" + "c, " * 20 + "c) FROM stdin;\nit's\tDELETE FROM y;\n\\.\nDELETE FROM x;",
        ["x"],
    ),
    "data of psql's own command": ("\\copy t (a) FROM stdin csv\nit's;DELETE FROM y;\n\\.\nDELETE FROM x;", ["x"]),
    "a comment in a comment": ("/* a /* b */ it's */ CREATE TABLE a (b int);", ["a"]),
    "a comment with a path in it": (
        "/* db/*.sql */ CREATE TABLE a (b int);\nDELETE FROM /* it's */ x;",
        ["a", "x"],
    ),
    "an extension's schema": ("CREATE AGGREGATE @extschema@.add(int) (sfunc = f, stype = int);", ["@extschema@.add"]),
    "an escape string": (r"CREATE FUNCTION f() RETURNS text AS E'a\';b' LANGUAGE sql; DELETE FROM t;", ["f", "t"]),
    "a rule": ("CREATE RULE r AS ON DELETE TO t DO ALSO (DELETE FROM a; DELETE FROM b);", ["r"]),
    "MySQL": (
        "# it's\nCREATE TABLE `s`.`a` (b int COMMENT 'it\\'s');\nDELIMITER //\nCREATE DEFINER=`r`@`%` PROCEDURE p()\n"
        "BEGIN\n  IF a THEN SELECT 1; END IF;\n  DELETE FROM x;\nEND//\nDELIMITER ;\nCREATE TABLE c (d int);",
        ["s.a", "p", "c"],
    ),
    "a delimiter, whatever has no END": (
        "DELIMITER //\nCREATE PROCEDURE p() BEGIN BEGIN SELECT 1; END//\nCREATE PROCEDURE q() BEGIN END//\n"
        "DELIMITER ;\nCREATE PROCEDURE r() BEGIN SELECT 1;\n"
        "DELIMITER $$\nCREATE PROCEDURE s() BEGIN END$$\nDELIMITER ;\nDELETE FROM x;",
        ["p", "q", "r", "s", "x"],
    ),
    "SQLite": (
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE b SET c = 1; DELETE FROM d; END;\nCREATE INDEX i ON a (b);",
        ["t", "i"],
    ),
    "Transact-SQL": (
        "CREATE PROCEDURE [dbo].[p] AS\nBEGIN TRAN\nSELECT 1;\nCOMMIT;\nGO\nCREATE OR ALTER VIEW v AS SELECT 1\nGO\n",
        ["dbo.p", "v"],
    ),
    "Oracle": (
        "CREATE OR REPLACE PACKAGE BODY p IS\n  x int;\n  PROCEDURE q IS BEGIN NULL; END;\nEND;\n/\nDELETE FROM a;",
        ["p", "a"],
    ),
    "Oracle's own quotes": (
        "UPDATE a SET b = q'[it's; ]' || nq'(x')y)' || Q'!it's!' || q'{}' || q'é'é';\nDELETE FROM seq WHERE c = 'q''';"
        "\nCREATE VIEW q AS SELECT 'd' FROM e;",
        ["a", "seq", "q"],
    ),
    "lines of MySQL's comments": (
        "####\n# it's\nCREATE TABLE a (b int);\n#----\nUPDATE c SET d = e\n#- f\n## g\n#> h;\n#====\nDELETE FROM i;",
        ["a", "c", "i"],
    ),
    "MySQL's double quotes": (
        'UPDATE a SET b = "it\\"s; \\\\";\nDELETE FROM `c` WHERE d = "x;""\\\\" OR e = "\\\\;";\nDELETE FROM f;',
        ["a", "c", "f"],
    ),
    "a routine without its end": ("CREATE PROCEDURE p() BEGIN SELECT 1;\nCREATE TABLE a (b int);", ["p", "a"]),
    "an index without a name": ("CREATE INDEX ON a (b);\nCREATE INDEX IF NOT EXISTS i ON a (b);", ["i"]),
    "a name of nothing": ('UPDATE [ ] SET a=1;DELETE FROM " ".` `;DELETE FROM x;', ["x"]),
    "queries": (
        "WITH r AS (SELECT 1 FROM x) SELECT a IS DISTINCT FROM b, extract(year FROM c) FROM ONLY t JOIN u;\n"
        "SELECT * FROM f(1);\nINSERT INTO a SELECT * FROM b;\nWITH r AS (SELECT 1) INSERT INTO a SELECT 1 FROM r;",
        ["t"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_statement_ends_where_its_dialect_ends_it(dialect: str) -> None:
    text, names = DIALECTS[dialect]
    assert list(read(text)) == names
    assert sql.parses(text)


def test_a_routine_is_signed_with_its_parameters_and_told_with_what_it_calls() -> None:
    text = (
        "-- License.\n\n-- Adds up.\nCREATE OR REPLACE FUNCTION add(a int, -- one\n  b numeric(2, 3))\n"
        "RETURNS TABLE (c int)\n"
        "LANGUAGE plpgsql AS $$ BEGIN\n  IF a THEN PERFORM s.note(a, 'x(1)'); ELSIF b THEN CALL done(); END IF;\n"
        "  FOR r IN SELECT max(a) FROM t WHERE a IN (1) LOOP INSERT INTO u(v) VALUES (1); END LOOP;\nEND; $$;\n"
    )
    one = read(text)["add"]
    assert one.signature == "CREATE OR REPLACE FUNCTION add(a int, b numeric(2, 3)) RETURNS TABLE (c int)"
    assert (one.docstring, one.start_line, one.end_line) == ("Adds up.", 3, 10)
    assert (one.meta["calls"], one.meta["complexity"]) == (["s.note", "done", "max"], 4)


def test_a_statement_reaches_to_what_ends_it_whatever_it_ends_with() -> None:
    text = "UPDATE t SET a = 15 -- all\n;\nCREATE INDEX i ON [t]([a]) ON [PRIMARY]\nGO\nDELETE FROM u"
    assert [one.text for one in read(text).values()] == [
        "UPDATE t SET a = 15",
        "CREATE INDEX i ON [t]([a]) ON [PRIMARY]",
        "DELETE FROM u",
    ]


def test_what_has_no_end_is_left_out_with_its_line_and_what_stands_before_is_there() -> None:
    text = "CREATE TABLE a (b int);\nCREATE TABLE c (d int;\nCREATE TABLE e (f text DEFAULT 'x);\n"
    found = list(sql.units("a.sql", text))
    assert [(one.path, one.detail) for one in found if isinstance(one, Dropped)] == [
        ("(file)", "line 2"),
        ("c", "line 2"),
    ]
    assert list(read(text)) == ["a"]
    assert not sql.parses(text)


@pytest.mark.parametrize(
    "text",
    [
        "'",
        "$a$ ",
        "$a$ $b$",
        "/* ",
        "BEGIN; ",
        "CREATE FUNCTION f() BEGIN; ",
        "\nDELIMITER //",
        "SELECT 1 FROM a;\n",
        "''",
        "q'[ ",
        "q'a ",
        "q'[]' ",
        '"\\\\',
        '"\\\\" ',
        "a;",
        "a.b(",
        "/* */",
        "/* a ",
        "/* * ",
        "/* /* */ ",
    ],
)
def test_a_script_is_cut_in_time_that_grows_with_it(text: str) -> None:
    def read(script: str) -> None:
        statements.cut(script.encode())
        list(sql.units("a.sql", script))

    assert min(seconds(read, text * 5_000) for _ in range(TRIES)) < 4  # .6 at most; squared, a minute


def test_a_file_of_one_line_costs_what_one_of_many_lines_does() -> None:
    def read(text: str) -> None:
        assert sum(1 for _ in sql.units("a.sql", text)) == 30_000

    assert takes_at_most(3, read, "UPDATE a; " * 30_000, "UPDATE a;\n" * 30_000, 0)


def test_a_name_of_many_parts_costs_what_as_many_words_do() -> None:
    def read(text: str) -> None:
        assert sum(1 for _ in sql.units("a.sql", text)) == 1

    dotted, apart = (f"UPDATE t SET x = {f'a{between}' * 400_000}a;" for between in (".", " "))
    assert takes_at_most(2.5, read, dotted, apart, 0)
