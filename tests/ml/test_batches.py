"""Batches hold every text once, come in few sizes and pad little; a packed one can be read back."""

from __future__ import annotations

import numpy as np
import pytest

from modelmill.inference import batches
from modelmill.inference.batches import PACKED, PADDED, Tokens

LENGTHS = [[], [1], [7] * 13, [9] * 10 + [5] * 6, [60] + [6] * 7, [64] * 33, [*range(1, 65)]]
PACK = Tokens(None, PACKED, 64, pad_id=9, first_position=2)


@pytest.mark.parametrize("padding", [1.0, batches.PACKED_CELL])
@pytest.mark.parametrize("lengths", LENGTHS)
def test_batches_hold_every_text_once_come_in_few_sizes_and_pad_little(lengths: list[int], padding: float) -> None:
    made = list(batches.plan(lengths, padding=padding))
    assert sorted(place for _, _, places in made for place in places) == list(range(len(lengths)))
    assert {rows for _, rows, _ in made} <= {1, 2, 4, 8, 16, 32}
    assert {length % batches.STEP for length, _, _ in made} <= {0}
    for length, rows, places in made:
        assert 0 <= (rows - len(places)) * length * padding <= batches.CALL
        padded = sum(length - lengths[place] for place in places)
        assert 0 <= padded * padding <= batches.CALL + batches.STEP * len(places) * padding


@pytest.mark.parametrize(("texts", "threads", "most"), [(8, 2, 8), (16, 2, 8), (16, 1, 16), (40, 2, 20), (200, 2, 32)])
def test_what_is_asked_at_once_is_shared_among_threads_but_not_too_finely(texts: int, threads: int, most: int) -> None:
    given = Tokens(_Words(), PACKED, 64, pad_id=0).batches(["a b"] * texts, threads)
    sizes = [len(batch.places) for batch in given]
    assert sum(sizes) == texts and max(sizes) <= most and min(sizes[:-1], default=most) >= min(most, 8)


def test_a_packed_batch_holds_each_word_piece_once_with_its_position_and_its_cell() -> None:
    ids = [[5, 6, 7], [8], [3, 4]]
    given = PACK.arrays(ids, rows=4, length=8)
    assert tuple(given) == PACKED and {array.dtype for array in given.values()} == {np.dtype(np.int64)}
    pieces, mask = sum(map(len, ids)), given["attention_mask"]
    assert given["input_ids"][:pieces].tolist() == [5, 6, 7, 8, 3, 4]
    assert given["position_ids"][:pieces].tolist() == [2, 3, 4, 2, 2, 3]
    assert mask.sum(axis=1).tolist() == [3, 1, 2, 1]  # the row of no text attends to something too
    for row, one in enumerate(ids):
        assert given["input_ids"][given["place"][row, : len(one)]].tolist() == one
        assert given["cell"][given["place"][row, : len(one)]].tolist() == [8 * row + n for n in range(len(one))]


def test_a_padded_batch_has_what_its_model_takes() -> None:
    given = Tokens(None, PADDED[:2], 64, pad_id=9).arrays([[5, 6, 7], [8]], rows=2, length=8)
    assert tuple(given) == PADDED[:2]
    assert given["input_ids"].tolist() == [[5, 6, 7, 9, 9, 9, 9, 9], [8, 9, 9, 9, 9, 9, 9, 9]]
    assert given["attention_mask"].sum(axis=1).tolist() == [3, 1]


@pytest.mark.parametrize("pieces", [1, 4, 5, 97, 127, 128, 129, 1000, 1025, 2048])
def test_sizes_are_few_and_little_is_filled_up(pieces: int) -> None:
    size = batches.few_sizes(pieces)
    assert pieces <= size <= max(pieces + 3, pieces * (1 + 1 / 16))
    assert batches.few_sizes(size) == size
    assert len({batches.few_sizes(n) for n in range(1, 2049)}) <= 100


class _Words:
    """A tokenizer of words, each the word piece of its length."""

    def encode_batch_fast(self, texts: list[str]) -> list[_Encoded]:
        return [_Encoded([len(word) for word in text.split()]) for text in texts]


class _Encoded:
    def __init__(self, ids: list[int]) -> None:
        self.ids = ids
