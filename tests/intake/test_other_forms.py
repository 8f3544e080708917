"""A secret is found in whatever form a program would still read it, and under its name wherever that stands."""

from __future__ import annotations

import ast
import base64
import json
import time
from dataclasses import asdict

import pytest

from modelmill.normalize.language import language_of
from modelmill.normalize.parsing import parse_document
from modelmill.normalize.placeholders import named_by
from modelmill.normalize.privacy import clean, clean_value
from modelmill.records import Document

KEY = "ghp_x7Kq2Lm9Zt4Vb8Nc1Rd5Wf3Hj6Ps0Ay2GeX9"
WORD = "Tr0ub4dor&3zQ"
MAIL = "marta.kowalczyk@acme-shapes.com"
WRAPPED = base64.b64encode(KEY.encode()).decode()

# The text, and what of it must be gone.
FORMS = [
    (f'x = "{KEY[:12]}" + "{KEY[12:]}"', [KEY[12:]]),
    (f'x = ("{KEY[:12]}"\n     "{KEY[12:]}")', [KEY[12:]]),
    (f"x = '{KEY[:12]}' .\n  '{KEY[12:]}';", [KEY[12:]]),
    (f"export X={KEY[:12]}\\\n{KEY[12:]}", [KEY[12:]]),
    ('x = "\\x67hp_' + KEY[4:] + '"', [KEY[4:]]),
    ('x = "\\u0067hp_' + KEY[4:] + '"', [KEY[4:]]),
    ("m = 'marta.kowalczyk\\x40acme-shapes.com'", ["marta.kowalczyk"]),
    ("mailto:marta.kowalczyk%40acme-shapes.com", ["marta.kowalczyk"]),
    ("marta.kowalczyk&#64;acme-shapes.com &commat;", ["marta.kowalczyk"]),
    ("?next=%2Fhome%2Fmarta%2Fx", ["marta"]),
    (f"token: {WRAPPED}", [WRAPPED]),
    (f'password = (\n    "{WORD}"\n)', [WORD]),
    (f'passwd: str = "{WORD}"', [WORD]),
    (f'PASSWORD: Final[str] = "{WORD}"', [WORD]),
    (f'var password string = "{WORD}"', [WORD]),
    (f'if password != "{WORD}":', [WORD]),
    (f'p = password or "{WORD}"; password = given or "{WORD}"', []),
    (f'conn.setPassword("{WORD}")', [WORD]),
    (f'requests.get(url, auth=("admin", "{WORD}"))', [WORD]),
    (f'smtp.login("admin", "{WORD}")', [WORD]),
    (f'auth: {{ user: "a", pass: "{WORD}" }}', [WORD]),
    (f"DB_PASS={WORD}", [WORD]),
    (f"echo {WORD} | sudo -S ls", [WORD]),
    (f"password: !!str {WORD}", [WORD]),
    (f"password: &anchor {WORD}", [WORD]),
    (f"password: >-\n  {WORD}", [WORD]),
    (f"db: {{user: a, password: {WORD}, port: 1}}", [WORD]),
    (f"- name: DB_PASSWORD\n  value: {WORD}", [WORD]),
    (f'{{"name": "DB_PASSWORD", "value": "{WORD}"}}', [WORD]),
    (f"| password | {WORD} |", [WORD]),
]


@pytest.mark.parametrize(("text", "gone"), FORMS, ids=lambda one: one if isinstance(one, str) else "")
def test_a_secret_in_another_form_goes(text: str, gone: list[str]) -> None:
    cleaned = clean(text)
    assert cleaned.counts
    assert not [one for one in gone if one in cleaned.text]
    assert clean(cleaned.text).text == cleaned.text


@pytest.mark.parametrize("text", [one for one, _ in FORMS if one.startswith(("x =", "password = (", "PASSWORD: "))])
def test_code_still_parses_without_it(text: str) -> None:
    if not text.endswith(";"):
        ast.parse(clean(text, placeholder="{}").text)


def told(path: str, text: str) -> str:
    """Everything that would be stored of a file."""
    language = language_of(path)
    assert language is not None
    document = Document(path, "0" * 64, "r", language.name, len(text))
    parsed = parse_document("c", document, text.encode(), named_by(b"k"))
    assert parsed.units
    return json.dumps([asdict(one) for one in [*parsed.units, *parsed.dropped]], default=dict, ensure_ascii=False)


FILES = {
    "notebook.ipynb": json.dumps({"nbformat": 4, "cells": [
        {"cell_type": "code", "source": ["print('hello there')\n", f'password = "{WORD}"'],
         "outputs": [{"text": [KEY]}]},
        {"cell_type": "markdown", "source": ["# Whom to ask\n", MAIL]}]}),
    "props.tsx": f'export const A = () => <Login apiKey="{KEY}" password="{WORD}" title="Sign in here, {MAIL}" />\n',
    "anchor.yaml": f"base: &base\n  description: what all share\n  password: &p {WORD}\nother: *base\n",
    "folded.yaml": f"title: hello there\npassword: >-\n  {WORD}\n",
    "flow.yaml": f"a: {{title: hello there, password: {WORD}}}\n",
    "pods.yaml": f"title: a pod\nenv:\n  - {{description: of the shop, name: DB_PASSWORD, value: '{WORD}'}}\n",
    "api.yaml": f"openapi: 3.0.0\npaths:\n  /a/{MAIL}:\n    get:\n      summary: Say hello\n      parameters:\n"
                f"        - {{name: password, in: query, schema: {{default: '{WORD}'}}}}\n",
    "escaped.json": '{"title": "hello there", "password": "Tr0ub4dor\\u00263zQ", "k": "\\u0067hp_' + KEY[4:] + '"}',
    "keys.json": json.dumps({MAIL: {"title": "hello there", "secret": {"value": KEY}}}),
    "a.toml": f'[server]\ntitle = "hello there"\npassword = """\n{WORD}"""\n["{MAIL}"]\ndescription = "the words"\n',
    "named.py": f'import {KEY}\n\n\n@{KEY}\ndef {KEY}():\n    """Say {MAIL}."""\n    return {KEY}()\n',
}  # fmt: skip


@pytest.mark.parametrize("path", FILES)
def test_nothing_that_is_stored_of_a_file_has_it(path: str) -> None:
    said = told(path, FILES[path])
    assert not [one for one in (KEY, KEY[4:], WORD, MAIL, "Tr0ub4dor\\u0026") if one in said]


def test_a_value_is_judged_with_its_key_beside_it() -> None:
    given = {"password": WORD, "a": [{"name": "API_TOKEN", "default": "a8Kq2Lm9Zt4Vb8Nc1Rd5"}], "title": "the pass"}
    cleaned, counts = clean_value(given)
    assert cleaned == {
        "password": "<PASSWORD_1>",
        "a": [{"name": "API_TOKEN", "default": "<SECRET_1>"}],
        "title": "the pass",
    }
    assert counts == {"password": 1, "secret": 1}


@pytest.mark.parametrize("text", [
    'x = "a" + "b"', "SELECT 'a' || 'b'", "%s and %d%%, 100%25", "\\x1b[0m", "src/components/forms/fields/TextInput",
    "c29tZSBvcmRpbmFyeSB3b3JkcyBpbiBiYXNlNjQ=", "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
    "from app.home.pages import x  # src/home/page.ts", "https://host.org/home/about", "compass = 'north-1'",
])  # fmt: skip
def test_ordinary_text_in_such_forms_stays(text: str) -> None:
    assert clean(text).text == text


@pytest.mark.parametrize("before", range(284, 308))
def test_a_view_ends_between_two_characters(before: int) -> None:
    text = f'"a\\x40b"{"y" * before} 密码：abc1234{"码" * 60}'
    assert "abc1234" not in clean(text).text


def test_columns_of_a_simple_table_are_characters() -> None:
    head, rows = "user    password   x\n======  =========  ==\n", f"aéé     s3crét!Kq  码\n码码码éé   {WORD[:9]}  é\n"
    text = head + rows + "======  =========  ==\n"
    cleaned = clean(text).text
    assert "s3crét!Kq" not in cleaned
    assert WORD[:8] not in cleaned
    assert "aéé" in cleaned


@pytest.mark.parametrize(
    "piece", ["\\x40", "%40", '" + "', "&#64;", "QUJD" * 7 + " ", '"ghp_" + "', "\\\n", "\\x67hp_"]
)
def test_four_times_as_much_of_it_takes_about_four_times_as_long(piece: str) -> None:
    def seconds(size: int) -> float:
        started = time.process_time()
        clean(piece * (size // len(piece)))
        return time.process_time() - started

    def least(size: int) -> float:
        return min(seconds(size) for _ in range(3))  # who else works on the machine only adds

    assert least(400_000) < 10 * least(100_000) + 0.1
