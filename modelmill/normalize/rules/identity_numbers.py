"""Numbers that states give to persons. With a checksum strong enough the shape suffices; else a word must say so.

Checksums as published by the issuing offices; those of several countries are collected in python-stdnum's sources.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from modelmill.normalize.rules.rule import Check, Rule, alone

PLAIN = re.compile(r"[a-z][a-z -]*")  # words that are their own pattern
STAND_INS = frozenset(
    {"078051120", "219099999", "123456789", "111111111", "AB123456C", "12345678Z", "00000000T", "QQ123456C"}
)


def said(word: str, value: str) -> str:
    """A pattern: the value within 30 characters after a word that says what it is, alone or in a name.

    A blank of the word may be any of `national insurance`, `national_insurance` and `national-insurance`.
    """
    word = word.replace(" ", "[ _-]?")
    return rf"(?i)(?:\b|_)(?:{word})(?:\b|_|number|nummer|card|n[or]\b)[^\n]{{0,30}}?\b({value})\b"


def by_word(kind: str, words: str, value: str, holds: Check) -> Rule:
    """The rule of a value that is `said`. Where the words are plain, the beginning of each is a sign of it."""
    each = words.split("|")
    signs = tuple(one.split(" ")[0] for one in each) if all(map(PLAIN.fullmatch, each)) else ()
    return Rule(kind, said(words, value), signs, holds)


def digits_of(value: str) -> list[int]:
    """Its digits as numbers."""
    return [int(c) for c in value if c.isdigit()]


def luhn(digits: Sequence[int]) -> bool:
    """ISO/IEC 7812-1, annex B."""
    doubled = [d if i % 2 == 0 else d * 2 - 9 * (d > 4) for i, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def weighted(digits: Sequence[int], weights: Sequence[int]) -> int:
    """The sum of the digits, each times its weight; those without one do not count."""
    return sum(d * w for d, w in zip(digits, weights, strict=False))


def number(check: Check) -> Check:
    """The check, for a value that stands alone and is none of the numbers that documentation uses."""

    def holds(value: str, before: str, after: str) -> bool:
        plain = re.sub(r"[ .-]", "", value).upper()
        return alone(before, after) and plain not in STAND_INS and len(set(plain)) > 2 and check(value, before, after)

    return holds


def anything(value: str, before: str, after: str) -> bool:
    """A number that has no checksum."""
    return True


def _ssn(value: str, before: str, after: str) -> bool:
    area, group, serial = value.split("-")
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


def _steuer_id(value: str, before: str, after: str) -> bool:
    product, digits = 10, digits_of(value)
    for digit in digits[:10]:
        product = ((digit + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == digits[10]


def _nir(value: str, before: str, after: str) -> bool:
    plain = "".join(map(str, digits_of(value)))
    return len(plain) == 15 and 97 - int(plain[:13]) % 97 == int(plain[13:])


def _dni(value: str, before: str, after: str) -> bool:
    plain = value.replace("-", "").upper()
    number = plain[:-1].translate(str.maketrans("XYZ", "012"))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == plain[-1]


ODD = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)


def _codice_fiscale(value: str, before: str, after: str) -> bool:
    places = [int(c) if c.isdigit() else ord(c) - ord("A") for c in value]
    total = sum(ODD[p] if i % 2 == 0 else p for i, p in enumerate(places[:15]))
    return total % 26 == places[15]


def _pesel(value: str, before: str, after: str) -> bool:
    digits = digits_of(value)
    return -weighted(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10 == digits[10]


def _bsn(value: str, before: str, after: str) -> bool:
    return weighted(digits_of(value), (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def _cpf(value: str, before: str, after: str) -> bool:
    digits = digits_of(value)
    first = weighted(digits, range(10, 1, -1)) * 10 % 11 % 10
    second = weighted(digits, range(11, 1, -1)) * 10 % 11 % 10
    return digits[9:] == [first, second]


def _ahv(value: str, before: str, after: str) -> bool:
    digits = digits_of(value)
    return -weighted(digits, (1, 3) * 6) % 10 == digits[12]


def _hetu(value: str, before: str, after: str) -> bool:
    number = int(value[:6] + value[7:10])
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[number % 31] == value[10]


def _no(value: str, before: str, after: str) -> bool:
    digits = digits_of(value)
    first = -weighted(digits, (3, 7, 6, 1, 8, 9, 4, 5, 2)) % 11
    return digits[9:] == [first, -weighted([*digits[:9], first], (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11]


def _luhn(value: str, before: str, after: str) -> bool:
    return luhn(digits_of(value)[-10:])


# fmt: off
# ruff: noqa: E501  (a pattern broken over lines is harder to check)
IDENTITY_NUMBERS: tuple[Rule, ...] = (
    Rule("us_ssn", r"\b(\d{3}-\d{2}-\d{4})\b", (), number(_ssn)),
    Rule("fr_nir", r"\b([12] ?\d{2} ?(?:0[1-9]|1[0-2]) ?\d{2} ?\d{3} ?\d{3} ?\d{2})\b", (), number(_nir)),
    Rule("it_fiscal_code", r"\b([A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z])\b", (), number(_codice_fiscale)),
    Rule("br_cpf", r"\b(\d{3}\.\d{3}\.\d{3}-\d{2})\b", (), number(_cpf)),
    Rule("ch_ahv", r"\b(756\.\d{4}\.\d{4}\.\d{2})\b", (), number(_ahv)),
    Rule("fi_hetu", r"\b(\d{6}[-+A]\d{3}[0-9A-FHJ-NPR-Y])\b", (), number(_hetu)),
)
NUMBERS_WITH_A_WORD: tuple[Rule, ...] = (
    by_word("uk_nino", "ni|nino|ni number|national insurance", r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]", number(anything)),
    by_word("de_tax_id", "steuer-?id|steuer id(?:nr)?|steueridentifikationsnummer|steueridentnummer|steuer-?id-?nr|steuernummer|idnr|tax id", r"\d{11}|\d{2} \d{3} \d{3} \d{3}", number(_steuer_id)),
    by_word("es_dni", "dni|nif|nie", r"[XYZ]?\d{7,8}-?[A-Z]", number(_dni)),
    by_word("pl_pesel", "pesel", r"\d{11}", number(_pesel)),
    by_word("nl_bsn", "bsn|burgerservicenummer", r"\d{9}|\d{4}\.\d{2}\.\d{3}", number(_bsn)),
    by_word("in_aadhaar", "aadhaar|uidai", r"[2-9]\d{3} ?\d{4} ?\d{4}", number(anything)),
    by_word("ca_sin", "sin|social insurance", r"\d{3}[- ]\d{3}[- ]\d{3}", number(lambda value, before, after: luhn(digits_of(value)))),
    by_word("se_personal_number", "personnummer|personnr|pnr", r"(?:\d{2})?\d{6}[-+]?\d{4}", number(_luhn)),
    by_word("passport", "passport|passnummer|passeport|pasaporte|passaporto|paspoort", r"[A-Z]{0,2}\d{7,9}|\d{2}[A-Z]{2}\d{5}", number(anything)),
    by_word("national_id", "fødselsnummer|fodselsnummer|fnr", r"\d{6} ?\d{5}", number(_no)),
    by_word("national_id", "cpr|cpr-nr", r"(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d{2}-?\d{4}", number(anything)),
    by_word("national_id", "ausweis|personalausweis|ausweisnummer|personalausweisnummer", r"[A-Z][0-9CFGHJKLMNPRTVWXYZ]{8}\d?", number(lambda value, before, after: len(digits_of(value)) > 3)),
)
# fmt: on
