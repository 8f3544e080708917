"""Whether a text looks like a secret that was drawn at random, like a password a person chose, or like neither."""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import lru_cache
from operator import add, sub

# Words of what says of itself that it is none, in small letters; and what is too short for one, by where it stands.
STAND_INS = (
    "example", "changeme", "change_me", "change-me", "placeholder", "your_", "your-", "yourkey", "xxxx", "dummy",
    "redacted", "sample", "insert", "replace", "fixme", "not_a", "not-a", "fake", "****", "....",
)  # fmt: skip
IN_PART = re.compile(r"(?i)(?:^|[^a-z0-9])my[_-]|%s(?![a-z0-9])")
BRACKETS = re.compile(r"[<>{}()\[\]]")
# What a program fills in, calls or takes a part of: `${name}`, `<name>`, `name(x)`, `name[0]`.
FRAMED = re.compile(r"[$#%]?\{[\w .,:=|$-]*\}|<[\w .,:=|/-]*>|\$?\([\w .,:=|$-]*\)|\[[\w .,:=|$*-]*\]")
PATTERN = re.compile(r"[az]-[az]|[AZ]-[AZ]|0-9|\(\?|\.[*+]|\[\^|\)[?*+]|[\])]\{\d")  # pieces of regular expressions
SIGNS = re.compile(r"[^A-Za-z0-9\s_.-]")
SIGNED = re.compile(r"(?=.*[A-Za-z]).*[0-9!@#^&*+=?~]|(?=.*[a-z])(?=.*[A-Z])[^%$]+[%$]")
WEAK = frozenset(
    {
        "password", "passwd", "passwort", "pass", "pwd", "pw", "secret", "token", "key", "test", "testing", "user",
        "username", "admin", "foo", "bar", "baz", "abc", "abcd", "abcdef", "name", "value", "none", "null", "string",
        "hidden", "text", "default", "port", "host", "login", "xxx", "true", "false", "mypassword", "mysecret",
        "opensesame",
    }
)  # fmt: skip
# What servers are set up with on every developer's machine.
DEFAULTS = frozenset(
    {"postgres", "guest", "root", "mysql", "minioadmin", "airflow", "rabbitmq", "elastic", "neo4j", "tiger"}
)
UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
# `%s`, `%NAME%`, `$name`, `${name}`, `&anchor`, `@string/x`, `/path`: names of what stands elsewhere.
NAMING = re.compile(r"\$|/|%[\w(%{]|[&@][A-Za-z_{(]|![A-Za-z_/.:-]+$")
ALIAS = re.compile(r"\*[a-z_-]+")  # of a value that YAML has elsewhere
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
# One key of 64 in base64 begins with a slash.
ADDRESS = re.compile(
    r"[A-Za-z][A-Za-z0-9+.-]*://|(?:urn|pkcs11|vault|ssm|secretsmanager|keyvault|file|env|sops):[\w./]"
    r"|(?:application|text|image|audio|video|multipart|font|message)/[a-z][\w.+-]*$"
    r"|\.{0,2}/(?![A-Za-z0-9+/]{31,90}=|[A-Za-z0-9/]{1,40}\+[A-Za-z0-9+/]{8,}$)|\.[\w./-]*$|~[\w.-]*(?:/|$)|[A-Za-z]:\\"
)
# What everybody has read is no secret, though it looks it: the digests of nothing, of "test" and of "password", the
# key of each description of one-time passwords, the tokens and the login of RFC 6749.
PUBLISHED = frozenset(
    {
        "d41d8cd98f00b204e9800998ecf8427e", "098f6bcd4621d373cade4e832627b4f6", "5f4dcc3b5aa765d61d8327deb882cf99",
        "jbswy3dpehpk3pxp", "2yotnfzfejr1zcsicmwpaa", "tgzv3jokf0xg5qx2tlkwia", "mf_9.b5f-4.1jqm", "gx1fbat3bv",
        "7fjfp0zbr1ktdrbnfvdmiw", "slav32hkkg",
    }
)  # fmt: skip

# At least eight letters and digits, two digits together; an underscore only where capitals and small letters mix.
INVENTED = re.compile(
    r"(?=.{8})(?=[A-Za-z0-9_]*\d\d)(?:(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])[A-Za-z]\w*|(?=(?:\D*\d){3})[A-Za-z][A-Za-z0-9]*)"
)
WORDS_AND_NUMBER = re.compile(r"[A-Za-z][A-Za-z0-9]{2,}[_.](?:[A-Za-z]{3,}[_.])*[A-Za-z]*\d{3,}")
METHOD = re.compile(
    r"(?i)sha\d|md[245]|utf|base\d\d|pbkdf|argon|b?crypt|int\d\d|float\d|x509|p(?:k?cs)?12|pkcs|aes|rsa|hmac|ripemd|blake"
    r"|iso\d|rfc\d|http|ascii|latin|ipv\d|oauth"
)
# A whole name made of methods: `PBKDF2WithHMAC-SHA512AndAES128-GCM`.
METHODS = re.compile(
    r"(?i)(?:(?:pbkdf|pbe|sha|md|aes|des|ede|hmac|scram|scrypt|bcrypt|crypt|argon|rsa|ecdsa|rc|blowfish|apr|with|and|cbc|gcm"
    r"|ctr|ecb|ofb|cfb|ccm|siv|pss|oaep|pkcs|kdf|chacha|poly|plus|unix|ssha|x509|mgf|base|url|hex|utf|ascii|latin"
    r"|u?int|float|array|string)\d{0,4}[-_/.+]?)+"
)
TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:?\d\d.*)?")
# An expression or a measure: `pwd+salt`, `32-byte`; what is reached over others: `data?.password`.
SUM = re.compile(r"[A-Za-z_]+(?:[+*&|=]{1,2}[A-Za-z_]+)+|\d{1,4}-[a-z]+")
CHAIN = re.compile(r"[\w$.]+(?:[?!]\.|->|::)[\w$.?!>:-]*;?")
PICTURE = re.compile(r"iVBORw0KGgo|/9j/4|R0lGOD|UklGR|UEsDB|H4sI|JVBERi|d09G|PHN2Z")  # or a font, an archive; in base64
# Words joined that say no more than the name they stand under: `mysql_password`, `OAUTH2_PASSWORD_BEARER`.
SAID = re.compile(r"(?:[a-z]+\d*[_-])+(?:passwor[dt]|passwd|pwd|secret|token|key)\d{0,3}|(?:[A-Z]+\d?_){2,}[A-Z]+")
PREFIX = re.compile(r"(?:[a-z][a-z0-9]{0,11}[_-]){1,4}")
# The words that a name is made of: single letters and pairs of them in a value drawn at random.
PIECE = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
MAX_PIECE = 2.6  # letters on average: of 173,000 names of 16 letters or more in packages 118 have less and look random
MAX_SHORT_PIECE = 2.0
SHORTEST_DRAWN = 16
# `meadow-winter-533X`: words and a number, joined; no method's name.
PASSPHRASE = re.compile(r"(?=(?:.*[A-Za-z]{4}){2})[A-Za-z]{3,}(?:[-_.][A-Za-z0-9]{2,}){1,5}[!?]?")
TOUGH = re.compile(r"(?=.{8})(?=.*\d)(?=.*[A-Za-z]{3})[\w.-]+(?:(?:[!@#%^*?~]|\$[A-Za-z])[\w.-]*){1,3}")
SHORTEST_GENERATED = 8
# What is longer is no password. The patterns say no upper end: RE2 would have a state for each character.
LONGEST_PASSWORD = 100
ALL_KINDS_ONCE = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d)")
WORD_RUN = re.compile(r"[a-z]{5,}|[A-Z]{5,}")
STRONG = re.compile(r"[\w.!@#$%^&*?~-]*[!@#$%^&*?~][\w.!@#$%^&*?~-]*")
NOT_STRONG = re.compile(r"%[A-Za-z](?:.*%[A-Za-z])|&#|@[^@]*\.[a-z]+$|^[#.@%$]|\$\w+[.]|\*\*")
ALL_KINDS = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d.*\d)")
WORD_WITHIN = re.compile(r"(?:^|[_-])[A-Za-z]?[a-z]{3,}(?:[_-]|$)")
SHORTEST_KEY, LONGEST_KEY = 28, 400  # characters; identifiers of customers, prices and networks have 24 to 27
HEXADECIMAL = re.compile(r"(?:[0-9a-f]{32}|[0-9A-F]{32}){1,2}|[0-9a-f]{40}|[0-9A-F]{40}|[0-9a-f]{128}|[0-9A-F]{128}")
LIVE = re.compile(r"(?:[a-z]{1,6}_)?(?:live|prod|test)_[a-z0-9]{20,}")
MIN_CHANGES_OF_KEY = 0.28  # drawn at random it is .45

# The 150 pairs of letters that are most usual in 220,000 names of Python packages: 82 % of those in a name, 22 % of
# those that are drawn. Of 5,000 names of 14 letters or more with a digit 2.6 % have less than MAX_SPOKEN, of values
# drawn 95 %.
FOLLOWING = (
    "abcdgilmnprstu bael caehklortu daeio eacdeflmnprstvx faio ger haeo iacdeglmnoprst ke ladeilotu maeiop nacdefgiost"
    " obcdlmnprstuw paelort qu raceiorstuy scehiopstu tacehiorstuy uelmnprst vaei xt yp"
)
SPOKEN_PAIRS = frozenset(word[0] + letter for word in FOLLOWING.split() for letter in word[1:])
RUN = re.compile("[a-z]{2,}")
MIN_PAIRS, MAX_SPOKEN = 7, 0.45

ASKED = 10_000  # values kept for a while, as many as one rule looks at: several rules ask the same of one

MIN_ENTROPY = 3.0  # bits a character: English words have less at these lengths, random letters and digits more
MIN_ENTROPY_OF_SHAPED = 2.3
MIN_CHANGES = 0.15  # between letters, capitals and digits, of all characters; a name such as utf8_bin has fewer


def random_looking(value: str, before: str, after: str) -> bool:
    """Letters and digits mixed as chance mixes them, and nothing in it that says it only stands for something."""
    if stands_in(value) or UUID.fullmatch(value) or PICTURE.match(value):
        return False
    if ADDRESS.match(value) and not (value[0] == "/" and unspoken(value)):
        return False
    mixed = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    if not mixed or entropy(value) < MIN_ENTROPY or _counted_up(value):
        return False
    return changes(value) >= MIN_CHANGES or unspoken(value)


def drawn(value: str, before: str, after: str) -> bool:
    """For values that their shape tells already: not the documentation's own, XXXX, 0000, EXAMPLE."""
    return not stands_in(value) and entropy(max(re.split(r"[-_.]", value), key=len)) >= MIN_ENTROPY_OF_SHAPED


def bare_password(value: str, before: str, after: str) -> bool:
    """A password without quotes around it, where a name or a call is likelier."""
    if SUM.fullmatch(value):
        return False
    return chosen_password(value, before, after) and (
        NAME.fullmatch(value) is None
        or invented(value)
        or bare_random_looking(value, before, after)
        or _in_short_pieces(value)
    )


def invented(value: str) -> bool:
    """`Sommer2024!`, `kXn663mqv`: letters and a number as no name in a program has them, that of a method neither."""
    told = INVENTED.fullmatch(value.rstrip("!?")) or WORDS_AND_NUMBER.fullmatch(value)
    return told is not None and METHOD.search(value) is None


def phrased(value: str) -> bool:
    """`maple-otter-733X`: words and a number with signs between them."""
    told = re.search(r"\d\d", value) is not None and METHOD.search(value) is None
    return told and PASSPHRASE.fullmatch(value) is not None


def prefixed(value: str, before: str, after: str) -> bool:
    """A key behind the short name of who gave it, `abc_live_x7Kq2L...`: drawn of capitals, small letters and digits."""
    if len(value) > LONGEST_KEY or before in ("-", "_", ".", "/", "+", "$", "\\") or after in ("+", "/", "("):
        return False
    if stands_in(value):
        return False
    drawn_part = PREFIX.sub("", value.rstrip("="), count=1)
    return (
        len(drawn_part) >= SHORTEST_KEY
        and ALL_KINDS.match(drawn_part) is not None
        and METHOD.match(value) is None
        and not value.startswith("diff-")  # a place in a comparison, as links to GitHub have it
        and WORD_WITHIN.search(drawn_part) is None
        and changes(drawn_part) >= MIN_CHANGES_OF_KEY
        and random_looking(drawn_part, before, after)
    )


def bare_random_looking(value: str, before: str, after: str) -> bool:
    """The same without quotes around it, where a name or a call is likelier."""
    name = NAME.fullmatch(value) is not None and changes(value) < (0.3 if sum(map(str.isdigit, value)) >= 2 else 0.4)
    told = not name or _in_pieces(value) or unspoken(value) or HEXADECIMAL.fullmatch(value) is not None
    return told and random_looking(value, before, after)


def _in_pieces(value: str) -> bool:
    """Whether what would be the words of a name are too short for words."""
    value = re.sub("[_-]", "", value)
    pieces = PIECE.findall(value)
    mixed = value.isalnum() and value.lower() != value != value.upper()
    return mixed and len(value) >= SHORTEST_DRAWN and len(value) < MAX_PIECE * len(pieces)


def _in_short_pieces(value: str) -> bool:
    """`JRJ1AUq6wq`: shorter than what `_in_pieces` takes, so the pieces must be shorter too."""
    plain = re.sub("[_.-]", "", value)
    return (
        len(plain) >= SHORTEST_GENERATED
        and ALL_KINDS_ONCE.match(plain) is not None
        and len(plain) < MAX_SHORT_PIECE * len(PIECE.findall(plain))
    )


def password(value: str, before: str, after: str) -> bool:
    """What a person may have chosen: no stand-in, no word by itself or with a number behind it."""
    if len(value) > LONGEST_PASSWORD:
        return False
    if stands_in(value) or (NAMING.match(value) and not generated(value)) or UUID.fullmatch(value):
        return False
    letters = "".join(filter(str.isalpha, value.lower()))
    if value.lower() in DEFAULTS or ALIAS.fullmatch(value):
        return False
    return letters not in WEAK and len(set(value)) >= 4


def chosen_password(value: str, before: str, after: str) -> bool:
    """A password where any string could stand: it must hold a digit or a sign beside letters."""
    if (
        len(value) > LONGEST_PASSWORD
        or SIGNED.match(value) is None
        or ADDRESS.match(value)
        or TIME.fullmatch(value)
        or CHAIN.fullmatch(value)
    ):
        return False
    return password(value, before, after)


def tough(value: str, before: str, after: str) -> bool:
    """A password as rules for passwords want one, where a name or a word could stand: letters, a digit and a sign."""
    return TOUGH.fullmatch(value) is not None and chosen_password(value, before, after)


def random_or_tough(value: str, before: str, after: str) -> bool:
    """What a name that says secret or token may hold: drawn at random, or chosen so that no word looks like it."""
    return random_looking(value, before, after) or tough(value, before, after)


def _has_word(value: str) -> bool:
    """Whether there is a run of letters in it that follow each other as they do in words."""
    return any(
        2 * sum(two in SPOKEN_PAIRS for two in map(add, run, run[1:])) >= len(run) - 1
        for run in map(str.lower, WORD_RUN.findall(value))
    )


def strong(value: str, before: str, after: str) -> bool:
    """A password as rules for passwords want one, of all kinds of characters, where any string could stand."""
    if not chosen_password(value, before, after) or NOT_STRONG.search(value) or ALL_KINDS_ONCE.match(value) is None:
        return False
    return generated(value) or STRONG.fullmatch(value) is not None


def drawn_key(value: str, before: str, after: str) -> bool:
    """A key where any string could stand."""
    few = sum(map(str.isdigit, value)) < 2
    return lettered(value, before, after) or (not few and unspoken(value) and random_looking(value, before, after))


def random_or_uuid(value: str, before: str, after: str) -> bool:
    """Drawn at random, a UUID too, where the name beside it says what it is."""
    return random_looking(value, before, after) or (UUID.fullmatch(value) is not None and drawn_uuid(value))


def password_or_uuid(value: str, before: str, after: str) -> bool:
    """What a field of a settings file may hold that is named after it."""
    return chosen_password(value, before, after) or (UUID.fullmatch(value) is not None and drawn_uuid(value))


def drawn_uuid(value: str) -> bool:
    """A UUID that was drawn, no 00000000-... or 12345678-1234-...."""
    return len(set(value)) > 9 and not value.startswith(("12345678", "01234567", "00000000"))


def lettered(value: str, before: str, after: str) -> bool:
    """Capitals, small letters and digits as chance mixes them, or hexadecimal digits as many as a key has."""
    if HEXADECIMAL.fullmatch(value):
        return random_looking(value, before, after)
    told = ALL_KINDS.match(value) is not None and changes(value) >= MIN_CHANGES_OF_KEY and not WORD_WITHIN.search(value)
    return (told or LIVE.fullmatch(value) is not None) and random_looking(value, before, after)


@lru_cache(maxsize=ASKED)
def stands_in(value: str) -> bool:
    """Whether it says of itself that it is none, or is everybody's: an example, a template, a mask."""
    small = value.lower()
    return (
        small in PUBLISHED
        or any(word in small for word in STAND_INS)
        or (("my" in small or "%s" in small) and IN_PART.search(value) is not None)
        or small.strip("*.x#-_") == ""
        or small.endswith("...")
        or METHODS.fullmatch(value.rstrip(",;.")) is not None
        or SAID.fullmatch(value) is not None
        or (BRACKETS.search(value) is not None and not generated(value))
    )


def generated(value: str) -> bool:
    """`q(7Kz]!tW;4b`: letters, digits and signs as a program draws passwords, brackets too; no template, no call."""
    rest = FRAMED.sub("", value)
    signs = len(set(SIGNS.findall(rest)))
    if len(rest) < SHORTEST_GENERATED or PATTERN.search(value) or _has_word(rest) or not signs:
        return False
    letters = re.sub(r"[^A-Za-z0-9]", "", rest)
    few = MIN_CHANGES if BRACKETS.search(rest) else MIN_CHANGES_OF_KEY
    return ALL_KINDS_ONCE.match(rest) is not None and (signs > 1 or changes(letters) >= few)


@lru_cache(maxsize=ASKED)
def unspoken(value: str) -> bool:
    """Whether its letters follow each other as they do in no word: `ctdwkbuans4yvhx8avt2`."""
    pairs = [two in SPOKEN_PAIRS for run in RUN.findall(value.lower()) for two in map(add, run, run[1:])]
    return len(pairs) >= MIN_PAIRS and sum(pairs) < MAX_SPOKEN * len(pairs)


@lru_cache(maxsize=ASKED)
def entropy(value: str) -> float:
    """Shannon's, in bits a character."""
    return -sum(_share(n, len(value)) for n in Counter(value).values())


@lru_cache(maxsize=ASKED)
def _share(number: int, of: int) -> float:
    return number / of * math.log2(number / of)


@lru_cache(maxsize=ASKED)
def changes(value: str) -> float:
    """How often a letter, capital or digit follows another of these kinds, of all characters. A hump is no change."""
    kinds = value.translate(KINDS) if value.isascii() else "".join(map(_kind, value))
    return sum(map(kinds.count, TURNS)) / max(1, len(value))


def _kind(character: str) -> str:
    return "0" if character.isdigit() else "a" if character.islower() else "A" if character.isupper() else " "


KINDS = {number: _kind(chr(number)) for number in range(128)}
TURNS = ("a0", "0a", "A0", "0A", "aA")


def _counted_up(value: str) -> bool:
    """0123456789abcdef and abc123def456: runs of neighbours instead of chance."""
    codes = list(map(ord, value.lower()))
    steps = list(map(sub, codes[1:], codes))
    return steps.count(0) + steps.count(1) > 0.6 * len(value)
