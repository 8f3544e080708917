"""Recall and precision on the planted sets, overall and per kind; the same sets in every run."""

from __future__ import annotations

import hashlib
from collections import Counter

from planted import Planted, look_alikes, secrets

from modelmill.normalize.expectations import APART
from modelmill.normalize.privacy import Found, find
from modelmill.normalize.rules import KINDS

FROZEN = "560e1028d3e8d27b33c94b094238ed02536ecb8a4aeff5fb47a60f4fea183a1f"

SECRETS, LOOK_ALIKES = secrets(), list(look_alikes())


def hits(one: Planted, found: list[Found]) -> bool:
    """Whether every part of the value was found: nothing of it longer than 7 characters is left."""
    rest = one.text
    for place in reversed(found):
        rest = rest[: place.start] + "\n" + rest[place.end :]
    return not any(one.value[i : i + 8] in rest for i in range(max(1, len(one.value) - 7)))


def beside(one: Planted, found: list[Found]) -> list[Found]:
    """What was found where nothing was planted."""
    at, to = one.text.index(one.value), one.text.index(one.value) + len(one.value)
    return [place for place in found if place.end <= at or place.start >= to]


def test_the_sets_are_the_frozen_ones() -> None:
    said = "\0".join([*(f"{one.kind} {one.text}" for one in SECRETS), *LOOK_ALIKES])
    assert (len(SECRETS), len(LOOK_ALIKES)) == (500, 2000)
    assert hashlib.sha256(said.encode()).hexdigest() == FROZEN


def test_at_least_forty_kinds_are_looked_for_and_nearly_all_are_planted() -> None:
    planted = {one.kind for one in SECRETS}
    assert len(planted) >= 40
    assert planted <= set(KINDS)
    newer = {
        "national_id",
        "mac",
        "service_key",
        "django_key",
        "url_signature",
        "wallet_key",
        "birth_date",
    }  # test_newer_keys.py and others
    assert set(KINDS) - planted == newer


def test_nearly_everything_planted_is_found_and_hardly_anything_else() -> None:
    found = [find(one.text) for one in SECRETS]
    missed = [one for one, places in zip(SECRETS, found, strict=True) if not hits(one, places)]
    wrong = [place for one, places in zip(SECRETS, found, strict=True) for place in beside(one, places)]
    taken = [(text, place) for text in LOOK_ALIKES for place in find(text)]
    right = len(SECRETS) - len(missed)
    assert right / len(SECRETS) >= 0.98, [(one.kind, one.text) for one in missed]
    assert right / (right + len(wrong) + len(taken)) >= 0.95, taken[:10] + wrong[:10]


def test_no_kind_is_missed_altogether() -> None:
    planted, found = Counter[str](), Counter[str]()
    for one in SECRETS:
        planted[one.kind] += 1
        found[one.kind] += hits(one, find(one.text))
    assert {kind: f"{found[kind]} of {n}" for kind, n in planted.items() if found[kind] < 0.75 * n} == {}


def test_what_is_found_alone_is_found_among_others_too() -> None:
    """The re-scan reads many stored texts as one: nothing may hide behind its neighbours."""
    texts = [*(one.text for one in SECRETS), *LOOK_ALIKES]
    for size in (3, 50, 500):
        for at in range(0, len(texts), size):
            places = find(APART.join(texts[at : at + size]))
            start = 0
            for text in texts[at : at + size]:
                for one in find(text):
                    assert any(place.start < start + one.end and place.end > start + one.start for place in places)
                start += len(text) + len(APART)
