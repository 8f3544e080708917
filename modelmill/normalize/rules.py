"""What counts as a secret or as personal data: a pattern each, and a check where the pattern alone says too little.

Kinds of keys as published by their makers; Luhn (ISO/IEC 7812) and mod 97 (ISO 13616) tell cards and IBANs from other
digits. Documentation's own values stay: example.com, private and documentation networks, the 555-01xx numbers.
"""

from __future__ import annotations

import ipaddress
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """Group 1 of the pattern is the value, the whole match if it has no group. holds: (value, before, after) -> is it?

    before and after are the neighbouring characters, because RE2 has no look-around.
    """

    kind: str
    pattern: str
    holds: Callable[[str, str, str], bool] = lambda value, before, after: True


PLACEHOLDER_WORDS = (
    "example", "changeme", "change_me", "placeholder", "your_", "your-", "xxxx", "dummy", "redacted", "****", "....",
)  # fmt: skip


def _random_looking(value: str, before: str, after: str) -> bool:
    """Letters and digits mixed, 3 bits a character or more, no word that says it is a stand-in, no template."""
    lower = value.lower()
    if any(word in lower for word in PLACEHOLDER_WORDS) or any(sign in value for sign in "{}<>$%()[]"):
        return False
    kinds = sum(any(test(c) for c in value) for test in (str.isdigit, str.islower, str.isupper))
    return kinds >= 2 and any(c.isdigit() for c in value) and entropy(value) >= 3.0


def _password(value: str, before: str, after: str) -> bool:
    lower = value.lower()
    return lower not in {"password", "passwd", "secret", "pass", "pwd", "pw", "port", "xxx", "token"} and not (
        any(word in lower for word in PLACEHOLDER_WORDS) or any(sign in value for sign in "{}<>$%()[]*")
    )


def entropy(value: str) -> float:
    """Shannon's, in bits a character."""
    counts = Counter(value).values()
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts)


def _alone(before: str, after: str) -> bool:
    return not (before.isalnum() or before in tuple("_-.+") or after.isalnum() or after in tuple("_-"))


def _email(value: str, before: str, after: str) -> bool:
    domain = value.rpartition("@")[2].lower()
    reserved = ("example.com", "example.org", "example.net", ".example", ".invalid", ".test", ".localhost", ".local")
    return not domain.endswith(reserved) and domain.rpartition(".")[2] in TLDS and not value.startswith("git@")


def _card(value: str, before: str, after: str) -> bool:
    digits = [int(c) for c in value if c.isdigit()]
    if not 13 <= len(digits) <= 19 or not _alone(before, after) or len(set(digits)) < 3:
        return False
    doubled = [d if i % 2 == 0 else d * 2 - 9 * (d > 4) for i, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _iban(value: str, before: str, after: str) -> bool:
    packed = value.replace(" ", "")
    if not 15 <= len(packed) <= 34 or not _alone(before, after):
        return False
    return int("".join(str(int(c, 36)) for c in packed[4:] + packed[:4])) % 97 == 1


def _phone(value: str, before: str, after: str) -> bool:
    digits = "".join(c for c in value if c.isdigit())
    fictional = digits[-7:-2] == "55501"
    return 9 <= len(digits) <= 15 and _alone(before, after) and not fictional and len(set(digits)) > 2


def _global_ip(value: str, before: str, after: str) -> bool:
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    if address.version == 4 and max(address.packed) < 50:  # a section number or a version, 8.2.4.44
        return False
    return address.is_global and not address.is_multicast and _alone(before, after) and before not in ("=", "~", "v")


def _person(value: str, before: str, after: str) -> bool:
    return value.lower() not in ORDINARY and not any(sign in value for sign in "{}<>$%*")


ORDINARY = frozenset(
    {
        "user", "username", "name", "you", "me", "shared", "public", "default", "runner", "root", "admin", "test",
    }
)  # fmt: skip

TLDS = frozenset(
    {
        "com", "org", "net", "edu", "gov", "mil", "int", "info", "biz", "io", "dev", "ai", "app", "co", "me", "tv",
        "cloud", "tech", "online", "site", "xyz", "museum", "name", "pro", "coop", "aero", "at", "au", "be", "br",
        "ca", "ch", "cl", "cn", "cz", "de", "dk", "es", "eu", "fi", "fr", "gr", "hk", "hu", "id", "ie", "il", "in",
        "is", "it", "jp", "kr", "lt", "lu", "lv", "mx", "my", "nl", "no", "nz", "pl", "pt", "ro", "rs", "ru", "se",
        "sg", "si", "sk", "su", "th", "tr", "tw", "ua", "uk", "us", "vn", "za",
    }
)  # fmt: skip

ASSIGNED = (
    r"""(?i)(?:password|passwd|pwd|secret|token|api[_-]?key|apikey|access[_-]?key|private[_-]?key|credentials?)"""
    r"""[A-Za-z0-9_-]{0,24}["']?\]?\s{0,4}(?::=|=>|=|:)\s{0,4}[bBrRuU]?["'`]([^"'`\s]{8,200})["'`]"""
)

# fmt: off
# ruff: noqa: E501  (a pattern broken over lines is harder to check)
RULES: tuple[Rule, ...] = (
    Rule("private_key", r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]{20,}?-----END [A-Z0-9 ]{0,40}-----"),
    Rule("aws_key", r"\b((?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA|ANVA)[A-Z2-7]{16})\b"),
    Rule("aws_secret", r"(?i)aws[a-z0-9_ .-]{0,20}(?:secret|sk)[a-z0-9_ .-]{0,20}[\"']?\s{0,3}[=:]\s{0,3}[\"']?([A-Za-z0-9/+]{40})\b"),
    Rule("github_token", r"\b(gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})\b"),
    Rule("gitlab_token", r"\b(gl(?:pat|dt|rt|cbt|ptt|ft|soat)-[A-Za-z0-9_-]{20,})"),
    Rule("slack_token", r"\b(xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-\d-[A-Za-z0-9-]{10,})"),
    Rule("slack_hook", r"https://hooks\.slack\.com/(?:services|workflows)/([A-Za-z0-9/_-]{20,})"),
    Rule("stripe_key", r"\b((?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,})\b"),
    Rule("google_key", r"\b(AIza[0-9A-Za-z_-]{35})"),
    Rule("ai_key", r"\b(sk-(?:ant-|proj-|svcacct-)?[A-Za-z0-9_-]{24,})", _random_looking),
    Rule("registry_token", r"\b(npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,}|hf_[A-Za-z0-9]{30,}|dckr_pat_[A-Za-z0-9_-]{20,})"),
    Rule("sendgrid_key", r"\b(SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64})"),
    Rule("mill_key", r"\b(mk_[A-Za-z0-9]{4,32}\.[A-Za-z0-9_-]{20,})"),
    Rule("jwt", r"\b(eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,})"),
    Rule("url_password", r"[a-z][a-z0-9+.-]{1,20}://[^\s:/@'\"`]{1,100}:([^\s:/@'\"`]{3,100})@[A-Za-z0-9\[]", _password),
    Rule("secret", ASSIGNED, _random_looking),
    Rule("email", r"([A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@[A-Za-z0-9][A-Za-z0-9-]{0,62}(?:\.[A-Za-z0-9-]{1,63}){0,4}\.[A-Za-z]{2,12})\b", _email),
    Rule("card", r"\b((?:4\d|5[1-5]|2[2-7]|3[47]|35|6[0245])\d{2}[ -]?(?:\d{4}[ -]?\d{4}[ -]?\d{1,7}|\d{6}[ -]?\d{5}))\b", _card),
    Rule("iban", r"\b([A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?)\b", _iban),
    Rule("phone", r"(\+[1-9]\d{0,2}[ .-]\(?\d{1,4}\)?(?:[ .-]?\d{2,5}){1,4}|\+[1-9]\d{10,14})\b", _phone),
    Rule("phone", r"(\(\d{3}\) ?\d{3}[ .-]\d{4}|\b[2-9]\d{2}[-.][2-9]\d{2}[-.]\d{4})\b", _phone),
    Rule("ip", r"\b(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})\b", _global_ip),
    Rule("ip", r"\b([23][0-9a-fA-F]{3}:(?:[0-9a-fA-F]{0,4}:){1,6}[0-9a-fA-F]{0,4})", _global_ip),
    Rule("user", r"(?:/home/|/Users/|[A-Za-z]:\\{1,2}Users\\{1,2})([A-Za-z0-9][A-Za-z0-9._-]{0,63})", _person),
)
# fmt: on
