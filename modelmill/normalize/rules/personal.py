"""Personal data: how to reach a person, pay for one, find one. Documentation's own values stay.

Those are example.com and its kin (RFC 2606), private and documentation networks (RFC 5737), the 555-01xx numbers, and
the card and account numbers that payment services publish for tests. Luhn (ISO/IEC 7812) and mod 97 (ISO 13616) tell
cards and IBANs from other digits. A name by itself is not found, nor is an address that lacks its town.
"""

from __future__ import annotations

import ipaddress
import re

from modelmill.normalize.rules.identity_numbers import luhn
from modelmill.normalize.rules.rule import Rule, alone

RESERVED = ("example.com", "example.org", "example.net", ".example", ".invalid", ".test", ".localhost", ".local")
NOBODY = frozenset({"git", "noreply", "no-reply", "donotreply", "user", "username", "you", "your", "name", "email"})
TEST_CARDS = frozenset(
    {
        "4111111111111111", "4242424242424242", "4000056655665556", "5555555555554444", "5105105105105100",
        "2223003122003222", "378282246310005", "371449635398431", "6011111111111117", "6011000990139424",
        "3530111333300000", "3566002020360505", "30569309025904", "38520000023237", "4012888888881881", "4000000000000002",
    }
)  # fmt: skip
TEST_IBANS = frozenset(
    {
        "DE89370400440532013000", "GB82WEST12345698765432", "GB29NWBK60161331926819", "FR1420041010050500013M02606",
        "NL91ABNA0417164300", "CH9300762011623852957", "ES9121000418450200051332", "BE68539007547034",
    }
)  # fmt: skip
OFFICES = ("51 Franklin", "59 Temple", "675 Mass", "1 Infinite Loop", "1600 Pennsylvania", "1600 Amphitheatre")
ORDINARY = frozenset(
    {
        "user", "username", "name", "you", "me", "shared", "public", "default", "runner", "root", "admin", "test",
        "ubuntu", "vagrant", "circleci", "travis", "jenkins", "app", "node", "docker", "guest", "foo", "bar", "project",
        "your_name", "yourname", "username.here", "site", "www", "src", "work", "joe", "jdoe", "somebody", "someone",
    }
)  # fmt: skip


def _email(value: str, before: str, after: str) -> bool:
    local, _, domain = value.lower().rpartition("@")
    return not domain.endswith(RESERVED) and domain.rpartition(".")[2] in TLDS and local not in NOBODY


def _card(value: str, before: str, after: str) -> bool:
    digits = [int(c) for c in value if c.isdigit()]
    plain = "".join(map(str, digits))
    if not 13 <= len(digits) <= 19 or not alone(before, after) or len(set(digits)) < 3 or plain in TEST_CARDS:
        return False
    return luhn(digits)


def _iban(value: str, before: str, after: str) -> bool:
    packed = value.replace(" ", "")
    if not 15 <= len(packed) <= 34 or not alone(before, after) or packed in TEST_IBANS:
        return False
    return int("".join(str(int(c, 36)) for c in packed[4:] + packed[:4])) % 97 == 1


def _phone(value: str, before: str, after: str) -> bool:
    digits = "".join(c for c in value if c.isdigit())
    fictional = digits[-7:-2] == "55501" or "1234567" in digits or "5551212" in digits
    return 9 <= len(digits) <= 15 and alone(before, after) and not fictional and len(set(digits)) > 2


def _global_ip(value: str, before: str, after: str) -> bool:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    if address.version == 4 and (
        max(address.packed) < 50
        or value.startswith(("1.2.", "1.3.", "2.5."))
        or value in ("8.8.8.8", "8.8.4.4", "1.1.1.1")
    ):
        return (
            False  # a section number, a version such as 8.2.4.44, an object identifier; a resolver that everybody uses
        )
    return address.is_global and not address.is_multicast and alone(before, after) and before not in ("=", "~", "v")


def _person(value: str, before: str, after: str) -> bool:
    return value.lower() not in ORDINARY and not any(sign in value for sign in "{}<>$%*")


def _address(value: str, before: str, after: str) -> bool:
    return not value.startswith(OFFICES) and re.match(r"12?3?4? Main|1 Main|123 ", value) is None


TLDS = frozenset(
    {
        "com", "org", "net", "edu", "gov", "mil", "int", "info", "biz", "io", "dev", "ai", "app", "co", "me", "tv",
        "cloud", "tech", "online", "site", "xyz", "museum", "name", "pro", "coop", "aero", "at", "au", "be", "br",
        "ca", "ch", "cl", "cn", "cz", "de", "dk", "es", "eu", "fi", "fr", "gr", "hk", "hu", "id", "ie", "il", "in",
        "is", "it", "jp", "kr", "lt", "lu", "lv", "mx", "my", "nl", "no", "nz", "pl", "pt", "ro", "rs", "ru", "se",
        "sg", "si", "sk", "su", "th", "tr", "tw", "ua", "uk", "us", "vn", "za",
    }
)  # fmt: skip

WORD = r"[A-Z][A-Za-z'-]{1,20}"
STREET = r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Square|Terrace|Way|Close|Crescent)"
STATE = r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY])"
# Where homes lie: `src/home/page.ts` and `https://host/home/about` are nobody's.
ROOT = r"(?:(?m:^)|[^\w.-]|\b(?:var|export|net|data|mnt|media|[A-Za-z]))"
GAP = r"(?:, ?| |\\n|\r?\n[ \t#*/]*)"

# fmt: off
# ruff: noqa: E501  (a pattern broken over lines is harder to check)
PERSONAL: tuple[Rule, ...] = (
    Rule("email", r"([A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@[A-Za-z0-9][A-Za-z0-9-]{0,62}(?:\.[A-Za-z0-9-]{1,63}){0,4}\.[A-Za-z]{2,12})\b", ("@",), _email),
    Rule("email", r"(?i)([a-z0-9][a-z0-9._%+-]{0,63} ?(?:\[at\]|\(at\)|<at>| at ) ?[a-z0-9][a-z0-9-]{0,62} ?(?:\[dot\]|\(dot\)|<dot>| dot ) ?[a-z]{2,12})\b", ("dot",)),
    Rule("card", r"\b((?:4\d|5[1-5]|2[2-7]|3[0-9]|6[0245])\d{2}[ -]?(?:\d{4}[ -]?\d{4}[ -]?\d{1,7}|\d{6}[ -]?\d{4,5}))\b", (), _card),
    Rule("iban", r"\b([A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?)\b", (), _iban),
    Rule("phone", r"(\+[1-9]\d{0,2}[ .-]\(?\d{1,4}\)?(?:[ .-]?\d{2,5}){1,4}|\+[1-9]\d{10,14})\b", ("+",), _phone),
    Rule("phone", r"(\(\d{3}\) ?\d{3}[ .-]\d{4}|\b[2-9]\d{2}[-.][2-9]\d{2}[-.]\d{4})\b", (), _phone),
    Rule("phone", r"(?i)\b(?:tel|phone|fon|mobile|fax|call)[a-z]{0,8}[\"']?[.:= ]{1,4}[\"']?(0\d{1,5}[ /.-]\d{2,5}(?:[ .-]?\d{2,5}){0,3})\b", ("tel", "phone", "fon", "mobil", "fax", "call"), _phone),
    Rule("ip", r"\b(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})\b", (".",), _global_ip),
    Rule("ip", r"\b([23][0-9a-fA-F]{3}:(?:[0-9a-fA-F]{0,4}:){1,6}[0-9a-fA-F]{0,4})", (":",), _global_ip),
    Rule("user", rf"(?:{ROOT}/home/|{ROOT}/Users/|[A-Za-z]:\\{{1,2}}Users\\{{1,2}})([A-Za-z0-9][A-Za-z0-9._-]{{0,63}})", ("/home/", "Users"), _person),
)

ADDRESSES: tuple[Rule, ...] = (
    Rule("postal_address", rf"\b(\d{{1,5}} (?:[NSEW]\.? )?{WORD}(?: {WORD}){{0,2}} {STREET}\.?(?:,? (?:Apt|Suite|Unit|Flat|#)\.? ?\w{{1,5}})?{GAP}{WORD}(?: {WORD}){{0,2}}{GAP}{STATE}{GAP}\d{{5}}(?:-\d{{4}})?)\b", (), _address),
    Rule("postal_address", rf"\b(\d{{1,4}}[a-zA-Z]? {WORD}(?: {WORD}){{0,2}} {STREET}{GAP}{WORD}(?: {WORD}){{0,2}}{GAP}[A-Z]{{1,2}}\d[A-Z\d]? \d[A-Z]{{2}})\b", (), _address),
    Rule("postal_address", rf"\b([A-Z][a-zà-ÿ-]{{1,30}}(?:stra(?:ß|ss)e|str\.|weg|platz|allee|gasse|ring|damm|ufer) \d{{1,4}} ?[a-z]?{GAP}(?:[AD]-)?\d{{5}} [A-Z][a-zà-ÿ-]{{1,30}})", ("str", "weg", "platz", "allee", "gasse", "ring", "damm", "ufer")),
    Rule("postal_address", rf"\b(\d{{1,4}}(?: bis| ter)?,? (?i:rue|avenue|boulevard|place|chemin|impasse|quai) [A-Za-zÀ-ÿ'-]{{1,30}}(?: [A-Za-zÀ-ÿ'-]{{1,30}}){{0,4}}{GAP}\d{{5}} [A-Z][A-Za-zÀ-ÿ-]{{1,30}})"),
)
# fmt: on
