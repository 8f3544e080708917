"""Which signs are in a text is told as if each were looked for."""

from __future__ import annotations

import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelmill.normalize.signs import LONG, MIN_BYTES, Sign, Signs, Text

LETTERS = st.binary(max_size=60).map(lambda drawn: bytes(b"abkAB-_\xc3\x9f"[byte % 9] for byte in drawn))


@settings(deadline=None)  # the first example imports numpy
@given(
    LETTERS, st.lists(st.tuples(LETTERS, st.booleans()), min_size=1, max_size=5), st.sampled_from([0, MIN_BYTES, LONG])
)
def test_a_sign_is_there_if_it_is_in_the_text(around: bytes, asked: list[tuple[bytes, bool]], padding: int) -> None:
    data = around + b"." * padding
    signs = tuple(Sign(text.lower() if small else text, small, at) for at, (text, small) in enumerate(asked))
    there = any(one.text in (data.lower() if one.small else data) for one in signs)
    assert Text(data, Signs(signs)).has_any(signs) is there


@pytest.mark.parametrize("size", [10, MIN_BYTES * 2])
def test_none_to_look_for_is_there(size: int) -> None:
    assert Text(b" " * size, Signs(())).has_any(())


def test_of_a_long_text_drawn_at_random_few_signs_are_looked_for() -> None:
    rng = random.Random(1)
    data = "".join(rng.choices(string.ascii_letters + string.digits, k=1_000_000)).encode()
    signs = tuple(Sign("".join(rng.choices(string.ascii_lowercase, k=8)).encode(), True, at) for at in range(200))
    there = Text(data, Signs(signs))
    assert not there.has_any(signs)
    assert len(there.there) < 10  # 180 and more by their groups of three letters alone
