"""Secrets that only their surroundings betray: a password in an assignment, a header, a connection string, a command.

A value that is random enough beside a word such as `token` is one; a UUID, a digest under a name that says `hash`, a
template and a stand-in are none.
"""

from __future__ import annotations

import base64
import binascii

from modelmill.normalize.rules.randomness import (
    bare_password,
    bare_random_looking,
    chosen_password,
    drawn,
    password,
    password_or_uuid,
    random_looking,
    random_or_tough,
    random_or_uuid,
    tough,
)
from modelmill.normalize.rules.rule import Rule

WORDS = (
    r"(?:secret|token|credentials?|salt|pepper"
    r"|(?:api|access|auth|private|secret|encryption|signing|master|account|webhook|deploy|session|license|hmac|jwt|cookie"
    r"|admin|service|subscription|consumer|app|application|client|partner|shared|pre_?shared|storage|server|fernet|cipher"
    r"|aes|crypto|security|write|integration)[_-]?key)"
)
WORD_SIGNS = ("secret", "token", "key", "credential", "salt", "pepper")
# In other languages too; of letters beyond ASCII their bytes, which know no small and capital ones.
PASSWORDS = (
    r"(?:password|passwd|passphrase|passwort|pwd|pword|kennwort|contrase(?:ñ|n)a|senha|mot[ _-]?de[ _-]?passe|wachtwoord"
    r"|has(?:ł|l)o|heslo|l(?:ö|o)senord|salasana|adgangskode|parola|(?:ş|s)ifre|jelsz(?:ó|o)|(?:П|п)ароль|密码|密碼|パスワード|비밀번호)"
)
PASSWORD_SIGNS = (
    "passw", "passp", "pwd", "pword", "kennwort", "contrase", "senha", "mot de", "mot_de", "mot-de", "motde",
    "wachtwoord", "has\u0142o", "haslo", "heslo", "senord", "salasana", "adgangskode", "parola",
    "ifre", "jelsz", "\u0430\u0440\u043e\u043b\u044c", "\u5bc6\u7801", "\u5bc6\u78bc", "\u30d1\u30b9\u30ef",
    "\ube44\ubc00",
)  # fmt: skip
PASS_SIGNS = ('pass"', "pass'", "pass=", "pass:", "pass =", "pass :")
WORDS_IN_PASS = r"(?i)(?:com|by|tres|sur|over|under)pass\W"  # noqa: S105  (of these "pass" is no word)
# What may follow the word in the name. Not: a name that ends in what says that the value is something else.
REST = r"[A-Za-z0-9_-]*"
# `password: Final[str] = (`, `password string = `, `password != `, `password = password or `
TYPED = (
    r"(?:\s{0,2}:\s{0,2}[A-Za-z_&][\w.\[\]|<>, ]*=|\s(?:(?:as\s)?string|\[\]byte)\s{0,2}="
    r"|\s(?:n?varchar2?|nchar|char|text)(?:\(\w{1,5}\))?\s{0,2}:?=|\[\d{0,4}\]\s{0,2}=)"
)
BETWEEN = rf"""\\?["']?[\])]?(?:{TYPED}|\s{{0,4}}(?::=|=>|<-|[!=]?==?|[|?]{{1,2}}=|:|：|,))\s{{0,4}}(?:[\w.()]+\s(?:or|\|\||\?\?)\s)?"""
# The value as it is, or handed to what undoes its hexadecimal digits or base64.
DECODER = r"[\w.:]*(?:from_?hex|unhexlify|(?:64|hex)_?decode|decode_?(?:64|hex|string)|hex2bin|atob|from_?base64(?:_?string)?|get(?:Url)?Decoder\(\)\.decode)"
DEFAULT = r"[\w.]+\([^()\n\"'`]*\bdefault(?:_value)?\s{0,2}=\s{0,2}"
OPEN = rf"""(?:{DEFAULT}|\(\s*)?(?:[bBrRuUfFnN@]{{0,2}}|(?:str|bytes|SecretStr|String(?:::from)?|Buffer\.from|\[\]byte|Some|{DECODER})\([bBrR]?)\\?(?:\"{{3}}\s*|'{{3}}\s*|["'`](?:\\["'])?)"""
# A # begins a comment only after a blank, in shells, YAML and .env alike.
BARE = r"([^\s\"'`#,;(){}\[\]<>][^\s\"'`,;(){}\[\]<>]{5,})"
# What YAML puts before a value: a tag, an anchor, the sign of a text over several lines, which in properties is a \\.
YAML = r"(?:[!&][\w!:./-]*[ \t]{1,3}){0,2}(?:(?:[|>][+-]?\d?|\\)[ \t]*\r?\n[ \t]+)?"
NAME = r"[A-Za-z0-9_-]*"
# A line may be one of a comment, or the first or last of a text in three quotes.
SIGN = r"""(?:(?:#{1,3}|/{2,3}|/?\*{1,2}|--|;{1,2}|<!--|\"{3}|'{3})[ \t]*)?"""
UNSIGNED = r"""[ \t]*(?:\*/|-->|\"{3}|'{3})?\s*$"""
SHORTEST, LONGEST = 12, 200  # characters of a key without quotes
# Programs whose `-u` is no login.
NO_LOGIN = r"\b(?:git|python[\d.]*|pytest|docker|podman|install|sudo|uvicorn|gunicorn|sed|diff|sort)\s[^\n|;]*$"
DECLARED = r"(?:(?:export|set|ENV|ARG|readonly|local|declare|typeset|-)\s+(?:-\w{1,3}\s+)?)?"
# What may stand before a name and behind its value in a command, in an address and in a string of settings.
COMMAND = r"(?:^|[\s\"'&;?,=#\[])"
COMMAND_END = r"(?:[\s&;,\"'|\\]|$)"
# What tells one password from another: `password1`, `password_prod`.
NUMBERED = r"(?:[_.-]?(?:\d{1,3}|prod(?:uction)?|dev|test|staging|live|plain|main|old|new|value|root|admin|db))?"
LINE = rf"""(?im)^[+ \t]*{SIGN}{DECLARED}["']?[A-Za-z0-9_.:-]*"""
OTHERWISE = (
    r"(?i)\barn:[a-z-]{3,10}:|hash|digest|sha\d|md5|checksum|public|publishable|fingerprint|commit|revision|etag"
    r"|[_-]?(?:id|url|uri|name|path|file|type|field|header|pattern|regex|class|prefix|label|format|chars|param|factory|algorithm|alg|provider"
    r"|policy|encoder|hasher|serializer|version|scheme|issuer|audience|scope|realm|endpoint|region|alias|kind|length|group|date|days|mgr|manager)s?\W*[bru]?\W*$"
    r"|token(?:i[sz]|_?data)|senhanc|(?:page|continuation|next|sync|resume|pagination)_?tokens?\W*$"
)
SIGNED = r"(?i)signature[\"'\])]{0,2}\s{0,3}(?::?=|:|==)\s{0,3}[\"'`]$"  # whoever has it can sign nothing else with it


def _wraps_login(value: str, before: str, after: str) -> bool:
    """`user:password` in base64; what wraps none may be a credential of another form."""
    try:
        login = base64.b64decode(value, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return random_looking(value, before, after)
    user, sign, word = login.strip().partition(":")
    return bool(user and sign) and login.strip().isprintable() and password(word, before, after)


def _bare_key(value: str, before: str, after: str) -> bool:
    """A key without quotes, or a password under a key's name."""
    return (SHORTEST <= len(value) <= LONGEST and bare_random_looking(value, before, after)) or tough(
        value, before, after
    )


# fmt: off
# ruff: noqa: E501  (a pattern broken over lines is harder to check)
ASSIGNMENTS: tuple[Rule, ...] = (
    Rule("aws_secret", r"(?i)(?:aws|amazon|s3)[a-z0-9_ .-]{0,20}(?:secret|sk)[a-z0-9_ .-]{0,20}[\"']?\s{0,3}[=:]\s{0,3}[\"']?([A-Za-z0-9/+]{40})\b", ("aws", "amazon", "s3"), drawn),
    Rule("aws_secret", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}[\"'`]?\s{0,3}[,:;]\s*[\"'`]?([A-Za-z0-9/+]{40})\b", ("AKIA", "ASIA"), random_looking),
    Rule("aws_secret", r"(?i)secret_?access_?key[\"']?\s{0,3}(?:=>|[=:,\s])\s{0,3}[\"']?([A-Za-z0-9/+]{40})\b", ("access",), random_looking),
    Rule("twilio_key", r"\bAC[0-9a-f]{32}[\"'`]?\s{0,3}[,:;]\s*[\"'`]?([0-9a-f]{32})\b", ("AC",), drawn),
    Rule("heroku_key", r"(?i)heroku[a-z0-9_ .-]{0,30}[\"']?\s{0,3}[=:]\s{0,3}[\"']?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b", ("heroku",), drawn),
    Rule("cloudflare_key", r"(?i)cloudflare[a-z0-9_ .-]{0,30}[\"']?\s{0,3}[=:]\s{0,3}[\"']?([A-Za-z0-9_-]{37,40})\b", ("cloudflare",), random_looking),
    Rule("fastly_key", r"(?i)fastly[a-z0-9_ .-]{0,30}[\"']?\s{0,3}[=:]\s{0,3}[\"']?([A-Za-z0-9_-]{32})\b", ("fastly",), random_looking),
    Rule("datadog_key", r"(?i)(?:datadog|\bdd)[a-z0-9_ .-]{0,20}key[\"']?\s{0,3}[=:]\s{0,3}[\"']?([a-f0-9]{32}(?:[a-f0-9]{8})?)\b", ("dd", "datadog"), drawn),
    Rule("algolia_key", r"(?i)algolia[a-z0-9_ .-]{0,30}[\"']?\s{0,3}[=:]\s{0,3}[\"']?([a-f0-9]{32})\b", ("algolia",), drawn),
    Rule("url_password", r"[a-z][a-z0-9+.-]+://[^\s:/'\"`]{0,100}:([^\s:/@?'\"`][^\s:/?'\"`]{2,})@[A-Za-z0-9\[{$%<]", ("://",), password),
    Rule("url_password", r"[\"'`][\w.-]{1,60}:([^\s:@'\"`]{4,})@(?:tcp|unix)\(", ("@tcp(", "@unix("), password),
    Rule("url_password", r"://([A-Za-z0-9_-]{20,100})(?::(?:x-oauth-basic|x-access-token)|:)?@(?:[a-z0-9-]{1,40}\.){0,3}[a-z0-9-]{0,20}(?:git|bitbucket|dev\.azure|visualstudio|heroku)", ("://",), random_looking),
    Rule("connection_string", r"(?i)(?:;|\"|'|\s)(?:password|pwd)\s{0,2}=\s{0,2}([^;\"'\s]{4,})(?:;|[\"'])", ("password", "pwd"), chosen_password),
    Rule("connection_string", r"(?i);\s{0,2}(?:password|pwd)\s{0,2}=\s{0,2}([^;\"'\s]{4,})", ("password", "pwd"), password),
    Rule("connection_string", r"(?i);\s{0,2}(?:password|pwd)\s{0,2}=\s{0,2}\{([^;{}\"'\s]{4,})\}", ("password", "pwd"), tough),
    Rule("basic_auth", r"(?i)\bbasic\s{1,3}([A-Za-z0-9+/]{12,200}={0,2})", ("basic",), _wraps_login),
    Rule("basic_auth", r"(?i)[\"']?\bauth[\"']?\s{0,3}[:=]\s{0,3}[\"']([A-Za-z0-9+/]{12,400}={0,2})[\"']", ("auth",), _wraps_login),
    Rule("bearer_token", r"(?i)\bbearer\s{1,3}([A-Za-z0-9._~+/-]{20,400}={0,2})", ("bearer",), random_or_uuid),
    Rule("secret", r"(?i)\bauthorization[\"'`]?\s{0,3}(?:[:=,]|=>)\s{0,3}[\"'`]?(?:token|api-?key|bot|key|digest)?\s{0,3}([A-Za-z0-9._~+/-]{20,400}={0,2})(?:[\"'`\s]|$)", ("authorization",), random_looking),
    Rule("secret", rf"(?i)[\"'][\w-]{{0,40}}{WORDS}{REST}:\s{{0,3}}([^\s\"'`:,;(){{}}\[\]<>]{{12,200}})[\"']", WORD_SIGNS, random_looking, unless=OTHERWISE),
    Rule("netrc_password", r"(?i)\bmachine\s+\S{1,100}\s+login\s+\S{1,100}\s+password\s+(\S{4,})", ("machine",), password),
    Rule("pgpass_password", r"(?m)^(?:[\w.-]{1,100}|\*):(?:\d{2,5}|\*):[\w*-]{1,60}:[\w*-]{1,60}:([^\s:\"']{6,})$", (":",), chosen_password),
    Rule("command_password", r"\s-(?:u|-user)[= ]{1,2}[\"']?[^\s:\"']{1,60}:([^\s\"':]{4,})", (" -u", " --user"), password, unless=NO_LOGIN, reach=100),
    Rule("command_password", r"(?i)\s--(?:password|passwd|passphrase|pass|requirepass|masterauth|token|api-key|secret|access-token|client-secret)[= ]{1,2}[\"']?([^\s\"'`]{6,200})", ("--pass", "--requirepass", "--masterauth", "--token", "--api-key", "--secret", "--access-token", "--client-secret"), chosen_password),
    Rule("command_password", r"(?i)\bmysql(?:dump|admin)?\s[^\n]{0,100}?\s-p[\"']?([^\s\"']{6,})", ("mysql",), chosen_password),
    Rule("command_password", r"(?i)\b(?:PGPASSWORD|MYSQL_PWD|SSHPASS|REDISCLI_AUTH)=[\"']?([^\s\"']{4,})", ("pgpassword", "mysql_pwd", "sshpass", "rediscli_auth"), password),
    Rule("command_password", r"(?i)\b(?:redis-cli\s[^\n]{0,100}?-a|openssl\s[^\n]{0,100}?\s-k|openssl\s[^\n]{0,100}?\s-pass\s+pass:|vault\s+operator\s+unseal)\s{0,3}[\"']?([^\s\"'$-][^\s\"']{7,199})", ("redis-cli", "openssl", "unseal"), chosen_password),
    Rule("sql_password", r"(?i)\bidentified\s+by\s+['\"]([^'\"\s]{4,})['\"]", ("identified",), chosen_password),
    Rule("sql_password", r"(?i)\b(?:user|role)\s[^;\n]{1,100}?\bpassword\s+'([^'\s]{4,})'", ("password",), password),
    Rule("xml_password", rf"(?i)<[a-z0-9_.:-]*(?:{PASSWORDS}|{WORDS}|apikey|[_.-]pass|[a-z]{{2,8}}pass|psk|passcode|[_-]pw){REST}(?:\s[^<>]+)?>([^<>\s]{{6,}})</", ("</",), password_or_uuid, unless=OTHERWISE),
    Rule("password", rf"(?i){NAME}{PASSWORDS}{REST}{BETWEEN}{OPEN}([^\"'`\s\\]{{6,}})\\?[\"'`]", PASSWORD_SIGNS, chosen_password, unless=OTHERWISE),
    Rule("password", rf"{LINE}{PASSWORDS}{NUMBERED}[\"']?\s{{0,3}}[?:+]?[:=]\s{{0,3}}{YAML}{BARE}{UNSIGNED}", PASSWORD_SIGNS, bare_password, unless=OTHERWISE),
    Rule("password", rf"(?i)[{{,]\s{{0,9}}{NAME}{PASSWORDS}[\"']?\s{{0,3}}:\s{{1,3}}{BARE}\s{{0,9}}[,}}]", PASSWORD_SIGNS, bare_password, unless=OTHERWISE),
    Rule("password", r"(?im)(?:^|[^A-Za-z])(?:[A-Za-z0-9]{0,20}[_.-])?pass[\"']?\s{0,3}[:=]\s{0,3}[\"']([^\"'\s\\]{6,})[\"']", PASS_SIGNS, chosen_password, unless=WORDS_IN_PASS),
    Rule("password", rf"(?im)^[ \t]*{DECLARED}[A-Za-z0-9]{{0,20}}_?pass\s{{0,3}}[:=]\s{{0,3}}{BARE}\s*$", PASS_SIGNS, bare_password, unless=WORDS_IN_PASS),
    Rule("password", rf"(?i)(?:set|with|use|change|reset|new|update|check|verify|validate|hash|make)_?[a-z]{{0,12}}_?{PASSWORDS}\(\s*{OPEN}([^\"'`\s\\]{{6,}})[\"'`]", PASSWORD_SIGNS, chosen_password),
    Rule("password", rf"(?i)\b(?:name|key|id)[\"']?\s{{0,3}}[:=]\s{{0,3}}[\"']?{NAME}{PASSWORDS}[\"']?,?\s{{1,60}}[\"']?(?:value|default)[\"']?\s{{0,3}}[:=]\s{{0,3}}[\"']?{BARE}", PASSWORD_SIGNS, chosen_password, unless=OTHERWISE),
    Rule("secret", rf"(?i)\b(?:name|key|id)[\"']?\s{{0,3}}[:=]\s{{0,3}}[\"']?{NAME}{WORDS}[\"']?,?\s{{1,60}}[\"']?(?:value|default)[\"']?\s{{0,3}}[:=]\s{{0,3}}[\"']?([^\s\"'`#,;(){{}}\[\]<>]{{12,200}})", WORD_SIGNS, random_or_uuid, unless=OTHERWISE),
    Rule("password", rf"(?i)\|\s{{0,20}}[*`]{{0,2}}{NAME}{PASSWORDS}[*`]{{0,2}}\s{{0,20}}\|\s{{0,20}}`?([^|\s`]{{6,}})`?\s{{0,20}}\|", PASSWORD_SIGNS, chosen_password),
    Rule("password", r"(?i)\bauth[\"']?\s{0,3}[=:]\s{0,3}[(\[]\s*[\"'][^\"'\s]{1,60}[\"'],\s*[\"']([^\"'\s]{6,})[\"']", ("auth",), chosen_password),
    Rule("password", r"(?i)(?:basic_?auth|\bcredentials?\.basic|\.auth|\blog_?in|authenticat(?:e|ion(?:token)?)|sign_?in|credentials?|username_pw_set)\(\s*@?[\"'][^\"'\s]{1,60}[\"'],\s*@?[\"']([^\"'\s]{6,})[\"']", ("auth(", "authenticat", "login(", "log_in(", "signin(", "sign_in(", "credential", "username_pw_set("), chosen_password),
    Rule("command_password", r"(?i)\becho\s+(?:-n\s+)?[\"']?(?:[\w.-]{1,30}:)?([^\s\"'|:]{6,})[\"']?\s{0,3}\|\s{0,3}(?:sudo\s|chpasswd|passwd|docker\s+login|gh\s+auth)", ("echo",), chosen_password),
    Rule("secret", rf"(?i){NAME}{WORDS}{REST}{BETWEEN}{OPEN}([^\"'`\s\\]{{8,200}})\\?[\"'`]", WORD_SIGNS, random_or_tough, unless=OTHERWISE),
    Rule("secret", rf"{LINE}{WORDS}{REST}[\"']?\s{{0,3}}[?:+]?[:=]\s{{0,3}}{YAML}([^\s\"'`#,;(){{}}\[\]<>][^\s\"'`,;(){{}}\[\]<>]{{9,}})(?:\s*#[^\n]*$|{UNSIGNED})", WORD_SIGNS, _bare_key, unless=OTHERWISE),
    Rule("secret", rf"(?i){COMMAND}[\w.-]*{WORDS}{REST}=([^\s\"'`#,;(){{}}\[\]<>=&]{{12,200}}={{0,2}}){COMMAND_END}", WORD_SIGNS, bare_random_looking, unless=OTHERWISE),
    Rule("secret", rf"(?im)^[ \t]*ENV\s+[\w.]{{0,40}}{WORDS}\w{{0,20}}\s+[\"']?([^\s\"'$]{{12,200}})[\"']?\s*$", WORD_SIGNS, bare_random_looking, unless=OTHERWISE),
    Rule("high_entropy", r"(?i)[\w-]*(?:secret|token|api[_ -]?key|credential|password|auth|signature|hmac)[^\n\"'`]{0,40}[\"'`]([A-Za-z0-9+/_=-]{32,200})[\"'`]", ("secret", "token", "key", "credential", "password", "auth", "signature", "hmac"), random_looking, unless=rf"{OTHERWISE}|{SIGNED}"),
)
# fmt: on
