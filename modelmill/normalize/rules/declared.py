"""Secrets behind a name where no sign of an assignment stands between: definitions, cells, options, blocks of settings.

And keys whose name says no more than `key` or `PAT`: what is drawn at random there is one, if the name says of nothing
else that it is looked up by it.
"""

from __future__ import annotations

import re

from modelmill.normalize.rules.assignments import (
    BETWEEN,
    COMMAND,
    COMMAND_END,
    LINE,
    OPEN,
    OTHERWISE,
    PASSWORD_SIGNS,
    PASSWORDS,
    REST,
    UNSIGNED,
    WORD_SIGNS,
    WORDS,
    YAML,
)
from modelmill.normalize.rules.randomness import (
    bare_random_looking,
    chosen_password,
    drawn_key,
    generated,
    invented,
    phrased,
    random_or_tough,
    random_or_uuid,
)
from modelmill.normalize.rules.rule import Rule
from modelmill.normalize.rules.written_out import spoken


def _bare_or_uuid(value: str, before: str, after: str) -> bool:
    """A key without quotes around it."""
    return bare_random_looking(value, before, after) or (len(value) == LENGTH_OF_UUID and random_or_uuid(value, "", ""))


def _phrase(value: str, before: str, after: str) -> bool:
    """Words and a number, where a key would be."""
    return chosen_password(value, before, after) and (phrased(value) or invented(value))


def _key_or_phrase(value: str, before: str, after: str) -> bool:
    """What a name that says secret or token may hold in a place of its own."""
    return random_or_tough(value, before, after) or random_or_uuid(value, before, after) or phrased(value)


def _generated(value: str, before: str, after: str) -> bool:
    """A password with brackets in it, without quotes: no call and no part of an expression."""
    expression = CALL.match(value) is not None or value.endswith((",", "(", "{", "["))
    return generated(value) and not expression and chosen_password(value, before, after)


def _no_attribute(value: str, before: str, after: str) -> bool:
    """A password behind the name of who logs in, where the next part of that name could stand: `ou=Testing`."""
    return chosen_password(value, before, after) and ATTRIBUTE.match(value) is None


ATTRIBUTE = re.compile(r"[A-Za-z]+=")
PLACE_IN_A_LIST = r"(?i)(?:next|page|continuation|cursor|sync|starting|csrf|idempotency|client)-token|-key-(?:id|name)"
CALL = re.compile(r"[A-Za-z_][\w.]{2,}[(\[{<]")
LENGTH_OF_UUID = 36
DEFINES = r"(?:#[ \t]{0,4}define|[%`]define|\((?:def|defvar|defconst|defparameter|define|setq|setf))"
CELL = r"(?m:^)(?:[^,;\n\"']{0,60}[,;]){0,4}[\w.-]{0,40}"
TABLE = r"^[ \t]*\|[ \t]{0,20}[*`]{0,2}[\w.-]{0,40}"
# Names of what is looked up, sorted or told apart by a key.
LOOKED_UP = (
    r"(?i)(?:public|primary|foreign|idempot\w*|cache|sort|sorting|partition|host|site|publishable|index|unique|natural|map|dict|lookup"
    r"|row|group|object|s3|file|registry|message|i18n|translation|locale|pub|verify\w*|peer|node|state|checkpoint|bucket"
    r"|document|storage|answer|data|content|route|event|metric|label|config|theme|test|hash|digest|dedup\w*|fingerprint"
    r"|ed25519|onion|websocket|ssh|gpg|pgp|signer|identity|server_?host|authorized|product|item|entry|field|property|attr\w*|record|parent|child)"
    r"[ _-]?(?:key|pat)\b"
)
CAPITAL_KEY = r"(?:[A-Za-z0-9]+[_-])+(?:KEY|PAT|key|pat)"
KEY = rf"(?:\b|_)(?:{CAPITAL_KEY}|[A-Za-z][A-Za-z0-9]+(?:Key|Pat))"
PHRASED = r"(?:secret|(?:secret|signing|encryption|master|session|cookie|jwt|auth)_?key)(?:_?base)?"
PHRASED_OPTION = r"(?:secret|(?:secret|signing|encryption|master|session|cookie|jwt|auth)-key)"
# Of settings whose `key` is no name of an entry.
KEYED = r"(?:jwt\w{0,20}|encryption|crypto\w{0,8}|signing|hmac|cipher|aes|security|auth\w{0,16}|identity\w{0,10})"
BLOCK = (
    r"\s{0,3}[:{]\s{0,3}\{?\s{0,3}\n(?:[^\n:={}]+[:=][^\n{}]+\n){0,4}[ \t]*[\"']?(?:default|example|value)[\"']?"
    r"\s*[:=]\s{0,3}"
)
SAID = r"(?:passw\w{0,6}|pwd|passphrase|secret|token|key|credentials?|salt|pepper)"

# Without one of these none of the rules below can match.
DECLARED_GATE = (
    rf"(?im)^[ \t]*{DEFINES}\s|[\w-]{SAID}[\w-]{{0,24}}[,;][^\s,;\"']{{0,60}}\d|{SAID}[\w-]{{0,24}}[*`]{{0,2}}\s{{0,20}}\|\s{{0,20}}[*`]{{0,2}}[^|\s`*]{{6}}"
    rf"|{SAID}[\w-]{{0,24}}[\"']?\s{{0,3}}[:{{]\s{{0,3}}\{{?\s{{0,3}}\n(?:[^\n]*\n){{0,4}}[ \t]*[\"']?(?:default|example|value)[\"']?\s{{0,20}}[:=]"
    rf"|\s--[a-z0-9-]{{0,40}}{SAID}[= ]|\{{noop\}}|\benable\s+(?:secret|password)|\bsnmp-server|(?:hub|lab|bucket)-(?:oauth|token)|[\"'](?:cn|uid)="
    rf"|\b{KEYED}[\"']?:\s{{0,3}}(?:\{{|\r?\n)"
    r"|(?:passw\w{0,6}|pwd|key|pat)[\"']?,?\s{1,60}[\"']?(?:value|default)[\"']?\s{0,3}[:=]"
)
BY_KEY_GATE = r"(?i)(?:[_.-](?:key|pat)|(?-i:[a-z0-9](?:Key|Pat)))\b[^\n]{0,24}?[\"'`=: ][A-Za-z_~.+/-]{0,30}\d[A-Za-z0-9_~.+/-]{10}"
COMPOSED_GATE = (
    r"(?i)(?:secret|key)(?:_?base)?\b[^\n]{0,24}?[\"'`=: ][A-Za-z]{3,}[A-Za-z0-9._-]*\d\d"
    r"|(?:passw\w{0,6}|pwd|pass)[\"'`*]{0,3}(?:\s{0,3}[?:]?[:=]|\s(?:is|was))[*`]{0,3}\s{0,3}[*`]{0,3}[^\s\"'`]{0,99}[()\[\]{}<>,;|&]"
)

# fmt: off
# ruff: noqa: E501  (a pattern broken over lines is harder to check)
DECLARED: tuple[Rule, ...] = (
    Rule("password", rf"(?im)^[ \t]*{DEFINES}\s+[*\w.-]{{0,40}}(?:{PASSWORDS}|_pass){REST}\*?\s+\(?[\"']([^\"'\s\\]{{6,}})[\"']", ("define", "def", "setq", "setf"), chosen_password, unless=OTHERWISE),
    Rule("secret", rf"(?im)^[ \t]*{DEFINES}\s+[*\w.-]{{0,40}}{WORDS}{REST}\*?\s+\(?[\"']([^\"'\s\\]{{8,200}})[\"']", ("define", "def", "setq", "setf"), _key_or_phrase, unless=OTHERWISE),
    Rule("password", rf"(?i)[\w.-]{{0,40}}{PASSWORDS}{REST}[\"']?{BLOCK}[\"']([^\s\"'\\]{{6,}})[\"']", PASSWORD_SIGNS, chosen_password, unless=OTHERWISE),
    Rule("password", rf"(?i)\b(?:name|key|id)[\"']?\s{{0,3}}[:=]\s{{0,3}}[\"']?[\w.-]{{0,40}}{PASSWORDS}[\"']?,?\s{{1,60}}[\"']?(?:value|default)[\"']?\s{{0,3}}[:=]\s{{0,3}}[\"']([^\"'\s\\]{{6,}})[\"']", PASSWORD_SIGNS, chosen_password, unless=OTHERWISE),
    Rule("password", rf"(?i){CELL}{PASSWORDS}[\w-]{{0,12}}[,;]([^\s,;\"'`]{{6,}})(?:[,;\r\n]|$)", PASSWORD_SIGNS, spoken),
    Rule("secret", rf"(?i){CELL}{WORDS}[\w-]{{0,12}}[,;]([^\s,;\"'`]{{12,200}})(?:[,;\r\n]|$)", WORD_SIGNS, _bare_or_uuid, unless=OTHERWISE),
    Rule("secret", rf"(?im){TABLE}{WORDS}{REST}[*`]{{0,2}}[ \t]{{0,20}}\|[ \t]{{0,20}}[*`]{{0,2}}([^|\s`*]{{8,200}})[*`]{{0,2}}[ \t]{{0,20}}\|", WORD_SIGNS, _key_or_phrase, unless=OTHERWISE),
    Rule("secret", rf"(?i)[\w.-]{{0,40}}{WORDS}{REST}[\"']?{BLOCK}[\"']?([^\s\"'`,;(){{}}\[\]<>]{{8,200}})[\"']?", WORD_SIGNS, _key_or_phrase, unless=OTHERWISE),
    Rule("command_password", rf"(?i)\s--[a-z0-9-]{{0,40}}(?:{PASSWORDS}|-pass)[= ]{{1,2}}[\"']?([^\s\"'`$<{{(\[-][^\s\"'`]{{5,}})", PASSWORD_SIGNS, chosen_password),
    Rule("command_password", rf"(?i)\s--[a-z0-9-]{{0,40}}{WORDS}[= ]{{1,2}}[\"']?([^\s\"'`$@<{{(\[-][^\s\"'`]{{11,199}})", WORD_SIGNS, _bare_or_uuid, unless=PLACE_IN_A_LIST),
    Rule("command_password", rf"(?i)\s--[a-z0-9-]{{0,40}}{PHRASED_OPTION}[= ]{{1,2}}[\"']?([A-Za-z0-9][A-Za-z0-9!?._-]{{11,99}})", ("secret", "key"), _phrase),
    Rule("password", r"\{noop\}([^\s\"'`\\]{4,})", ("{noop}",), chosen_password),
    Rule("password", r"(?im)^[ \t]*snmp-server\s{1,3}community\s{1,3}([^\s\"']{6,})", ("snmp-server",), chosen_password),
    Rule("secret", r"\b(?:github|gitlab|bitbucket)-(?:oauth|token)[\"']\s{0,3}:\s{0,3}\{\s*[\"'][^\"'\s]{1,100}[\"']\s{0,3}:\s{0,3}[\"']([A-Za-z0-9_-]{20,100})[\"']", ("-oauth", "-token"), drawn_key),
    Rule("password", r"(?im)^[ \t]*enable\s{1,3}(?:secret|password)\s{1,3}(?:level\s\d{1,2}\s)?(?:\d\s{1,3})?([^\s\"']{6,})[ \t\r]*$", ("enable ",), chosen_password),
    Rule("password", r"(?i)[\"'](?:cn|uid)=[^\"'\n]{1,200}[\"'],\s*[\"']([^\"'\s]{6,})[\"']", ("cn=", "uid="), _no_attribute),
    Rule("secret", rf"\b(?:name|key)[\"']?\s{{0,3}}[:=]\s{{0,3}}[\"']?{CAPITAL_KEY}[\"']?,?\s{{1,60}}[\"']?value[\"']?\s{{0,3}}[:=]\s{{0,3}}[\"']?([A-Za-z0-9_~.+/=-]{{20,200}})", ("value",), drawn_key, unless=LOOKED_UP),
    Rule("secret", rf"(?i)[\"']{KEYED}[\"']\s{{0,3}}:\s{{0,3}}\{{[^{{}}]*?[\"']key[\"']\s{{0,3}}:\s{{0,3}}[\"']([^\"'\s\\]{{16,200}})[\"']", ("key",), random_or_tough),
    Rule("secret", rf"(?im)^[ \t]*{KEYED}:[ \t]*\r?\n(?:[ \t]+[^\n]*\n){{0,6}}?[ \t]+key:[ \t]+[\"']?([^\s\"'`,;(){{}}\[\]<>]{{16,200}})[\"']?[ \t]*\r?$", ("key:",), random_or_tough),
)
BY_KEY: tuple[Rule, ...] = (
    Rule("secret", rf"{KEY}{BETWEEN}{OPEN}([A-Za-z0-9_~.+/=-]{{20,200}})\\?[\"'`]", ("KEY", "PAT", "key", "pat", "Key", "Pat"), drawn_key, unless=LOOKED_UP),
    Rule("secret", rf"(?m:^)[+ \t]*(?:(?:export|set|ENV|ARG|-)\s+)?[\"']?[A-Za-z0-9_.:-]{{0,40}}{KEY}[\"']?\s{{0,3}}[?:+]?[:=]\s{{0,3}}([A-Za-z0-9_~.+/=-]{{20,200}})[ \t\r]*(?m:$)", ("KEY", "PAT", "key", "pat", "Key", "Pat"), drawn_key, unless=LOOKED_UP),
    Rule("secret", rf"(?:^|[\s\"'&;?,=#\[]){KEY}[= ]([A-Za-z0-9_~.+/-]{{20,200}}={{0,2}})(?:[\s&;,\"'|\\]|$)", ("KEY", "PAT", "key", "pat", "Key", "Pat"), drawn_key, unless=LOOKED_UP),
)
COMPOSED: tuple[Rule, ...] = (
    # A password with brackets in it.
    Rule("password", rf"{LINE}(?:{PASSWORDS}|_pass)[\"']?\s{{0,3}}[?:+]?[:=]\s{{0,3}}{YAML}([^\s\"'`]{{8,100}}){UNSIGNED}", ("pass", "pwd"), _generated, unless=OTHERWISE),
    Rule("password", rf"(?i){COMMAND}[\w.-]*(?:{PASSWORDS}|_pass){REST}=([^\s\"'`\\]{{8,100}}){COMMAND_END}", ("pass", "pwd"), _generated, unless=OTHERWISE),
    Rule("password", rf"(?i){PASSWORDS}[*_`]{{0,3}}(?:\s(?:is|was)|\s?:)[*_`]{{0,3}}\s{{1,3}}[*_`]{{0,3}}([^\s\"'`]{{8,100}})(?:[\s`*]|$)", ("pass", "pwd"), _generated, unless=OTHERWISE),
    # Words and a number, where a key would be.
    Rule("secret", rf"(?i){PHRASED}{BETWEEN}{OPEN}([A-Za-z0-9][A-Za-z0-9!?._-]{{11,99}})\\?[\"'`]", ("secret", "key"), _phrase, unless=OTHERWISE),
    Rule("secret", rf"{LINE}{PHRASED}[\"']?\s{{0,3}}[?:+]?[:=]\s{{0,3}}([A-Za-z0-9][A-Za-z0-9!?._-]{{11,99}}){UNSIGNED}", ("secret", "key"), _phrase, unless=OTHERWISE),
    Rule("secret", rf"(?i){COMMAND}[\w.-]*{PHRASED}=([A-Za-z0-9][A-Za-z0-9!?._-]{{11,99}}){COMMAND_END}", ("secret", "key"), _phrase, unless=OTHERWISE),
)
# fmt: on
