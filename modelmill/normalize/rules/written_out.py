"""Passwords that stand in a command, a directive, a call, a default or a sentence: where no assignment names them.

And those that are put together: a name and a string, strings one behind the other, a string with names in it. Which
column of a table is one of passwords is told by tables.tabled.
"""

from __future__ import annotations

import base64
import binascii
import re

from modelmill.normalize.rules.assignments import (
    BARE,
    BETWEEN,
    COMMAND,
    COMMAND_END,
    DECLARED,
    NAME,
    OPEN,
    OTHERWISE,
    PASSWORD_SIGNS,
    PASSWORDS,
    REST,
    TYPED,
    WORDS,
    YAML,
)
from modelmill.normalize.rules.key_forms import JOINT, PART, STRING
from modelmill.normalize.rules.randomness import (
    bare_password,
    bare_random_looking,
    chosen_password,
    drawn,
    invented,
    password,
    phrased,
    random_looking,
    random_or_tough,
    random_or_uuid,
)
from modelmill.normalize.rules.rule import Rule

# `{name}`, `${name}`, `#{name}`, `$name`, `%s`, `%(name)s`, `%NAME%`: what is no part of the string itself.
FILLED_IN = re.compile(r"[$#]?\{[^{}]*\}|%\(\w+\)s|%[sd]|%\w+%|\$\w+")
LITERAL = r"[^{}$#%]{4,}(?![^{}]*\})"  # what stands beside these
SPOKEN = re.compile(r"(?=.*[A-Za-z])(?=.*\d).*[!@#$^&*=?~%]|(?=.*[a-z])(?=.*[A-Z])\w+[#$%^*&!]\w+$")
EXPRESSION = re.compile(r"[A-Za-z_]\w*(?:(?:[!?]?\.|::|->)\w+)*[!?]?")  # `user.password!`, `req.body?.pw1`
# A name beside which a string is something else; what follows the name is no string only.
NAMED_OTHERWISE = (
    r"(?i)(?:hash|digest|sha\d|md5|checksum|public|fingerprint|[_-]?(?:id|url|uri|name|path|file|type|field|header|pattern"
    r"|regex|class|prefix|label|format|chars|param|message|error|text|title|help)s?)\s{0,3}:?="
)
MIN_PART = 6  # characters of a string that is only a part of a password


def _wraps_password(value: str, before: str, after: str) -> bool:
    """A password in base64, as Kubernetes keeps them; too short for views.unwrapped."""
    if len(value) % 4 or value.islower() or value.isupper():
        return False
    try:
        text = base64.b64decode(value, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return False
    return text.strip().isprintable() and chosen_password(text.strip(), before, after)


def _filled_in(value: str, before: str, after: str) -> bool:
    """A string with names in it, of which the rest is a password by itself."""
    rest = FILLED_IN.sub("", value)
    return rest != value and len(rest) >= MIN_PART and chosen_password(rest, before, after)


def spoken(value: str, before: str, after: str) -> bool:
    """A password in a sentence, where `base64-encoded` could stand as well: letters, a digit and a sign."""
    return _bare(value, before, after) and (
        SPOKEN.match(value.rstrip("!?.=,")) is not None or invented(value) or bare_random_looking(value, before, after)
    )


def _spoken_or_phrased(value: str, before: str, after: str) -> bool:
    """A password behind the name of who logs in, where words with a number are one too."""
    return spoken(value, before, after) or (chosen_password(value, before, after) and phrased(value))


def _told(value: str, before: str, after: str) -> bool:
    """The same where the name of a method could stand as well (`from PBKDF2-SHA1 to Argon2id`): quotes, or a sign."""
    if before in ("`", "'", '"') and before == after:
        return chosen_password(value, before, after)
    return SPOKEN.match(value.rstrip("!?.=,")) is not None and _bare(value, before, after)


def _bare(value: str, before: str, after: str) -> bool:
    """A password without quotes, and no expression of a program."""
    return bare_password(value, before, after) and (
        (EXPRESSION.fullmatch(value) is None and "**" not in value)
        or invented(value)
        or bare_random_looking(value, before, after)
    )


def _in_parts(value: str, before: str, after: str) -> bool:
    """Strings one behind the other that make a password."""
    return chosen_password("".join(re.findall(r"[^\"'`\s+.]{2,}", value)), before, after)


def _written_or_spoken(value: str, before: str, after: str) -> bool:
    """In quotes what a person may have chosen; without them no word could stand there."""
    if before in ("`", "'", '"') and before == after:
        return chosen_password(value, before, after)
    return spoken(value, before, after)


NOUNS = r"(?:password|passwd|passphrase|passwort|passcode|pwd|pword|pw)"
NAMED = rf"[*_`'\"]{{0,3}}(?:[A-Za-z0-9]{{1,20}}[_.-]){{0,3}}{NOUNS}[*_`'\"]{{0,3}}"
CHANGES = r"(?:chang|rotat|reset|updat|switch|set)(?:e|ed|es|s|t|ting|ing)?"
SHORT_NAMES = r"(?:pass|(?:root|admin|user|login|bind|my|db|ssh|ftp|smtp|mail)?pw|psk|passcode)"
VALUE = r"([^\"'`\s\\]{6,})"
# `changed the password for root from`, `the password was changed from`, `the password has expired: change it from`
CHANGED = (
    rf"(?:\b{CHANGES}\s(?:[\w'-]{{1,20}}\s){{0,3}}{NAMED}|{NAMED}[:,]?\s(?:\w{{1,12}}\s){{0,3}}{CHANGES}"
    rf"|\b{NOUNS}\b[^\n]{{0,100}}?\b{CHANGES}\s(?:it|this|that))(?:\s(?:for|of|on|in|at)\s[^\n,;:]{{1,40}}?)?"
)
NEW = r"[*_`'\"]{0,3}([^\s\"'`,;(){}\[\]<>\\*_][^\s\"'`,;(){}\[\]<>\\*]{5,})"
KEYS = r"(?:api_?key|access_?token|auth_?token|client_?secret|token|secret|key|auth)"

# Without one of these none of the rules below can match: narrow, so that few texts are searched further.
GATE = (
    r"(?i)passw|passp|passcode|pwd|pword|pass[\"']?\]?\s{0,3}(?:=>|:?[:=]|,|[|?]{2}=)|_pass\b|\bpw|[_.-]pw|psk|identified|sshpass"
    r"|htpasswd|bindpw|rootpw|securestring|requirepass|masterauth|(?m:^)_auth|:_auth|jdbc:oracle|getconnection\(|pdo\(|odbc_connect\("
    r"|storepass|\s-u\s{0,2}[\"']?[\w.\\/-]{1,40}%|[\"'](?:dbi|jdbc|mysql|pgsql|odbc|oci|sqlsrv):"
    r"|keypass|passin\b|passout\b|mysqli?(?:_connect|_pconnect)?\(|\b(?:credentials?|log[ -]?in|account)\b[^\n:]{0,20}:\s|\bcredentials?\s(?:are|is|were)\s"
    r"|[?&](?:[a-z]{1,6}_?){0,2}(?:key|token|secret|auth)=|\$\{[\w.]{0,40}(?:secret|token|key|credential|salt|pepper)"
    r"|(?:secret|token|key|credentials?|salt|pepper)[\w-]{0,24}[\"'\])]{0,3}(?:\s{0,3}(?:\|\||\?\?|\bor\b)|,[^\n()]{0,80}default)"
    r"|jwt\.(?:sign|verify|encode|decode)\(|fernet\(|\$\{[\w.]{0,40}(?:pass|pw)|assword|" + PASSWORDS
)

# fmt: off
# ruff: noqa: E501  (a pattern broken over lines is harder to check)
WRITTEN_OUT: tuple[Rule, ...] = (
    # Put together.
    Rule("password", rf"(?i){NAME}{PASSWORDS}{REST}{BETWEEN}{OPEN}({PART}[\"'`](?:{JOINT}{STRING}{PART}[\"'`]){{0,5}}{JOINT}{STRING}{PART})[\"'`]", PASSWORD_SIGNS, _in_parts, within=r"[^\"'`\s]{2,}", unless=OTHERWISE),
    Rule("password", rf"(?i){NAME}(?:{PASSWORDS}|[_.-]pw|\bpw){REST}\s{{0,3}}:?=\s{{0,3}}(?:[\w.()\[\]]+\s{{0,3}}[+.]\s{{0,3}}){{1,3}}{STRING}({PART}(?:[\"'`]\s*[+.]\s*{STRING}{PART}){{0,5}})[\"'`]", (), _in_parts, within=r"[^\"'`\s]{2,}", unless=NAMED_OTHERWISE),
    Rule("password", rf"(?i){NAME}{PASSWORDS}{REST}{BETWEEN}{OPEN}{VALUE}[\"'`]", PASSWORD_SIGNS, _filled_in, within=LITERAL, unless=OTHERWISE),
    # A default: `${DB_PASSWORD:-...}`, `env.DB_PASSWORD || "..."`, `"--password", default="..."`, and in a schema below its name.
    Rule("password", rf"(?i)\$\{{[\w.]*(?:{PASSWORDS}|pass|pw)[\w.]*:-?([^\s}}\"'$?+][^\s}}\"'$]{{5,}})\}}", ("${",), chosen_password),
    Rule("password", rf"(?i){PASSWORDS}{REST}[\"'\])]{{0,3}}\s{{0,3}}(?:\|\||\?\?|\bor\b)\s{{0,3}}{STRING}{VALUE}[\"'`]", (), chosen_password),
    Rule("password", rf"(?i)[\"']-{{0,2}}{NAME}{PASSWORDS}{REST}[\"'],[^\n()]{{0,80}}?\bdefault\s{{0,2}}=\s{{0,2}}{STRING}{VALUE}[\"'`]", PASSWORD_SIGNS, chosen_password),
    Rule("password", rf"(?i){NAME}{PASSWORDS}{REST}[\"']?\s{{0,3}}[:{{]\s{{0,3}}\{{?\s{{0,3}}\n(?:[^\n:={{}}]+[:=][^\n{{}}]+\n){{0,4}}[ \t]*[\"']?(?:default|example|value)[\"']?\s{{0,20}}[:=]\s{{0,3}}[\"']?{BARE}", PASSWORD_SIGNS, chosen_password, unless=OTHERWISE),
    Rule("password", rf"(?i)(?:getenv|environ\.get|env|setdefault|put|set_?property)\(\s*[\"'][\w.-]{{0,40}}{SHORT_NAMES}[\"'],\s*{STRING}{VALUE}[\"'`]", ("getenv(", "environ.get(", "env(", "setdefault(", "put(", "setproperty(", "set_property("), chosen_password),
    Rule("secret", rf"(?i)[\"']-{{0,2}}{NAME}{WORDS}{REST}[\"'],[^\n()]{{0,80}}?\bdefault\s{{0,2}}=\s{{0,2}}{STRING}([^\"'`\s\\]{{8,200}})[\"'`]", ("default",), random_or_tough),
    # A directive: its name, a blank, its value.
    Rule("password", rf"(?im)^[ \t]*ENV\s+[\w.]{{0,40}}(?:{PASSWORDS}\w{{0,20}}|_pass|_pw)\s+[\"']?{BARE}[\"']?\s*$", ("env",), bare_password),
    Rule("password", rf"(?im)^[ \t]*(?:bindpw|requirepass|masterauth|(?:olc)?rootpw)(?:\s{{1,4}}|:\s{{1,4}})[\"']?{BARE}[\"']?\s*$", ("bindpw", "requirepass", "masterauth", "rootpw"), bare_password),
    Rule("password", rf"(?im)^[ \t]*(?:bind_?password|storePassword|keyPassword|password|passwd)\s{{1,4}}[\"']?{BARE}[\"']?\s*$", ("password", "passwd"), _written_or_spoken),
    # In a command, and in an address.
    Rule("password", rf"(?i){COMMAND}[\w.-]*(?:{PASSWORDS}|bindpw|_pass|_pw){REST}\]?=([^\s\"'`#,;(){{}}\[\]<>=&][^\s\"'`,;(){{}}\[\]<>&]{{5,}}){COMMAND_END}", (), _bare, unless=OTHERWISE),
    Rule("command_password", r"(?i)\bsshpass\s+-p\s?[\"']?([^\s\"']{4,})", ("sshpass",), password),
    Rule("command_password", r"(?i)\bhtpasswd\s+(?:-\w+\s+){1,4}\S{1,100}\s+\S{1,60}\s+[\"']?([^\s\"']{4,})", ("htpasswd",), password),
    Rule("command_password", r"(?i)\s-(?:storepass|keypass|srcstorepass|deststorepass|passin\s+pass:|passout\s+pass:)\s{0,3}[\"']?([^\s\"']{4,})", ("storepass", "keypass", "passin", "passout"), chosen_password),
    Rule("command_password", r"(?i)\bConvertTo-SecureString\s+(?:-String\s+)?[\"']([^\"'\s]{4,})[\"']", ("securestring",), password),
    Rule("npm_token", r"(?m)(?:^|:)_(?:auth|password)\s{0,3}=\s{0,3}[\"']?([A-Za-z0-9+/=]{8,400})", ("_auth", "_password"), drawn),
    Rule("url_password", r"(?i)\bjdbc:oracle:thin:\w{1,60}/([^\s@/\"']{4,})@", ("jdbc:oracle",), password),
    Rule("command_password", r"\s-U\s{0,2}[\"']?[\w.\\/-]{1,40}%([^\s\"'%]{4,})", (), chosen_password),
    Rule("command_password", r"(?i)assw[^\n]{0,20}[\n{][^\n\"']{0,20}\bsend\s+(?:--\s+)?[\"']([^\"'\\\s]{4,})", ("assw",), chosen_password),
    Rule("password", rf"(?im)^[ \t]*[\w.-]*{PASSWORDS}\s{{0,3}}[:=]\s{{0,3}}{BARE}\s+[#;]", PASSWORD_SIGNS, spoken, unless=OTHERWISE),
    # In a call, in SQL, in JSX, in a table of HTML.
    Rule("password", r"(?i)\(\s*[\"'](?:dbi|jdbc|mysql|pgsql|odbc|oci|sqlsrv):[^\"'\n]{1,200}[\"'],\s*[\"'][^\"'\s]{1,60}[\"'],\s*[\"']([^\"'\s]{6,})[\"']", ("dbi:", "jdbc:", "mysql:", "pgsql:", "odbc:", "oci:", "sqlsrv:"), chosen_password),
    Rule("secret", r"\b(?:jwt|JWT)\.(?:sign|verify|encode|decode)\([^()\n]{1,200}?,\s*b?[\"']([^\"'\s]{8,200})[\"']", ("jwt.", "JWT."), chosen_password),
    Rule("secret", r"\bFernet\(\s*b?[\"']([A-Za-z0-9_+/-]{43}=)[\"']", ("Fernet(",), drawn),
    Rule("xml_password", rf"(?i)>\s?{NAME}{PASSWORDS}\s?:?</\w{{1,10}}>\s*<\w{{1,10}}[^<>]{{0,60}}>([^<>\s]{{6,}})</", PASSWORD_SIGNS, chosen_password),
    Rule("password", r"(?i)\b(?:mysqli?(?:_connect|_pconnect)?|getConnection|PDO|odbc_connect)\(\s*(?:[\"'][^\"'\n]{1,200}[\"']|[$\w.]{1,60}),\s*(?:[\"'][^\"'\s]{1,60}[\"']|[$\w.]{1,60}),\s*[\"']([^\"'\s]{6,})[\"']", ("mysql", "getconnection(", "pdo(", "odbc_connect("), chosen_password),
    Rule("sql_password", r"(?i)\bidentified\s+(?:with\s+[\w'\"]{1,40}\s+)?(?:by|as)\s+(?:password\s+)?['\"]([^'\"\s]{4,})['\"]", ("identified",), chosen_password),
    Rule("sql_password", r"(?i)\bset\s+password\s[^\n;]{0,80}?['\"]([^'\"\s@%][^'\"\s@]{3,99})['\"]\)?\s{0,3};", ("password",), chosen_password),
    Rule("password", rf"(?i){NAME}{PASSWORDS}=\{{[\"'`]{VALUE}[\"'`]\}}", PASSWORD_SIGNS, chosen_password),
    # Under a short name, and in base64.
    Rule("password", rf"(?i)(?:(?:\b|_){SHORT_NAMES}|(?-i:[a-z]Pass|[a-z]Pw))[\"']?\]?(?:{TYPED}|\s{{0,3}}(?:=>|<-|:?[:=]|[|?]{{2}}=))\s{{0,3}}{STRING}{VALUE}[\"'`]", (), chosen_password),
    Rule("password", rf"(?im)^[ \t]*{DECLARED}(?:[A-Za-z0-9_.-]{{0,40}}[_.-])?{SHORT_NAMES}\s{{0,3}}[:=]\s{{0,3}}{YAML}{BARE}\s*$", (), _bare),
    Rule("password", rf"(?im){PASSWORDS}{REST}[\"']?\s{{0,3}}[:=]\s{{0,3}}[\"']?([A-Za-z0-9+/]{{8,200}}={{0,2}})[\"']?\s*$", PASSWORD_SIGNS, _wraps_password, unless=OTHERWISE),
    # In a sentence.
    Rule("password", rf"(?i)\b{NOUNS}[*_]{{0,2}}:?[*_]{{0,2}}\s(?:is\s|was\s|=\s)?[`'\"]{VALUE}[`'\"]", PASSWORD_SIGNS, chosen_password),
    Rule("password", rf"(?i)\b{NOUNS}[*_]{{0,2}}(?:\s(?:is|was)|\s?:)[*_]{{0,2}}\s{{1,3}}[*_]{{0,2}}([^\s\"'`(){{}}\[\]<>\\*_][^\s\"'`(){{}}\[\]<>\\]{{5,}})(?:[\s<)\\\"'`]|$)", (), spoken),
    Rule("password", rf"(?im)\b{NOUNS}\s{{1,2}}([^\s\"'`(){{}}\[\]<>\\/:*_-][^\s\"'`(){{}}\[\]<>\\/:]{{7,}})[ \t]*$", (), spoken),
    Rule("password", rf"(?i)\b(?:user(?:name)?|login)[\"']?\s?[:=]\s?\S{{1,60}}?[,;/]?\s{{1,3}}(?:pass|{NOUNS})\s?[:=]\s?{BARE}(?:[\s\"',;)]|$)", ("pass", "pw"), bare_password),
    Rule("password", r"(?:密码|密碼|パスワード|비밀번호)\s{0,3}(?:[:=]|：|是|は)\s{0,3}([^\s\"'`(){}\[\]<>\\]{6,})", ("密码", "密碼", "パスワード", "비밀번호"), chosen_password),
    Rule("password", r"(?i)\b(?:(?:credentials?|log[ -]?in|account)\b[^\n:]{0,20}:|credentials?\s(?:are|is|were))\s{1,3}[`\"']?[\w@.-]{2,40}[`\"']?\s{0,2}[/:]\s{0,2}[`\"']?([^\s\"'`(){}\[\]<>\\/]{6,})", ("credential", "log", "account"), _spoken_or_phrased),
    Rule("password", rf"(?i){CHANGED}\s(?:back\s)?(?:from|to)\s{{1,3}}{NEW}", PASSWORD_SIGNS, _told),
    Rule("password", rf"(?i){CHANGED}\sfrom\s{{1,3}}\S{{1,100}}\s{{1,3}}(?:back\s)?to\s{{1,3}}{NEW}", PASSWORD_SIGNS, _told),
    # The same of keys and tokens, which must look drawn at random.
    Rule("secret", rf"(?i)\$\{{[\w.]{{0,40}}{WORDS}[\w.]{{0,20}}:-?([^\s}}\"'$]{{12,200}})\}}", ("${",), random_looking),
    Rule("secret", rf"(?i){WORDS}{REST}[\"'\])]{{0,3}}\s{{0,3}}(?:\|\||\?\?|\bor\b)\s{{0,3}}{STRING}([^\"'`\s\\]{{12,200}})[\"'`]", (), random_looking),
    Rule("secret", rf"(?i)[?&]{KEYS}=([A-Za-z0-9._~+/%-]{{16,200}})(?:[&\s\"'`<)#]|$)", ("?", "&"), random_or_uuid),
)
# fmt: on
