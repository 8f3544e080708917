"""What counts as a secret or as personal data. Where two rules find the same place, the earlier one names it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from modelmill.normalize.rules.assignments import ASSIGNMENTS, PASSWORDS
from modelmill.normalize.rules.commands import COMMANDS, COMMANDS_GATE
from modelmill.normalize.rules.declared import (
    BY_KEY,
    BY_KEY_GATE,
    COMPOSED,
    COMPOSED_GATE,
    DECLARED,
    DECLARED_GATE,
)
from modelmill.normalize.rules.elsewhere import (
    FURTHER_GATE,
    FURTHER_PLACES,
    NUMBERS_BY_A_WORD,
    PLACES,
    PLAIN_NUMBERS,
    TELEPHONES,
)
from modelmill.normalize.rules.handed_over import (
    FRAMED,
    FRAMED_GATE,
    HANDED_GATE,
    HANDED_OVER,
    LISTED,
    LISTED_GATE,
    TOLD,
    TOLD_GATE,
)
from modelmill.normalize.rules.identity_numbers import IDENTITY_NUMBERS, NUMBERS_WITH_A_WORD
from modelmill.normalize.rules.identity_words import NUMBERS_BY_OTHER_WORDS, WORDS_GATE
from modelmill.normalize.rules.key_forms import KEY_FORMS, KEY_GATE, PARTS, PARTS_GATE
from modelmill.normalize.rules.near import NEAR, NEAR_GATE
from modelmill.normalize.rules.personal import ADDRESSES, PERSONAL
from modelmill.normalize.rules.rule import Rule
from modelmill.normalize.rules.tokens import PREFIXED, SHAPED, TOKENS
from modelmill.normalize.rules.written_out import GATE, WRITTEN_OUT


@dataclass(frozen=True, slots=True)
class Group:
    """Rules with a gate: a pattern without which none of them can match. Most texts stop at most gates.

    apart: of a gate that counts, which a search for others at the same time would make slow (gates.py).
    """

    gate: str
    rules: tuple[Rule, ...]
    apart: bool = False


SIGNS = "|".join(sorted({re.escape(sign) for rule in TOKENS for sign in rule.signs}))
GROUPS: tuple[Group, ...] = (
    Group(SIGNS, TOKENS),
    Group("|".join(rule.pattern for rule in SHAPED), SHAPED),  # one search instead of one for each
    Group("", PREFIXED),
    Group(
        r"(?i)secret|token|key|credential|salt|pepper|pass|pwd|pword|log_?in|sign_?in|echo|auth|signature|hmac|aws|amazon"
        r"|heroku|cloudflare|fastly|algolia|://|basic|bearer| -u|identified|mysql|sshpass|</|:\d{2,5}:|A[KS]IA"
        r"|\*:[\d*]|AC[0-9a-f]{32}|@(?:tcp|unix)\(|redis-cli|openssl|unseal|username_pw|" + PASSWORDS,
        ASSIGNMENTS,
    ),
    Group(GATE, WRITTEN_OUT, apart=True),
    Group(PARTS_GATE, PARTS),
    Group(f"{COMMANDS_GATE}|{KEY_GATE}", (*COMMANDS, *KEY_FORMS), apart=True),
    Group(f"{FRAMED_GATE}|{LISTED_GATE}", (*FRAMED, *LISTED), apart=True),
    Group(HANDED_GATE, HANDED_OVER, apart=True),
    Group(TOLD_GATE, TOLD),
    Group(DECLARED_GATE, DECLARED),
    Group(BY_KEY_GATE, BY_KEY),
    Group(COMPOSED_GATE, COMPOSED),
    Group(NEAR_GATE, NEAR),
    Group(
        r"\d{3}-\d\d-\d{4}|\.\d{3}-\d\d|756\.\d|[A-Z]{6}\d\d|\d{6}[-+A]\d{3}|[12] ?\d\d ?[01]\d ?\d\d ?\d{3} ?\d{3}",
        IDENTITY_NUMBERS,
    ),
    Group(
        r"(?i)(?:\b|_)(?:(?:ni|nino|dni|nif|nie|sin|bsn|fnr|cpr)(?:\b|_|n[or])|national[ _-]?insurance|steuer|idnr|tax"
        r"|pesel|burgerservice|aadhaar|uidai|social[ _-]?insurance|personn|pnr|pass(?:e?port|nummer|aporto)|pasap|paspo"
        r"|f(?:o|ø)dsels|(?:personal)?ausweis)",
        NUMBERS_WITH_A_WORD,
    ),
    Group(r"[A-Z]{2}[^A-Za-z0-9]{1,12}\d{5}|\d{4,5} (?:[A-Z]|\xc3)|\d \d[A-Z]{2}\b|[A-Z] \d[A-Z]{2}\b", ADDRESSES),
    Group(
        r"\d{14}[\dX]\b|\d-\d{4}-\d{5}-\d\d-\d|\d{3}-\d{3}-\d{3} \d\d|\d[MF<]\d{7}|<<[A-Z]+<"
        r"|\d{6}-[1-8]\d{6}|[A-Z]{4}\d{6}[HM]|\.\d{3}\.\d{3}-[\dkK]|\d\d\.\d\d\.\d\d-\d{3}\.\d\d",
        PLAIN_NUMBERS,
    ),
    Group(
        r"(?:(?i)(?:\b|_)(?:ssn|social[ _-]?security|cpf|passport|passnummer|reisepass|pan|nhs|tfn|tax[ _-]?file"
        r"|medicare|kimlik|tckn|oib|cnp|egn|sv-?nr|sv-nummer|(?:sozial)?versicherungsnummer|id[ _-]?number|rsa[ _-]?id"
        r"|pps|driv|rijksregister|national[ _-]?number|numéro national|niss|insz)|"
        + WORDS_GATE
        + r")[^\n]*\d",  # in the line of its word
        (*NUMBERS_BY_A_WORD, *NUMBERS_BY_OTHER_WORDS),
    ),
    Group(
        r"\d{5} [A-Z]|\d{5}-\d{3}|\d{2}-\d{3} |\d ?[A-Z]{2} [A-Z]|[A-Z]\d[A-Z] ?\d[A-Z]\d|[A-Z] \d{4}\b"
        r"|\d{3} \d\d [A-Z]|(?:gade|vej|gata|veien) \d",
        PLACES,
    ),
    Group(FURTHER_GATE, FURTHER_PLACES),
    Group("", PERSONAL),
    Group(
        r"(?i)\b0[1-9][ .]\d\d[ .]\d\d|\b00[1-9]\d{0,2}[ /-]|\b0[5-9]0-\d{4}-|\b1[3-9]\d[ -]\d{4}[ -]"
        r"|\(\d{2}\) ?9?\d{4}-|\(0\d{1,4}\) ?\d{3}|8 \(\d{3}\)|\b1[-.][2-9]\d\d[-.]"
        r"|(?:tel|phone|fon|mob|m(?:o|ó)vil|handy|cell|fax|puhelin|tlf|gsm|contact|whatsapp)[^\n]{0,16}[.:=]"
        r"|wa\.me/|whatsapp|sms:|tel:|\b06-\d{8}|\b01\d[-\d ]|\b020 \d|\b07\d{3} |\b04\d\d "
        r"|手机|手機|电话|電話|携帯|휴대폰|전화|тел",
        TELEPHONES,
        apart=True,
    ),
)
RULES: tuple[Rule, ...] = tuple(rule for group in GROUPS for rule in group.rules)
KINDS: tuple[str, ...] = tuple(dict.fromkeys(rule.kind for rule in RULES))
