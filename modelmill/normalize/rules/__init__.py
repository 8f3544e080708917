"""What counts as a secret or as personal data. Where two rules find the same place, the earlier one names it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from modelmill.normalize.rules.assignments import ASSIGNMENTS
from modelmill.normalize.rules.identity_numbers import IDENTITY_NUMBERS, NUMBERS_WITH_A_WORD
from modelmill.normalize.rules.personal import ADDRESSES, PERSONAL
from modelmill.normalize.rules.rule import Rule
from modelmill.normalize.rules.tokens import SHAPED, TOKENS


@dataclass(frozen=True, slots=True)
class Group:
    """Rules with a gate: a pattern without which none of them can match. Most texts stop at most gates."""

    gate: str
    rules: tuple[Rule, ...]


SIGNS = "|".join(sorted({re.escape(sign) for rule in TOKENS for sign in rule.signs}))
GROUPS: tuple[Group, ...] = (
    Group(SIGNS, TOKENS),
    Group(r"[A-Za-z0-9]{16}", SHAPED),
    Group(
        r"(?i)secret|token|key|credential|salt|pepper|passw|passp|pwd|pword|auth|signature|hmac|aws|amazon|heroku|cloudflare"
        r"|fastly|algolia|://|basic|bearer| -u|identified|mysql|sshpass|</|:\d{2,5}:",
        ASSIGNMENTS,
    ),
    Group(
        r"\d{3}-\d\d-\d{4}|\.\d{3}-\d\d|756\.\d|[A-Z]{6}\d\d|\d{6}[-+A]\d{3}|[12] ?\d\d ?[01]\d ?\d\d ?\d{3} ?\d{3}",
        IDENTITY_NUMBERS,
    ),
    Group(
        r"(?i)\b(?:(?:ni|nino|dni|nif|nie|sin|bsn)\b|national insurance|steuer|idnr|tax|pesel|burgerservice|aadhaar"
        r"|uidai|social insurance|personn|pnr|pass(?:port|nummer))",
        NUMBERS_WITH_A_WORD,
    ),
    Group(r"[A-Z]{2}[^A-Za-z0-9]{1,12}\d{5}|\d{5} [A-Z]|\d \d[A-Z]{2}\b|[A-Z] \d[A-Z]{2}\b", ADDRESSES),
    Group("", PERSONAL),
)
RULES: tuple[Rule, ...] = tuple(rule for group in GROUPS for rule in group.rules)
KINDS: tuple[str, ...] = tuple(dict.fromkeys(rule.kind for rule in RULES))
