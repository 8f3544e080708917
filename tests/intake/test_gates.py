"""Short texts are asked for all rules at once: what that finds is what each rule's own search finds."""

from __future__ import annotations

import random

import planted
import pytest

from modelmill.normalize import gates, privacy
from modelmill.normalize.gates import Gates, loosened
from modelmill.normalize.rules import GROUPS

PARTS = [
    "password", " = ", "'", '"', "hunter2", "token", ": ", "4111 1111 1111 1111", "DE89", " 3704", "+49 170 1234567",
    "a@example.com", "\n", "curl -u ", "case ", "é", "手机", "\\x40", "user:pw@host", "10.0.0.7", "AKIA", "the words",
    "/home/marta/", "078-05-1120", "-", ".", "(", "[", "1", "22", "Bearer ", "ghp_", "x7Kq2L", "key", '" + "',
]  # fmt: skip


def texts() -> list[bytes]:
    chance = random.Random(7)
    made = ["".join(chance.choices(PARTS, k=chance.randrange(1, 9))) for _ in range(2000)]
    return [text.encode() for text in ["", *made, *(one.text for one in planted.secrets() if len(one.text) < 1000)]]


def test_a_set_opens_the_groups_whose_gate_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "WORTH_IT", 0)
    asked = Gates(GROUPS)
    narrow, each = (
        [privacy._pattern(form(group.gate)) for group in GROUPS]  # pyright: ignore[reportPrivateUsage]
        for form in (str, loosened)
    )
    opened_at_all: set[int] = set()
    for text in texts():
        opened = asked.opened(text)
        assert opened is not None
        for number, group in enumerate(GROUPS):
            if group.gate:
                assert (number in opened) == (each[number].search(text) is not None)
                assert number in opened or narrow[number].search(text) is None
        opened_at_all |= opened
    assert opened_at_all == set(range(len(GROUPS)))


def test_what_is_found_in_a_short_text_does_not_depend_on_how_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Gates(GROUPS)
    monkeypatch.setattr(privacy, "_gates", lambda: asked)
    said = [text.decode() for text in texts()[-800:]]
    monkeypatch.setattr(gates, "WORTH_IT", 1_000_000)
    one_by_one = [privacy.find(text) for text in said]
    monkeypatch.setattr(gates, "WORTH_IT", 0)
    assert [privacy.find(text) for text in said] == one_by_one
    assert len({place.kind for found in one_by_one for place in found}) > 60
