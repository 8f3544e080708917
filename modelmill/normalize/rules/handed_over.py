"""Secrets that code hands over: to a form, a cipher or a connection, from a function, in bytes or in the parts of a list.

And in what else has a frame of its own: JSON Web Keys, headers of signed requests, tags of HTML, Ansible's vaults, text
over several lines of YAML.
"""

from __future__ import annotations

import itertools
import re

from modelmill.normalize.rules.assignments import (
    BARE,
    BETWEEN,
    NAME,
    OTHERWISE,
    PASSWORD_SIGNS,
    PASSWORDS,
    REST,
    WORD_SIGNS,
    WORDS,
)
from modelmill.normalize.rules.declared import LOOKED_UP
from modelmill.normalize.rules.key_forms import NO_KEY, STRING
from modelmill.normalize.rules.randomness import (
    bare_random_looking,
    chosen_password,
    drawn,
    drawn_key,
    invented,
    phrased,
    random_looking,
    random_or_tough,
)
from modelmill.normalize.rules.rule import Rule

FEWEST = 8  # bytes or characters that are listed one by one
HANDED = re.compile(r"0[xX][0-9a-fA-F]+|\d+")


def _joined(value: str, before: str, after: str) -> bool:
    """Strings of a list that make a key or a password."""
    whole = "".join(re.findall(r"[^\"'`\s,]+", value))
    return random_or_tough(whole, before, after)


def _in_lines(value: str, before: str, after: str) -> bool:
    """Lines that make a key."""
    return random_looking("".join(value.split()), before, after)


def _bytes(value: str, before: str, after: str) -> bool:
    """Bytes by their numbers; those that count up or repeat are of a test."""
    numbers = [int(one, 16 if one[:2] in ("0x", "0X") else 10) for one in HANDED.findall(value)]
    steps = {b - a for a, b in itertools.pairwise(numbers)}
    return (
        len(numbers) >= FEWEST and max(numbers) < 256 and len(set(numbers)) >= FEWEST - 2 and len(steps) > FEWEST // 2
    )


def _secret_or_password(value: str, before: str, after: str) -> bool:
    """What a function may give back that is named after it."""
    return random_or_tough(value, before, after) or phrased(value) or invented(value)


ITEM = r"[\"'`][^\"'`\s,\\]{1,100}[\"'`]"
ITEMS = rf"(?:\[\]string\{{)?[\[({{]\s*({ITEM}(?:,\s*{ITEM})+)\s*,?\s*[\])}}]"
JOINS = r"(?:\.join\(\s{0,3}(?:[\"'`]{2})?\)|,\s{0,3}\"\"\))"
NUMBER = r"(?:0x[0-9a-fA-F]{1,2}|\d{1,3})"
NUMBERS = rf"({NUMBER}(?:,\s*{NUMBER})+)"
BYTES = (
    r"(?:new\s+)?(?:bytes|bytearray|Uint8Array(?:\.from)?|Buffer\.from|String\.fromCharCode|\[\]byte|byte\[\]"
    r"|array\('B',)?\s{0,3}\(?\s{0,3}[\[({]\s*"
)
VALUE = r"([^\"'`\s\\]{6,})"
FIELD = rf"(?:[\"`][^\"`\n]{{0,60}}{PASSWORDS}[^\"`\n]{{0,20}}[\"`]|'[^'\n]{{0,60}}{PASSWORDS}[^'\n]{{0,20}}')"
FILLS = (
    r"(?:type|fill|fill_in|sendkeys|send_keys|setvalue|set_value|val|presssequentially|settext|input_text|clearandtype)"
)
RETURNS = r"(?:return\s|=>\s{0,3}|=\s{0,3}|\{\s{0,3})?\s{0,3}"
USED = (
    r"(?:secretkeyspec|hmacsha\d{1,3}|ivparameterspec|setsigningkey|signwith|hmac\.new|aes\.new|des\.new"
    r"|createhmac|createcipheriv|createdecipheriv|hash_hmac|openssl_(?:en|de)crypt|hmac\.hexdigest|cookieparser|pbkdf2_hmac)"
)
CONNECTS = (
    r"(?:mysqldb|pymysql|mysql\.connector|psycopg2?|pymssql|cx_oracle|oracledb|pyodbc|vertica_python|snowflake\.connector"
    r"|drivermanager|teradatasql|jaydebeapi|fdb|pg|ftplib|asyncpg|aiomysql|hdbcli\.dbapi|dbapi)"
)
# What takes a password as characters in Java.
UNLOCKS = (
    r"load|init|store|getKey|getEntry|setKeyEntry|setPassword|PBEKeySpec|PasswordAuthentication|PasswordProtection"
)
LOGIN = r"(?:[\"'][^\"'\n]{0,200}[\"']|[$\w.]{1,60})"

SAID = r"(?:passw\w{0,6}|pwd|secret|token|key|credentials?)"  # what all the names below have in them, but those in other scripts
FRAMED_GATE = (
    r"(?i)\"kty\"|'kty'|response=|aws4-hmac|\$ansible_vault|<input\s|<meta\s|secretkeyspec|hmacsha|setsigningkey|signwith"
    r"|hmac\.new|createhmac|hash_hmac|hexdigest\(|(?:aes|des)\.new|cipheriv|_(?:en|de)crypt\(|cookieparser|pbkdf2_hmac|wallet\("
    r"|privatekeyto|private_?key\(|from_?key\(|\.connect\(|connection\(|ftp(?:_tls)?\(|plainauth\(|sequelize\("
    r"|(?:client|twilio)\([^()\n]{0,120}?[\"'][A-Za-z0-9_-]{32}|\"\.tochararray\(\)"
)
LISTED_GATE = (
    r"[\"'`]{2}\.join\(\s{0,20}[\[({]\s*[\"'`]|[\"'`]\s*,?\s*[\])}](?:\.join\(|,\s{0,3}\"\"\))"
    rf"|[\[({{]\s*(?:{NUMBER},\s{{0,3}}){{7}}|:[ \t]{{1,9}}[|>][+-]?\d?[ \t]{{0,9}}\r?\n"
)
HANDED_GATE = (
    rf"(?i)\bcase\s{{1,3}}[\"']|{SAID}[^\n]{{0,20}}?[\"'`]\)?\)?\.{FILLS}\(|\b{FILLS}[( ]\s*[\"'`][^\n]{{0,60}}?{SAID}"
    rf"|{SAID}\w{{0,24}}\([^()\n]{{0,80}}\)[^\n=\"']{{0,40}}[:={{>]\s{{0,60}}(?:return\s{{1,3}})?[\"'`][^\"'`\s\\]{{6}}"
    rf"|{SAID}\w{{0,24}}\s{{0,3}}[:=]\s{{0,3}}(?:\([^()\n]{{0,60}}\)\s{{0,3}}=>|lambda\b[^:\n]{{0,40}}:)\s{{0,3}}[\"'`]"
    r"|,\s{0,3}[\w.]{0,24}(?:passw\w{0,6}|pwd|pass|pw)\s{0,3}:?=\s{0,3}[(\[]?[\"'`][^\"'`\n]{0,60}[\"'`],\s{0,3}[\"'`]"
    r"|\bvalue[\"']?\s{0,3}[:=]\s{0,3}[\"']?[^\s\"']{6,200}[\"']?,?\s{1,60}[\"']?(?:name|key|id)[\"']?\s{0,3}[:=]"
    r"|\b(?:secret|password|key)\s[0-9]\s"
)
TOLD_GATE = (
    r"(?i)(?:key|token|secret)[*_`\"']{0,3}(?:\s(?:is|was)|\s?[:=])?:?\s{1,3}[*_`\"']{0,3}[A-Za-z0-9_./+-]{16}"
    r"|(?:ord|rt|rase|passe|ña|nha|arola|heslo|парол|ароль)[*_]{0,2}\s(?:lautet|ist|est|es|è|är|er|on|это|is|was|now)[: ]"
)

# fmt: off
# ruff: noqa: E501  (a pattern broken over lines is harder to check)
FRAMED: tuple[Rule, ...] = (
    Rule("secret", r"\$ANSIBLE_VAULT;[\d.]{1,5};AES256[^\s\"'`]{0,60}((?:\s{1,40}[0-9a-f]{20,})+)", ("$ANSIBLE_VAULT",), within=r"[0-9a-f]{6,}"),
    Rule("password", rf"(?i)\b(?:{CONNECTS}\.(?:get)?connect(?:ion)?|ftp(?:_tls)?|plainauth|sequelize)\(\s*{LOGIN},\s*{LOGIN},\s*[\"']{VALUE}[\"']", ("connect(", "connection(", "ftp(", "ftp_tls(", "plainauth(", "sequelize("), chosen_password),
    Rule("secret", rf"(?i)\b{USED}\([^()\n]{{0,100}}?(?:\[\]byte\()?{STRING}([^\"'`\s\\]{{8,200}})[\"'`]", (), random_or_tough),
    Rule("secret", r"(?i)\b(?:\w{0,30}client|twilio)\(\s*(?:(?:[\w.]{1,60}|[\"'][^\"'\s]{1,60}[\"']),\s*)?[\"']([A-Za-z0-9_-]{32,200})[\"']", ("client(", "twilio("), drawn_key),
    Rule("password", rf"\b(?:{UNLOCKS})\([^\n;]{{0,120}}?\"([^\"\s\\]{{6,}})\"\.toCharArray\(\)", ("toCharArray",), chosen_password),
    Rule("wallet_key", r"(?i)(?:\bwallet|privatekeyto(?:account|address)|from_?(?:private_?)?key|private_?key)\(\s*[\"'`](?:0x)?([0-9a-f]{64})[\"'`]", ("wallet(", "key", "privatekeyto"), random_looking),
    Rule("password", r"(?i)<input\s[^<>]{0,200}?\btype=[\"']?password\b[^<>]{0,200}?\bvalue=[\"']([^\"'<>\s]{6,})[\"']", ("<input",), chosen_password),
    Rule("secret", r"(?i)<(?:meta|input)\s[^<>]{0,200}?\bname=[\"']?[\w:.-]{0,40}(?:token|csrf|secret|api-?key)[\w-]{0,20}[\"']?\s[^<>]{0,200}?\b(?:content|value)=[\"']([^\"'<>\s]{16,400})[\"']", ("<meta", "<input"), random_looking),
    Rule("secret", r"[\"'](?:d|k|p|q|dp|dq|qi)[\"']\s{0,3}:\s{0,3}[\"']([A-Za-z0-9_-]{32,700})[\"']", ('"kty"', "'kty'"), random_looking),
    Rule("url_signature", r"(?i)\bdigest\s[^\n]{0,400}?\bresponse=\\?\"([0-9a-f]{32,128})\\?\"", ("response=",), drawn),
    Rule("url_signature", r"\bAWS4-HMAC-SHA256\s[^\n]{0,400}?Signature=([0-9a-f]{64})\b", ("AWS4-HMAC",), drawn),
)
LISTED: tuple[Rule, ...] = (
    Rule("secret", rf"(?i)(?:{WORDS}|{PASSWORDS}){REST}{BETWEEN}[\"'`]{{2}}\.join\(\s{{0,20}}{ITEMS}", ("join(",), _joined, within=r"[^\"'`\s,]+", unless=OTHERWISE),
    Rule("secret", rf"(?i)(?:{WORDS}|{PASSWORDS}){REST}{BETWEEN}(?:strings\.Join\()?{ITEMS}{JOINS}", ("join(",), _joined, within=r"[^\"'`\s,]+", unless=OTHERWISE),
    Rule("secret", rf"(?i)(?:{WORDS}|{PASSWORDS}){REST}{BETWEEN}{BYTES}{NUMBERS}", (*WORD_SIGNS, *PASSWORD_SIGNS), _bytes, unless=OTHERWISE),
    Rule("secret", rf"(?im)^[ \t]*(?:-[ \t]{{1,3}})?[\"']?{NAME}(?:{WORDS}|{PASSWORDS}){REST}[\"']?:[ \t]{{1,9}}[|>][+-]?\d?[ \t]{{0,9}}\r?\n((?:[ \t]{{1,40}}[^\s\"'`,;(){{}}<>:]{{8,}}\r?(?:\n|$))+)", ("|", ">"), _in_lines, within=r"\S+", unless=OTHERWISE),
)
HANDED_OVER: tuple[Rule, ...] = (
    Rule("password", rf"(?i){FIELD}\)?\)?\.{FILLS}\(\s*{STRING}{VALUE}[\"'`]", PASSWORD_SIGNS, chosen_password),
    Rule("password", rf"(?i)\b{FILLS}[( ]\s*{FIELD},\s*(?:with:\s)?{STRING}{VALUE}[\"'`]", PASSWORD_SIGNS, chosen_password),
    Rule("password", rf"(?i)\b(?:def|func|fun|function|string|char\[\])\s{{1,3}}{NAME}(?:{PASSWORDS}|{WORDS}){REST}\([^()\n]{{0,80}}\)[^\n={{:]{{0,40}}[:{{=]?[^\n={{:]{{0,20}}[{{=]?\s{{0,60}}{RETURNS}{STRING}{VALUE}[\"'`]", (*PASSWORD_SIGNS, *WORD_SIGNS), _secret_or_password, unless=OTHERWISE),
    Rule("password", rf"(?i)(?:{PASSWORDS}|{WORDS}){REST}\s{{0,3}}[:=]\s{{0,3}}(?:\([^()\n]{{0,60}}\)\s{{0,3}}=>|lambda\b[^:\n]{{0,40}}:)\s{{0,3}}{STRING}{VALUE}[\"'`]", (*PASSWORD_SIGNS, *WORD_SIGNS), _secret_or_password, unless=OTHERWISE),
    Rule("password", rf"(?i)\bcase\s{{1,3}}[\"'][\w.-]{{0,40}}(?:{PASSWORDS}|{WORDS})[\"']\s{{0,3}}(?::|->|=>)\s*(?:return\s)?\s{{0,3}}{STRING}{VALUE}[\"'`]", ("case",), _secret_or_password),
    Rule("password", rf"(?i),\s{{0,3}}[\w.]{{0,24}}(?:{PASSWORDS}|_pass|\bpass|pw)\s{{0,3}}:?=\s{{0,3}}[(\[]?{STRING}[^\"'`\n]{{0,60}}[\"'`],\s{{0,3}}{STRING}{VALUE}[\"'`]", (), chosen_password),
    Rule("password", rf"(?i)\bvalue[\"']?\s{{0,3}}[:=]\s{{0,3}}[\"']?{BARE}[\"']?,?\s{{1,60}}[\"']?(?:name|key|id)[\"']?\s{{0,3}}[:=]\s{{0,3}}[\"']?{NAME}{PASSWORDS}", PASSWORD_SIGNS, chosen_password),
    Rule("secret", rf"(?i)\bvalue[\"']?\s{{0,3}}[:=]\s{{0,3}}[\"']?([^\s\"'`#,;(){{}}\[\]<>]{{12,200}})[\"']?,?\s{{1,60}}[\"']?(?:name|key|id)[\"']?\s{{0,3}}[:=]\s{{0,3}}[\"']?{NAME}{WORDS}", WORD_SIGNS, random_looking),
    Rule("password", r"(?im)\b(?:secret|password|key)\s[0-9]\s{1,3}([^\s\"']{6,})[ \t]*$", ("secret ", "password ", "key "), chosen_password),
)
TOLD: tuple[Rule, ...] = (
    Rule("secret", r"(?i)\b(?:(?:api|access|secret|private|auth|bot|account|bearer|license|service|refresh)[ _-](?:key|token|secret)[*_`\"']{0,3}(?:\s(?:is|was)|\s?[:=])?|(?:token|secret)[*_`\"']{0,3}(?:\s(?:is|was)|\s?[:=])):?\s{1,3}[*_`\"']{0,3}([A-Za-z0-9_./+-]{16,200}={0,2})(?:[*_`\"',;.!)\\]|\s|$)", ("key", "token", "secret"), bare_random_looking, unless=NO_KEY, reach=24),
    Rule("secret", r"(?i)\bkey\s(?:is|was):?\s{1,3}[*_`\"']{0,3}([A-Za-z0-9_+/-]{32,200}={0,2})(?:[*_`\"',;.!)\\]|\s|$)", ("key is", "key was"), drawn_key, unless=rf"{NO_KEY}|{LOOKED_UP}", reach=24),
    Rule("password", rf"(?i)\b{PASSWORDS}[*_]{{0,2}}\s(?:lautet|ist|est|es|è|är|er|on|это|is|was|now is|is now):?\s{{1,3}}[*_`\"']{{0,3}}([^\s\"'`(){{}}\[\]<>\\*_][^\s\"'`(){{}}\[\]<>\\,;]{{5,}})", PASSWORD_SIGNS, lambda value, before, after: phrased(value.rstrip(".!?"))),
)
# fmt: on
