"""What stands in a text where a value was: its kind and a name of the value, `EMAIL_khbadfpnci`.

The name is an HMAC of the value under a key of this installation: the same value has the same name everywhere in it,
and nobody without the key can try values out. Ten letters a to p, 40 bits: no digits, so that none looks like a secret.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelmill.settings import Settings

Names = Callable[[str, str], str]

PLACEHOLDER = re.compile(r"<?[A-Z][A-Z_]*_(?:[a-p]{10}|\d{1,7})>?")
LETTERS = bytes.maketrans(b"0123456789abcdef", b"abcdefghijklmnop")


class Harmless(str):
    """What we put in the place of something ourselves: it is not looked at."""

    __slots__ = ()


def numbered() -> Names:
    """Names that hold within one text: the first e-mail is EMAIL_1. For logs, which nothing is joined with."""
    numbers: dict[tuple[str, str], int] = {}
    last: dict[str, int] = {}

    def name(kind: str, value: str) -> str:
        if (kind, value) not in numbers:
            last[kind] = numbers[kind, value] = last.get(kind, 0) + 1
        return f"{kind.upper()}_{numbers[kind, value]}"

    return name


def keyed(settings: Settings) -> Names:
    """Names that hold in the whole installation, under a key made from its pepper."""
    return named_by(key_of(settings))


def key_of(settings: Settings) -> bytes:
    """The installation's key for names: who has it can try values out."""
    from modelmill.store.keys import pepper

    return hmac.new(pepper(settings), b"placeholders", hashlib.sha256).digest()


def named_by(key: bytes) -> Names:
    """Names under this key."""

    @lru_cache(maxsize=10_000)
    def name(kind: str, value: str) -> str:
        digest = hmac.new(key, f"{kind}\0{value}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
        return f"{kind.upper()}_{digest[:10].encode().translate(LETTERS).decode()}"

    return name
