"""Secrets and personal data go, their look-alikes stay, and code that is cleaned is still code."""

from __future__ import annotations

import ast
import base64
import random
import re

import pytest
from linear_time import is_linear
from pydantic import SecretStr

from modelmill.normalize.parsing import FORMS
from modelmill.normalize.placeholders import keyed
from modelmill.normalize.privacy import Cleaned, clean, clean_value, find
from modelmill.settings import Settings

A36, A40 = "Ab3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6", "Ab3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6kL9n"

SECRETS = {
    "aws_key": "AKIAIOSFODNN7ABCDEFG",
    "github_token": f"ghp_{A36}",
    "gitlab_token": "glpat-" + A36[:20],
    "slack_token": "xoxb-123456789012-" + A36[:20],
    "stripe_key": "sk_live_" + A36[:24],
    "google_key": "AIza" + A36[:35],
    "ai_key": "sk-proj-" + A40,
    "npm_token": f"npm_{A36}",
    "sendgrid_key": f"SG.{A36[:22]}.{A40}",
    "mill_key": f"mk_a1b2c3d4.{A36}",
    "jwt": f"eyJ{A36}.eyJ{A36}.{A36}",
    "email": "jane.roe@acme-shapes.com",
    "card": "4539 1488 0343 6467",
    "iban": "DE68 2105 0170 0012 3456 78",
    "phone": "+49 30 9018 2045",
    "ip": "93.184.216.34",
    "user": "/home/jroe/project",
}

STAYS = [
    "you@example.org",
    "jane@mail.example.org",
    "jane@x.invalid",
    "git@github.com:a/b.git",
    "matrix = a@b.shape",
    "version 8.2.4.44, and 1.3.6.1.5.5.7.3.1",
    "127.0.0.1, 192.168.1.20, 203.0.113.9, 255.255.255.0",
    "4539 1488 0343 6468",  # one digit off: no card
    "1234567890123456",
    "DE69 2105 0170 0012 3456 78",
    "range(1000, 2000), 2024-11-20 10:20:30, 3.141592653589793",
    "(212) 555-0123",
    "password = get_password()",
    'password = "changeme-please-1"',
    'token = "{token}"',
    "/home/user/project",
    "mongodb://user:password@host/db",
    "sha256 " + "0123456789abcdef" * 4,
]


HOSTILE = [
    "a", "a.a@", "+1 2", "password", 'password="', 'password="a1b2c3d4!"; ', "eyJ", "a1@b.co ", "4539 ",
    "4539148803436467 ",    "-----BEGIN PRIVATE " + "KEY-----",
    "x://a:bcd@h ", "sk-", "2001:", "93.184.216.34 ", "523-45-6789 ", "/home/a", "é@",
    "machine a login b ", "a dot b at ", "API_KEY=\n", " ", "\n", "AK" + "IA",
]  # fmt: skip


@pytest.mark.parametrize("kind", SECRETS)
def test_each_kind_is_taken_out_and_counted(kind: str) -> None:
    cleaned = clean(f'value = "{SECRETS[kind]}"  # {SECRETS[kind]}')
    assert cleaned.counts == {kind: 1}
    assert cleaned.text.count(f"<{kind.upper()}_1>") == 2


@pytest.mark.parametrize("text", STAYS)
def test_look_alikes_stay(text: str) -> None:
    assert clean(text).text == text


@pytest.mark.parametrize("text", ["jane.roe@uni-example.org", "jane at uni-example dot org", "jane@contest.com"])
def test_only_the_reserved_domains_are_nobodys(text: str) -> None:
    assert clean(text).counts == {"email": 1}


def test_a_picture_in_base64_is_searched_without_a_word_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    picture = base64.b64encode(random.Random(1).randbytes(700_000)).decode()
    assert find(f'{{"image/png": "{picture}"}}') == []
    assert capfd.readouterr().err == ""


def test_a_private_key_leaves_its_line_ends_behind() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\n" + f"{A40}\n" * 5 + "-----END RSA PRIVATE KEY-----"
    text = f'KEY = """{key}"""\nafter = 1\n'
    cleaned = clean(text)
    assert A40 not in cleaned.text
    assert cleaned.text.count("\n") == text.count("\n")


def test_passwords_in_urls_and_assignments_go() -> None:
    text = (
        'url = "postgresql://mill:tr0ub4dor@db/x"; api_key: "q8Zr2LmX0vTa"; os.environ["SECRET_TOKEN"] = "a1B2c3D4e5F6"'
    )
    cleaned = clean(text)
    assert cleaned.counts == {"url_password": 1, "secret": 2}
    assert "postgresql://mill:<URL_PASSWORD_1>@db/x" in cleaned.text


def test_the_same_value_gets_the_same_number() -> None:
    text = "a@acme.com, b@acme.com, a@acme.com"
    assert clean(text).text == "<EMAIL_1>, <EMAIL_2>, <EMAIL_1>"


def test_within_an_installation_a_value_has_one_name_that_says_nothing_elsewhere(settings: Settings) -> None:
    here, there = keyed(settings), keyed(settings.model_copy(update={"key_pepper": SecretStr("another")}))
    first, second = clean("to a@acme.com", here).text, clean("b@acme.com and a@acme.com", here).text
    [name] = re.findall(r"<EMAIL_[a-p]{10}>", first)
    assert name in second
    assert name not in clean("to a@acme.com", there).text
    assert here("email", "a@acme.com") != here("phone", "a@acme.com").replace("PHONE", "EMAIL")


def test_cleaning_twice_changes_nothing_more() -> None:
    once = clean("\n".join(f'x = "{value}"' for value in SECRETS.values()))
    assert clean(once.text).text == once.text
    assert find(once.text) == []


def test_values_are_cleaned_all_the_way_down() -> None:
    value = {"a@acme.com": [{"text": "mail a@acme.com", "n": 1}], "none": None}
    cleaned, counts = clean_value(value)
    assert cleaned == {"<EMAIL_1>": [{"text": "mail <EMAIL_1>", "n": 1}], "none": None}
    assert counts == {"email": 2}


def test_identifiers_can_stand_for_values_where_brackets_would_not_parse() -> None:
    text = f"card = {SECRETS['card'].replace(' ', '')}\n"
    ast.parse(clean(text, placeholder="{}").text)


def test_cleaning_with_the_names_of_an_installation_leaves_nothing_to_find(settings: Settings) -> None:
    for form in FORMS:
        once = clean("\n".join(f'password = "{value}"' for value in SECRETS.values()), keyed(settings), form)
        assert find(once.text) == [], form


@pytest.mark.parametrize("piece", HOSTILE)
def test_four_times_as_much_hostile_text_takes_about_four_times_as_long(piece: str) -> None:
    assert is_linear(clean, piece, slack=0.1)


def test_a_flood_of_values_is_taken_out_as_a_whole() -> None:
    text = "".join(f"{n}@acme.com " for n in range(20_000))
    assert clean(text) == Cleaned("<FLOOD_1>", {"flood": 1})


def test_what_is_harmless_alone_is_still_taken_out_under_a_name() -> None:
    words = "correct-horse-battery-71"
    for _ in range(2):  # the second time it is known
        assert clean_value({"title": words, "parts": [words]})[0] == {"title": words, "parts": [words]}
        assert words not in str(clean_value({"password": words})[0])
        assert words not in str(clean_value({"name": "DB_PASSWORD", "value": words})[0])
