"""Keys in other forms: in parts, over lines, a UUID under the name of a key, in calls, in markup, and what wallets are opened by."""

from __future__ import annotations

import re

from modelmill.normalize.rules.assignments import (
    BETWEEN,
    DEFAULT,
    OPEN,
    OTHERWISE,
    PASSWORDS,
    REST,
    TYPED,
    WORD_SIGNS,
    WORDS,
)
from modelmill.normalize.rules.randomness import (
    chosen_password,
    drawn,
    drawn_key,
    drawn_uuid,
    password_or_uuid,
    random_looking,
    random_or_uuid,
    stands_in,
)
from modelmill.normalize.rules.rule import Rule


def _key_in_parts(value: str, before: str, after: str) -> bool:
    """Strings one behind the other that make a key."""
    return random_looking("".join(re.findall(r"[^\"'`\s+.\\]{2,}", value)), before, after)


def _key_in_lines(value: str, before: str, after: str) -> bool:
    """A value over several lines, of which all but the last end in a backslash."""
    return random_looking("".join(re.findall(r"[^\s\\]+", value)), before, after)


def _words(value: str, before: str, after: str) -> bool:
    """What a wallet is recovered by: 12 to 24 words, nearly all of them different (BIP 39)."""
    words = value.split()
    return len(words) in (12, 15, 18, 21, 24) and len(set(words)) > len(words) // 2 and not stands_in(value)


def _mixed(value: str, before: str, after: str) -> bool:
    """Letters, digits and signs by chance, blanks and brackets among them."""
    return len(set(value)) >= 16 and re.search(r"\d", value) is not None and "your" not in value.lower()


def _uuid_key(value: str, before: str, after: str) -> bool:
    """A UUID, or what has no other form in that place."""
    return drawn_uuid(value)


def _password_or_key(value: str, before: str, after: str) -> bool:
    """What a field of a settings file holds, which is no word."""
    return password_or_uuid(value, before, after) and not value.startswith(("$", "@", "{"))


PART = r"[^\"'`\s\\]{2,}"
STRING = r"[rRbBfFuU]{0,2}[\"'`]"
JOINT = r"\s*(?:[+.]\s{0,3})?\\?\s*"  # between two strings that are one
# Whose value may be a UUID; of these names those of pages, requests and the like are no keys.
KEY_NAMES = r"(?:token|secret|password|(?:api|access|secret|private|auth)[_-]?key)"
NO_KEY_NAMES = (
    r"(?:idempot\w*|client|next|page|continuation|request|sync|cancel\w*|cursor|csrf|task|job|correlation|trace|lock"
    r"|fence|fencing|file|upload|invite|placeholder|node|id|change|action|launch|creator|caller|resume|delivery)[_-]?(?:token|secret|key)"
)
NO_KEY = rf"(?i){NO_KEY_NAMES}"
PUBLIC_KEYS = r"(?i)public|publishable|host_?key|cache|digest|hash|integrity|etag|finger|known|site_?key|verif|authorized|ed25519|peer"
A_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
ASSIGNED = rf"[\"'`]?\]?\s{{0,3}}(?:{TYPED}|:=|=>|[?:]?[:=]|==|[|?]{{1,2}}=|[|?]{{2}}|,)\s{{0,3}}(?:SecretStr\(|{DEFAULT})?(?:[bru]?[\"'`](?:\\[\"'])?)?"
IN_PARTS = (
    rf"{WORDS}{REST}{BETWEEN}{OPEN}({PART}[\"'`](?:{JOINT}{STRING}{PART}[\"'`]){{0,5}}{JOINT}{STRING}{PART})[\"'`]"
)
IN_LINES = r"[^\s\"'`\\,;(){}<>]{4,}(?:\\\r?\n[ \t]*[^\s\"'`\\,;(){}<>]{2,}){1,5}"

# Each with what it cannot do without: the rules are tried one by one where it is met.
PARTS_GATE = r"[\"'`]\s{0,20}[+.\\]\s{0,3}\\?\s{0,60}[bru]?[\"'`]|[\"'`][ \t\r]{0,3}\n\s{0,60}[bru]?[\"'`]|\S\\\r?\n[ \t]{0,40}\w"
KEY_GATE = (
    rf"(?i){KEY_NAMES}{ASSIGNED}{A_UUID}|authorization[\"'`]?\s{{0,3}}(?:[:=,]|=>)|SSWS\s|\|\s{{0,3}}default\(|identified\s+by\s"
    r"|[th]otp\(|algoliasearch\(|\blogin\(|networkcredential\(|_(?:key|salt)['\"],|secret_?key[\"'\]]{0,2}\s{0,3}[:=]"
    r"|<\w{1,20}\s[^<>\n]{0,80}(?:name|key|id)=[^<>]{1,160}>(?:\s*<value[^<>]{0,20}>)?[^<>\s]{8,200}</|</\w{1,10}>\s*<\w{1,10}[^<>]{0,60}>[^<>\s]{12,200}</|accounts[\"']?\s{0,3}[:=]|mnemonic"
    r"|(?:seed|recovery|backup)[ _-]?(?:phrase|words)|wifi:"
    r"|(?:set|with)_?[a-z]{0,20}(?:key|token|secret)\(|key[\"']?\s{0,3}(?::=|=>|[:=])\s{0,3}(?:b|\[\]byte\()?[\"'`]?(?:(?:[A-Za-z0-9+/_-]{43}){1,2}=|(?:[A-Za-z0-9+/_-]{8}){2,4}[\"'`])"
    r"|\b(?:creds?|user(?:name)?/pass(?:word)?)[\"']?\s{0,3}[:=]"
)

# fmt: off
# ruff: noqa: E501  (a pattern broken over lines is harder to check)
PARTS: tuple[Rule, ...] = (
    Rule("secret", rf"(?i){IN_PARTS}", WORD_SIGNS, _key_in_parts, within=r"[^\"'`\s]{2,}", unless=OTHERWISE, reach=24),
    Rule("secret", rf"(?i)(?:{WORDS}|{PASSWORDS}){REST}[\"']?\s{{0,3}}[:=]\s{{0,3}}[\"']?({IN_LINES})[\"']?\s*(?:\n|$)", ("\\\n", "\\\r\n"), _key_in_lines, within=r"[^\s\\]{2,}", unless=OTHERWISE, reach=24),
)
KEY_FORMS: tuple[Rule, ...] = (
    Rule("secret", rf"(?i)\b[\w.-]*{KEY_NAMES}{ASSIGNED}({A_UUID})(?:[\\\"'`;,\s)}}]|$)", ("-",), _uuid_key, unless=NO_KEY),
    Rule("secret", rf"(?i)\bauthorization[\"'`]?\s{{0,3}}(?:[:=,]|=>)\s{{0,3}}[\"'`]?[a-z-]{{2,12}}\s{{1,3}}({A_UUID}|00[A-Za-z0-9_-]{{40}})(?:[\"'`\s]|$)", ("authorization",), _uuid_key),
    Rule("secret", r"\bSSWS\s(00[A-Za-z0-9_-]{40})", ("SSWS",), random_looking),
    Rule("password", rf"(?i)(?:{PASSWORDS}|\b(?:pass|pw|psk|passcode)|{WORDS}){REST}\s{{0,3}}\|\s{{0,3}}default\(\s{{0,3}}[\"']([^\"'`\s\\]{{6,}})[\"']", ("default(",), chosen_password),
    Rule("sql_password", r"(?i)\b(?:create|alter)\s+(?:user|role)\s[^;\n]{1,100}?\bidentified\s+by\s+([^\s'\";,(){}$<:@]{6,})(?:[\s;]|$)", ("identified",), chosen_password),
    Rule("secret", r"(?i)\b(?:pyotp\.)?[th]otp\(\s*[\"']([A-Z2-7]{16,64})[\"']", ("otp(",), drawn),
    Rule("secret", r"(?i)\balgoliasearch\(\s*[\"'][A-Z0-9]{8,12}[\"'],\s*[\"']([a-f0-9]{32})[\"']", ("algoliasearch(",), drawn),
    Rule("secret", r"\blogin\(\s*(?:key|token|api_key)\s{0,2}=\s{0,2}[\"']([^\"'\s]{16,200})[\"']", ("login(",), random_looking),
    Rule("password", r"(?i)\bnetworkcredential\(\s*(?:@?[\"'][^\"'\s]{1,60}[\"']|[\w.]{1,60}),\s*@?[\"']([^\"'\s]{6,})[\"']", ("networkcredential(",), chosen_password),
    Rule("secret", r"(?i)\b(?:AUTH|SECURE_AUTH|LOGGED_IN|NONCE)_(?:KEY|SALT)['\"],\s{0,20}['\"]([^'\n]{32,100})['\"]", ("auth_", "in_", "nonce_"), _mixed),
    Rule("secret", r"(?i)\bsecret_?key[\"'\]]{0,2}\s{0,3}[:=]\s{0,3}[rb]{0,2}[\"']([a-z0-9!@#$%^&*(\-_=+)]{50})[\"']", ("secret",), _mixed),
    Rule("secret", rf"(?i)>\s?[\w.-]{{0,40}}{WORDS}\s?:?</\w{{1,10}}>\s*<\w{{1,10}}[^<>]{{0,60}}>([^<>\s]{{12,200}})</", ("</",), random_or_uuid),
    Rule("secret", rf"(?i)<\w{{1,20}}\s(?:[^<>\n]{{0,60}}\s)?(?:name|key|id)=[\"'][\w.-]{{0,40}}(?:{WORDS}|{PASSWORDS})[\"'][^<>]{{0,60}}>(?:\s*<value[^<>]{{0,20}}>)?([^<>\s]{{8,200}})</", ("</",), _password_or_key),
    Rule("secret", r"(?i)(?:set|with)_?[a-z]{0,20}(?:key|token|secret)\(\s*[\"']([^\"'\s]{16,400})[\"']", ("key(", "token(", "secret("), random_or_uuid),
    Rule("secret", r"(?i)\b[\w.-]*key[\"']?\s{0,3}(?::=|=>|[:=])\s{0,3}(?:b|\[\]byte\()?[\"']?([A-Za-z0-9+/_-]{43}=|[A-Za-z0-9+/_-]{86}==)(?:[\"'\s,;)]|$)", ("key",), random_looking, unless=PUBLIC_KEYS),
    Rule("secret", r"(?i)\b[\w.-]*key[\"']?\s{0,3}(?::=|[:=])\s{0,3}(?:\[\]byte\(|b)[\"'`]([A-Za-z0-9+/_-]{32}|[A-Za-z0-9+/_-]{24}|[A-Za-z0-9+/_-]{16})[\"'`]", ("key",), drawn_key, unless=PUBLIC_KEYS),
    Rule("password", r"(?i)\b(?:creds?|user(?:name)?/pass(?:word)?)[\"']?\s{0,3}[:=]\s{0,3}[\"']?[\w.@-]{1,40}[/:]([^\s\"'/:@]{6,})(?:[\s\"',;]|$)", ("cred", "/pass"), chosen_password),
    Rule("wallet_key", r"(?i)\baccounts[\"']?\s{0,3}[:=]\s{0,3}\[\s*[\"'](?:0x)?([a-f0-9]{64})[\"']", ("accounts",), drawn),
    Rule("wallet_key", r"(?i)(?:mnemonic|(?:seed|recovery|backup)[ _-]?(?:phrase|words))[\"']?\s{0,3}[:=]\s{0,3}[\"'`]?((?:[a-z]{3,8}[ ]){11,23}[a-z]{3,8})\b", ("mnemonic", "phrase", "words"), _words),
    Rule("password", r"WIFI:[^\n\"']{0,100}?\bP:([^\s;\"']{6,64});", ("WIFI:",), chosen_password),
)
# fmt: on
