"""Numbers that states give to persons, told by the word beside them: of more countries, and by words in other scripts.

Checksums as published by the issuing offices; those of several countries are collected in python-stdnum's sources.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from modelmill.normalize.rules.identity_numbers import anything, by_word, digits_of, luhn, number, said, weighted
from modelmill.normalize.rules.rule import Check, Rule, alone


def written(kind: str, words: str, value: str, holds: Check, end: str = r"\b") -> Rule:
    """The same as `by_word` for words in another script, whose letters are none for a pattern: they have no borders."""
    each = words.split("|")
    signs = tuple(each) if all(re.escape(one) == one for one in each) else ()
    return Rule(kind, rf"(?:{words})[^\n\d]{{0,30}}?\b({value}){end}", signs, holds)


def _elevens(weights: Sequence[int], ten: int = 0) -> Check:
    """The last digit makes the weighted sum a multiple of 11; where that would be 10 it is `ten`."""

    def holds(value: str, before: str, after: str) -> bool:
        digits = digits_of(value)
        rest = -weighted(digits[: len(weights)], weights) % 11
        return len(digits) > len(weights) and digits[len(weights)] == (ten if rest == 10 else rest)

    return holds


def _nif(value: str, before: str, after: str) -> bool:
    digits = digits_of(value)
    rest = -weighted(digits[:8], range(9, 1, -1)) % 11
    return digits[8] == (0 if rest == 10 else rest)


def _birth_number(value: str, before: str, after: str) -> bool:
    """Czech and Slovak: ten digits that 11 divides; those of before 1954 have nine and no check."""
    digits = digits_of(value)
    return len(digits) == 9 or int("".join(map(str, digits))) % 11 == 0


def _baltic(value: str, before: str, after: str) -> bool:
    digits = digits_of(value)
    rest = weighted(digits[:10], (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    if rest == 10:
        rest = weighted(digits[:10], (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    return rest == digits[10]


def _egn(value: str, before: str, after: str) -> bool:
    digits = digits_of(value)
    return weighted(digits[:9], (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10 == digits[9]


def _my_number(value: str, before: str, after: str) -> bool:
    digits = digits_of(value)
    rest = weighted(digits[:11], (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return digits[11] == (0 if rest <= 1 else 11 - rest)


def _inn(value: str, before: str, after: str) -> bool:
    digits = digits_of(value)
    first = weighted(digits[:10], (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10
    second = weighted(digits[:11], (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10
    return digits[10:] == [first, second]


def _ukrainian(value: str, before: str, after: str) -> bool:
    digits = digits_of(value)
    return weighted(digits[:9], (-1, 5, 7, 9, 4, 6, 10, 5, 7)) % 11 % 10 == digits[9]


def _taj(value: str, before: str, after: str) -> bool:
    digits = digits_of(value)
    return weighted(digits[:8], (3, 7, 3, 7, 3, 7, 3, 7)) % 10 == digits[8]


def _luhn(value: str, before: str, after: str) -> bool:
    return luhn(digits_of(value))


def _nric(value: str, before: str, after: str) -> bool:
    """Singapore's: the letter is of one row for citizens, of another for foreigners, and moved on since 2000."""
    total = weighted(digits_of(value), (2, 7, 6, 5, 4, 3, 2)) + {"T": 4, "G": 4, "M": 3}.get(value[0].upper(), 0)
    row = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "M": "KLJNPQRTUWX"}.get(value[0].upper(), "XWUTRQPNMLK")
    return row[total % 11] == value[-1].upper()


def _day_of_birth(value: str, before: str, after: str) -> bool:
    """Of somebody who may be alive; the first of January is what forms and tests begin with."""
    plain = re.sub(r"[./]", "-", value)
    year = int(max(re.findall(r"\d{4}", plain)))
    return alone(before, after) and year >= EARLIEST and not re.search(r"-0?1-0?1$|^0?1-0?1-", plain)


EARLIEST = 1920
MONTHS = (
    r"(?:jan(?:uary|uar|vier)?|feb(?:ruary|ruar)?|février|mar(?:ch|s)?|m(?:ä|a)rz|a(?:pril|vril|pr)|ma[iy]|jun[ei]?|juin|jul[yi]?"
    r"|juillet|aug(?:ust)?|août|sep(?:t|tember|tembre)?|o[ck]t(?:ober|obre)?|nov(?:ember|embre)?|de[cz](?:ember)?|décembre)"
)
DATE = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"  # month and day
WORDS_GATE = (
    r"(?i)(?:\b|_)(?:itin|ein|employer[ _-]?id|rrn|nif|rodn|r\.č|isikukood|asmens|egn|cui[lt]|rfc|my[ _-]?number|nric|fin\b|mykad|nik"
    r"|ktp|hkid|teudat|ird|cccd|cmnd|amka|taj|em(?:š|Š|s)o|jmbg|personas|kennitala|c(?:e|é)dula|dni|snils|inn"
    r"|date[ _-]?of[ _-]?birth|birth[ _-]?da(?:te|y)|dob|born|geboren|geburts|naissance|nacimiento|nascita)"
    r"|ЕГН|マイナンバー|個人番号|身分證|身份證|ת\.?ז|תעודת|СНИЛС|ИНН|(?:П|п)аспорт|РНОКПП|ІПН"
)

# fmt: off
# ruff: noqa: E501  (a pattern broken over lines is harder to check)
NUMBERS_BY_OTHER_WORDS: tuple[Rule, ...] = (
    by_word("us_ssn", "itin", r"9\d{2}[- ]?[5-9]\d[- ]?\d{4}", number(anything)),
    by_word("national_id", "ein|employer identification", r"\d{2}-\d{7}", number(anything)),
    by_word("national_id", "nif", r"[123]\d{2} ?\d{3} ?\d{3}", number(_nif)),
    by_word("national_id", "isikukood|asmens kodas", r"[1-6]\d{2}" + DATE + r"\d{4}", number(_baltic)),
    by_word("national_id", "cui[lt]", r"2[03467]-?\d{8}-?\d", number(_elevens((5, 4, 3, 2, 7, 6, 5, 4, 3, 2), ten=9))),
    by_word("national_id", "rfc", r"[A-Z&]{4}\d{2}" + DATE + r"[A-Z0-9]{3}", number(anything)),
    by_word("national_id", "my number", r"\d{4} ?\d{4} ?\d{4}", number(_my_number)),
    by_word("national_id", "nric|fin", r"[STFGM]\d{7}[A-Z]", number(_nric)),
    by_word("national_id", "mykad|nric|ic number", r"\d{2}" + DATE + r"-\d{2}-\d{4}", number(anything)),
    by_word("national_id", "nik|ktp", r"[1-9]\d{5}[0-7]\d(?:0[1-9]|1[0-2])\d{6}", number(anything)),
    Rule("national_id", said("hkid", r"[A-Z]{1,2}\d{6}(?:\([0-9A]\)|[0-9A])").removesuffix(r"\b"), ("hkid",), anything),
    by_word("national_id", "teudat zehut", r"\d{9}", number(_luhn)),
    by_word("national_id", "ird", r"\d{2,3}-\d{3}-\d{3}", number(anything)),
    by_word("national_id", "cccd|cmnd", r"0\d{11}", number(anything)),
    by_word("national_id", "amka", r"[0-3]\d(?:0[1-9]|1[0-2])\d{7}", number(_luhn)),
    by_word("national_id", "taj", r"\d{3} ?\d{3} ?\d{3}", number(_taj)),
    by_word("national_id", "em(?:š|Š|s)o|jmbg", r"[0-3]\d(?:0[1-9]|1[0-2])\d{9}", number(_elevens((7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)))),
    by_word("national_id", "personas kods", r"[0-3]\d[01]\d{3}-?\d{5}", number(anything)),
    by_word("national_id", "kennitala", r"[0-7]\d[01]\d{3}-?\d{4}", number(_elevens((3, 2, 7, 6, 5, 4, 3, 2)))),
    by_word("national_id", "c(?:e|é)dula", r"\d{1,3}\.\d{3}\.\d{3}(?:\.\d{3})?|\d{8,10}", number(anything)),
    by_word("national_id", "dni", r"\d{8}|\d{2}\.\d{3}\.\d{3}", number(anything)),
    by_word("national_id", "rrn", r"\d{2}" + DATE + r"\d{5}", number(lambda value, before, after: any(97 - int(c + value[:9]) % 97 == int(value[9:]) for c in ("", "2")))),
    Rule("birth_date", said("date of birth|birth date|birthday|dob|born on|geboren am|geburtsdatum|geburtstag|date de naissance|fecha de nacimiento|data di nascita", rf"(?:19|20)\d\d[./-]\d\d[./-]\d\d|\d{{1,2}}[./-]\d{{1,2}}[./-](?:19|20)\d\d|\d{{1,2}}(?:st|nd|rd|th|\.)? {MONTHS},? (?:19|20)\d\d|{MONTHS} \d{{1,2}}(?:st|nd|rd|th)?,? (?:19|20)\d\d"), ("birth", "dob", "born", "gebor", "gebur", "naissance", "nacimiento", "nascita"), _day_of_birth),
    written("national_id", "(?i:rodn)(?:é|e|ého) ?_?(?:č|c|Č|C)(?:í|i)sl(?:o|a)|r\\.č\\.", r"\d{2}[0156789]\d[0-3]\d/?\d{3,4}", number(_birth_number)),
    written("national_id", "ЕГН|(?i:egn)", r"\d{10}", number(_egn)),
    written("national_id", "マイナンバー|個人番号", r"\d{4}[ -]?\d{4}[ -]?\d{4}", number(_my_number)),
    written("national_id", "身分證|身份證", r"[A-Z][12]\d{8}", number(anything)),
    written("national_id", "身分證|身份證", r"[A-Z]{1,2}\d{6}(?:\([0-9A]\)|[0-9A])", anything, end=""),
    written("national_id", "ת\\.?\"?ז|תעודת זהות", r"\d{9}", number(_luhn)),
    written("national_id", "СНИЛС", r"\d{3}-?\d{3}-?\d{3}[ -]?\d{2}", number(anything)),
    written("national_id", "ИНН", r"\d{12}", number(_inn)),
    written("passport", "(?:П|п)аспорт", r"\d{2} ?\d{2} ?\d{6}", number(anything)),
    written("national_id", "РНОКПП|ІПН", r"\d{10}", number(_ukrainian)),
)
# fmt: on
