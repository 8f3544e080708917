"""Numbers of persons, telephones and addresses as other countries write them. All the numbers are one kind, national_id.

Checksums are those that the issuing offices publish (python-stdnum's sources collect them); a number whose checksum is
weak or missing needs a word beside it. A telephone without +, a town without a postal code are found only in the forms
that are unmistakable.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from modelmill.normalize.rules.identity_numbers import anything, by_word, digits_of, luhn, number, weighted
from modelmill.normalize.rules.personal import GAP, telephone
from modelmill.normalize.rules.rule import Check, Rule


def _mod11(weights: Sequence[int]) -> Check:
    """The last digit is what the others, weighted, leave of 11; 10 counts as 0."""
    return lambda value, before, after: (
        weighted(digits_of(value)[:-1], weights) % 11 % 10 == digits_of(value)[len(weights)]
    )


def _cn(value: str, before: str, after: str) -> bool:
    total = weighted(digits_of(value[:17]), (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2))
    return "10X98765432"[total % 11] == value[17]


def _kr(value: str, before: str, after: str) -> bool:
    digits = digits_of(value)
    return (11 - weighted(digits, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)) % 11) % 10 == digits[12]


def _rut(value: str, before: str, after: str) -> bool:
    plain = value.replace(".", "").replace("-", "").upper()
    total = sum(int(c) * (2 + i % 6) for i, c in enumerate(reversed(plain[:-1])))
    return "0K987654321"[total % 11] == plain[-1]


def _be(value: str, before: str, after: str) -> bool:
    plain = "".join(map(str, digits_of(value)))
    return any(97 - int(century + plain[:9]) % 97 == int(plain[9:]) for century in ("", "2"))


def _nhs(value: str, before: str, after: str) -> bool:
    digits = digits_of(value)
    return (11 - weighted(digits, range(10, 1, -1)) % 11) % 11 == digits[9]


def _tfn(value: str, before: str, after: str) -> bool:
    return weighted(digits_of(value), (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0


def _tr(value: str, before: str, after: str) -> bool:
    digits = digits_of(value)
    return sum(digits[:10]) % 10 == digits[10] and digits[0] != 0


def _oib(value: str, before: str, after: str) -> bool:
    left, digits = 10, digits_of(value)
    for digit in digits[:10]:
        left = ((digit + left) % 10 or 10) * 2 % 11
    return (11 - left) % 10 == digits[10]


def _luhn(value: str, before: str, after: str) -> bool:
    return luhn(digits_of(value))


def _thai(value: str, before: str, after: str) -> bool:
    digits = digits_of(value)
    return (11 - weighted(digits, range(13, 1, -1)) % 11) % 10 == digits[12]


def _snils(value: str, before: str, after: str) -> bool:
    digits = digits_of(value)
    return weighted(digits, range(9, 0, -1)) % 101 % 100 == digits[9] * 10 + digits[10]


def _machine_readable(value: str, before: str, after: str) -> bool:
    """The first line of a passport: 44 characters."""
    return len(value) == 44


def _home(value: str, before: str, after: str) -> bool:
    """A street with its number, as a form has it in a field of its own; no stand-in such as `Street 1`."""
    return FIELD.search(value) is None


FIELD = re.compile(
    r"(?i)\b(?:street|line|address|room|block|page|step|main|foo|bar|example|test|sample|some|your|my|unit|floor|version|port"
    r"|level|building|section|part|column|row|item|user|node|host|device|register|offset|number)\.? \d|^\d+ (?:main|test|example|fake)\b"
    r"|^12?3?4?5? |^\d+ (?:bytes?|bits?|chars?|hours?|days?|items?|lines?|words?|characters)\b"
)
DAY = r"(?:0[1-9]|[12]\d|3[01])"
MONTH = r"(?:0[1-9]|1[0-2])"
CAPITAL = r"(?:[A-Z]|\xc3[\x80-\x9e]|\xc5[\x81\x9a\xbb\xbd])"  # as bytes of UTF-8, which the patterns run on
LETTER = r"[A-Za-z\x80-\xff'.-]"
TOWN = rf"{CAPITAL}{LETTER}{{1,30}}"
NAMED = rf"{LETTER}{{1,30}}(?: {LETTER}{{1,30}}){{0,4}}"
ROMANCE = r"(?:[Cc]alle|[Cc]/|[Aa]venida|[Aa]vda\.|[Pp]laza|[Pp]aseo|[Vv]ia|[Vv]iale|[Pp]iazza|[Cc]orso|[Rr]ua|[Aa]v\.|[Ll]argo|[Tt]ravessa)"

# Bytes in hexadecimal, one by one up to here: one of them with a letter, or two that are nothing.
BYTES = r"(?:^|\W)(?:\d[A-Fa-f]|[A-Fa-f]\d|[A-F]{2}|00 00)(?: {1,2}[0-9A-Fa-f]{2})* {1,2}$"

# fmt: off
# ruff: noqa: E501  (a pattern broken over lines is harder to check)
PLAIN_NUMBERS: tuple[Rule, ...] = (
    Rule("national_id", rf"\b([1-9]\d{{5}}(?:19|20)\d{{2}}{MONTH}{DAY}\d{{3}}[\dX])\b", (), number(_cn)),
    Rule("national_id", rf"\b(\d{{2}}{MONTH}{DAY}-[1-8]\d{{6}})\b", (), number(_kr)),
    Rule("national_id", rf"\b([A-Z][AEIOUX][A-Z]{{2}}\d{{2}}{MONTH}{DAY}[HM][A-Z]{{2}}[B-DF-HJ-NP-TV-Z]{{3}}[A-Z0-9]\d)\b", (), number(anything)),
    Rule("national_id", r"\b(\d-\d{4}-\d{5}-\d{2}-\d)\b", (), number(_thai)),
    Rule("national_id", r"\b(\d{3}-\d{3}-\d{3} \d{2})\b", (), number(_snils)),
    Rule("passport", rf"(?:(?m:^)|[\"'`\s])(?:P[A-Z<][A-Z<]{{3}}[A-Z<]{{39}}\s{{0,4}})?([A-Z0-9<]{{9}}\d[A-Z<]{{3}}\d{{2}}{MONTH}{DAY}\d[MF<]\d{{7}}[A-Z0-9<]{{14,15}}\d)(?:\W|$)", ("<<",)),
    Rule("passport", r"(?:(?m:^)|[\"'`\s])(P[A-Z<][A-Z<]{3}[A-Z]{1,36}<[A-Z<]{2,39})(?:\s|[\"'`]|$)", ("<<",), _machine_readable),
    Rule("national_id", r"\b(\d{1,2}\.\d{3}\.\d{3}-[\dkK])\b", (), number(_rut)),
    Rule("national_id", rf"\b(\d{{2}}\.{MONTH}\.{DAY}-\d{{3}}\.\d{{2}})\b", (), number(_be)),
)
NUMBERS_BY_A_WORD: tuple[Rule, ...] = (
    by_word("us_ssn", "ssn|social security", r"\d{9}|\d{3} \d{2} \d{4}", number(anything)),
    by_word("br_cpf", "cpf", r"\d{11}", number(anything)),
    by_word("passport", "passport|passnummer|reisepass", r"[CFGHJKLMNPRTVWXYZ](?:\d[0-9CFGHJKLMNPRTVWXYZ]{7}|[0-9CFGHJKLMNPRTVWXYZ]{6}\d[0-9CFGHJKLMNPRTVWXYZ])\d?|[A-Z]\d{2}[A-Z]\d{2}[A-Z]\d{2}", number(anything)),
    by_word("national_id", "pan", r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]", number(anything)),
    by_word("national_id", "nhs", r"\d{3} ?\d{3} ?\d{4}", number(_nhs)),
    by_word("national_id", "tfn|tax file number", r"\d{3} ?\d{3} ?\d{3}", number(_tfn)),
    by_word("national_id", "medicare", r"[2-6]\d{3} ?\d{5} ?\d", number(anything)),
    by_word("national_id", "kimlik|tckn", r"\d{11}", number(_tr)),
    by_word("national_id", "oib", r"\d{11}", number(_oib)),
    by_word("national_id", "cnp", r"[1-8]\d{12}", number(_mod11((2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)))),
    by_word("national_id", "egn", r"\d{10}", number(_mod11((2, 4, 8, 5, 10, 9, 7, 3, 6)))),
    by_word("national_id", "sv-?nr|sv-nummer|sozialversicherungsnummer|versicherungsnummer", r"\d{4} ?\d{6}|\d{8}[A-Z]\d{3}", number(anything)),
    by_word("national_id", "(?:sa |south african )?id number|rsa id", r"\d{2}(?:0[1-9]|1[0-2])[0-3]\d{8}", number(_luhn)),
    by_word("national_id", "rijksregister|national number|numéro national|niss|insz", r"\d{11}", number(_be)),
    by_word("national_id", "ppsn?", r"\d{7}[A-W][A-IW]?", number(anything)),
    by_word("national_id", "driver'?s? licen[cs]e|driving licen[cs]e", r"[A-Z]{1,5}\d{6,10}[A-Z0-9]{0,5}", number(anything)),
)
TELEPHONES: tuple[Rule, ...] = (
    Rule("phone", r"(?:手机|手機|电话|電話|携帯|휴대폰|전화|тел\.?|телефон)[^\n\d+]{0,8}(1[3-9]\d{9}|[08](?:[ -]?\(?\d{1,4}\)?){2,5})\b", ("手", "电话", "電話", "携帯", "휴대폰", "전화", "тел"), telephone),
    Rule("phone", r"\b(0[1-9](?:[ .]\d{2}){4})\b", (), telephone, unless=BYTES, reach=50),
    Rule("phone", r"(?:(?m:^)|[^\d ]|\D )(00[1-9]\d{0,2}[ /-](?:\(0\) ?)?\(?[1-9]\d{0,3}\)?[ /-]\d{3,8}(?:[ -]\d{2,5})?)\b", ("00",), telephone),
    Rule("phone", r"\b(020 \d{4} \d{4}|0(?:1\d|7\d)\d{2} \d{6}|011\d \d{3} \d{4}|01\d1 \d{3} \d{4}|07\d{3} \d{3} \d{3})\b", (), telephone),
    Rule("phone", r"\b(0[5-9]0-\d{4}-\d{4})\b", (), telephone),
    Rule("phone", r"\b(01[016-9]-\d{3,4}-\d{4}|06-\d{8}|01[5-7]\d[ /-]\d{7,8}|04\d{2} \d{3} \d{3})\b", (), telephone),
    Rule("phone", r"(?i)(?:wa\.me/|whatsapp\.com/send/?\?phone=|\bsms:|\btel:)\+?(\d{9,15})\b", (), telephone),
    Rule("phone", r"\b(1[3-9]\d[ -]\d{4}[ -]\d{4})\b", (), telephone),
    Rule("phone", r"(\(\d{2}\) ?9?\d{4}-\d{4}|\(0\d{1,4}\) ?\d{3,4} ?\d{3,4}|\b8 \(\d{3}\) \d{3}-\d{2}-\d{2})\b", ("(",), telephone),
    Rule("phone", r"\b(1[-.][2-9]\d{2}[-.][2-9]\d{2}[-.]\d{4})\b", (), telephone),
    Rule("phone", r"(?i)(?:\b|_)(?:tel|tel(?:e|é)fono?|telefone|telefoon|phone|fon|mob|mobile?|m(?:o|ó)vil|handy|cell|cellulare|fax|puhelin|tlf|gsm|contact|whatsapp)(?:[ _-]?(?:nr|no|number|nummer))?[\"']?\]?(?:\.?\s{0,3}[:=]|\.)\s{0,3}[\"']?(\d{9,12}|0\d{1,5} ?[/.-]? ?\d{2,5}(?: \d{2,5}){0,3}|[1-9]\d{2}[ -]\d{6,7})\b", ("tel", "phone", "fon", "mob", "vil", "handy", "cell", "fax", "puhelin", "tlf", "gsm", "contact", "whatsapp"), telephone),
)
PLACES: tuple[Rule, ...] = (
    Rule("postal_address", rf"\b({ROMANCE} {NAMED},? (?:n\.?(?:º)? ?)?\d{{1,4}}[A-Za-z]?(?:,? \d{{1,2}}(?:º|ª|°) ?\w{{0,6}})?(?:{GAP}| - )(?:{TOWN}{GAP}){{0,4}}(?:\d{{5}} {TOWN}|\d{{5}}-\d{{3}}))"),
    Rule("postal_address", rf"\b([A-Z][a-z]{{2,25}}(?:straat|weg|laan|plein|gracht|kade|dijk|singel) \d{{1,4}}[a-z]?{GAP}\d{{4}} ?[A-Z]{{2}} {TOWN})", ("straat", "weg", "laan", "plein", "gracht", "kade", "dijk", "singel")),
    Rule("postal_address", rf"\b((?:Unter|An|Am|Auf|Im|In|Zum|Zur|Hinter|Vor|Bei|Alter?|Neuer?|Gro(?:ß|ss)er?|Kleiner?)(?: (?:der|den|dem|die|das))? {TOWN}(?: {TOWN})? \d{{1,4}} ?[a-z]?{GAP}(?:[AD]-)?\d{{4,5}} {TOWN})"),
    Rule("postal_address", rf"\b((?:ul|al|pl|os)\. {NAMED} \d{{1,4}}(?: ?[/m.]{{1,3}} ?\d{{1,4}})?{GAP}\d{{2}}-\d{{3}} {TOWN})", ("ul.", "al.", "pl.", "os.")),
    Rule("postal_address", rf"(?:\b|[\s\"'])({TOWN}(?: {TOWN}){{0,2}} \d{{1,4}}[a-z]?(?:/\d{{1,4}})?, \d{{2}}-\d{{3}} {TOWN})"),
    Rule("postal_address", rf"\b(\d{{1,5}} {NAMED}{GAP}{TOWN}{GAP}(?:AB|BC|MB|N[BLSTU]|ON|PE|QC|SK|YT),? [A-Z]\d[A-Z] ?\d[A-Z]\d)\b"),
    Rule("postal_address", rf"\b(\d{{1,5}} {NAMED}{GAP}(?:{TOWN} ){{1,3}}(?:NSW|VIC|QLD|SA|WA|TAS|ACT|NT) \d{{4}})\b", ("NSW", "VIC", "QLD", "SA", "WA", "TAS", "ACT", "NT")),
    Rule("postal_address", rf"(?:\b|[\s\"'])({CAPITAL}{LETTER}{{2,25}}(?:gatan|vägen|gata|gade|vej|veien|katu|tie) \d{{1,4}}[A-Z]?{GAP}\d{{3,5}}(?: \d{{2}})? {TOWN})", ("gat", "vägen", "gade", "vej", "veien", "katu", "tie")),
)
# Of countries whose addresses have another order, and streets in a field of their own.
FURTHER_PLACES: tuple[Rule, ...] = (
    Rule("postal_address", rf"\b({ROMANCE} {NAMED},? \d{{1,5}}{GAP}{TOWN}(?: {LETTER}{{1,30}}){{0,3}} ?[-/] ?[A-Z]{{2}}{GAP}(?:CEP )?\d{{5}}-\d{{3}})\b"),
    Rule("postal_address", rf"\b((?:(?:Flat|Plot|House|H\.? ?No\.?|Door)(?: No\.?)? ?[\w/-]{{1,8}}, )?\d{{1,4}}[A-Z]? (?:{TOWN} ){{0,3}}(?:[A-Z]{{2}} )?(?:Road|Rd|Marg|Nagar|Street|Cross|Main|Lane|Colony|Layout){GAP}(?:{TOWN}{GAP}){{1,3}}[-– ]{{0,3}}[1-9]\d{{2}} ?\d{{3}})\b"),
    Rule("postal_address", r"(〒 ?\d{3}-\d{4}\s{0,2}[^\s,;\"'<>]{6,120})", ("〒",)),
    Rule("postal_address", r"((?:[\xe4-\xe9][\x80-\xbf]{2}){2,8}(?:市|省|自治区)(?:[\xe4-\xe9][\x80-\xbf]{2}){1,14}(?:路|街|道|大街|巷|弄)\d{1,5}(?:号|號)(?:[^\s,;\"'<>]{0,30}(?:室|楼|单元|栋))?)", ("号", "號")),
    Rule("postal_address", r"((?:ул\.|улица|просп\.|пр-т|пер\.|вул\.) ?[^\n,\d\"']{3,80}, ?(?:д\.|дом|буд\.) ?\d{1,4}[^\s,\"']{0,4}(?:, ?(?:кв\.|корп\.|стр\.) ?\d{1,5}){0,3}(?:, ?(?:\d{6} ?)?[^\n,\d\"']{3,60})?)", ("ул", "просп", "пр-т", "пер.")),
    Rule("postal_address", rf"(?i:\b(?:street(?:[_ -]?address)?|(?:street|home|postal|mailing|shipping|billing)[_ -]?address(?:[_ -]?(?:line)?[_ -]?1)?|address[_ -]?(?:line)?[_ -]?1|addr1|line[_ -]?1|stra(?:ß|ss)e)[\"']?\s{{0,3}}[:=]\s{{0,3}}[\"']?)(\d{{1,5}}[a-zA-Z]? {TOWN}(?: {TOWN}){{1,3}}(?:,? (?:Apt|Suite|Ste|Unit|Flat|Apartment|#)\.? ?\w{{1,5}})?|{TOWN}(?: (?:{TOWN}|d[aeiou]s?|del|della|las?|los|el|of|the|am|an|der|den|van|von)){{0,4}}\.? \d{{1,4}}(?:/\d{{1,3}}){{0,2}} ?[a-zA-Z]?)(?:[\"'\n,;]|$)", (), _home),
)
# fmt: on
FURTHER_GATE = (
    r"〒|\d(?:号|號)|ул\.|улица|просп\.|пр-т|пер\.|вул\.|\d{5}-\d{3}\b|[a-z][-–, ]{1,3}[1-9]\d{2} ?\d{3}\b"
    r"|(?i:street|address|addr1|line[_ -]?1|stra(?:ß|ss)e)[\w -]{0,10}[\"']?\s{0,3}[:=]\s{0,3}[\"']?[\dA-Z]"
)
