"""Texts -> word pieces -> the arrays that an IR takes, a batch at a time.

A padded batch is rows of word pieces and a mask. A packed one has no padding where a transformer's work is, its
products with weights: the texts lie one behind the other, and only attention, which costs little of short texts, sees
them in rows (packing.py).

A text's row depends on the text alone: what is padded is masked, and rows do not meet. To the bit where OpenVINO runs
it, to rounding (1e-7) where ONNX Runtime does (tests/ml/test_ir.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

PADDED = ("input_ids", "attention_mask", "token_type_ids")  # each (rows, length); not every model takes the third
# (pieces,): word pieces, their positions in their texts, and their cells, row * length + column;
# (rows, length): which cells are no padding, and the place of each one's word piece.
PACKED = ("input_ids", "position_ids", "cell", "attention_mask", "place")

BATCH = 32  # texts at a time; more gain nothing
WHOLE = 8  # texts that are not shared out among threads: eight cost a core less than two batches of four cost two
CALL = 48  # word pieces: what one more call costs (3 to 5 CPU-ms), so as much is padded to save one
STEP = 8  # lengths in word pieces are rounded up to it: for each new shape OpenVINO makes kernels, once (some 30 ms)
PIECES = 4  # the same for the pieces of a packed batch, whose kernels are made in 1 ms as long as they are few
PACKED_CELL = 1 / 16  # what a cell of padding costs that attention alone sees, in word pieces (measured: .05 to .09)
# Characters read for each word piece that may be kept: a megabyte is not split into words to keep 128 of them.
CHARS_PER_TOKEN = 64


@dataclass(frozen=True, slots=True)
class Batch:
    """places: which of the texts the first rows are of. given: the arrays by name, int64."""

    places: list[int]
    given: dict[str, np.ndarray]


@dataclass(frozen=True)
class Tokens:
    """A tokenizer, and how its model wants what it makes. first_position: of a text's first word piece, if packed."""

    tokenizer: Any
    inputs: tuple[str, ...]
    max_tokens: int
    pad_id: int
    first_position: int = 0

    @property
    def packed(self) -> bool:
        """Whether the model takes texts without padding."""
        return "place" in self.inputs

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """What is no Unicode (half a surrogate pair) is read as a question mark, what has no word piece as padding."""
        most = CHARS_PER_TOKEN * self.max_tokens
        clean = [text[:most].encode("utf-8", "replace").decode("utf-8") for text in texts]
        return [one.ids or [self.pad_id] for one in self.tokenizer.encode_batch_fast(clean)]

    def batches(self, texts: Sequence[str], threads: int = 1) -> Iterator[Batch]:
        """All of them, longest first, so that no thread is left with the longest at the end."""
        ids = self.ids(texts)
        most = min(BATCH, max(WHOLE, -(-len(ids) // threads)))
        for length, rows, places in plan([len(one) for one in ids], most, PACKED_CELL if self.packed else 1.0):
            yield Batch(places, self.arrays([ids[place] for place in places], rows, length))

    def arrays(self, ids: Sequence[Sequence[int]], rows: int, length: int) -> dict[str, np.ndarray]:
        """Each input by name. Rows beyond the texts are of one word piece: softmax of nothing is no number."""
        import numpy as np

        shape = (rows, length)
        tokens, mask = np.full(shape, self.pad_id, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        for row, one in enumerate(ids):
            tokens[row, : len(one)] = one
            mask[row, : len(one)] = 1
        pieces = np.flatnonzero(mask)
        mask[len(ids) :, 0] = 1
        if self.packed:
            return self._packed(tokens, mask, pieces)
        given: dict[str, np.ndarray] = dict(zip(PADDED, (tokens, mask, np.zeros_like(tokens)), strict=True))
        return {name: given[name] for name in self.inputs}

    def _packed(self, tokens: np.ndarray, mask: np.ndarray, pieces: np.ndarray) -> dict[str, np.ndarray]:
        """pieces: the cells that are copied, one behind the other. More are of the first, and nothing reads them."""
        import numpy as np

        cell = np.concatenate([pieces, np.full(few_sizes(len(pieces)) - len(pieces), pieces[0])])
        place = np.zeros(mask.shape, dtype=np.int64)
        place.reshape(-1)[pieces] = np.arange(len(pieces))
        position = cell % mask.shape[1] + self.first_position
        return dict(zip(PACKED, (tokens.reshape(-1)[cell], position, cell, mask, place), strict=True))


def reading(tokenizer: Any, inputs: tuple[str, ...], max_tokens: int, pad_id: int, first_position: int = 0) -> Tokens:
    """The tokenizer, set to what its model reads."""
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return Tokens(tokenizer, inputs, max_tokens, pad_id, first_position)


def few_sizes(pieces: int) -> int:
    """Rounded up: by 4 up to 128, by at most a sixteenth above, where new kernels take 15 to 70 ms."""
    step = max(PIECES, 1 << max(0, (pieces - 1).bit_length() - 5))
    return -(-pieces // step) * step


def plan(lengths: Sequence[int], most: int = BATCH, padding: float = 1.0) -> Iterator[tuple[int, int, list[int]]]:
    """(padded length, rows, places of at most so many texts), longest first.

    padding: what a padded cell costs, in word pieces. Of like length, so that little is padded. Of 32, 16, 8, 4, 2 or 1
    rows: a service that gets as many texts as people happen to ask at once would else meet a new shape for months.
    """
    for length, places in _alike(lengths, most, padding):
        start = 0
        while start < len(places):
            rows = _rows(len(places) - start, length * padding)
            yield length, rows, places[start : start + rows]
            start += rows


def _rows(texts: int, cost: float) -> int:
    """Filled up where that costs less than one more call; else fewer rows than texts. cost: of a row."""
    rows = BATCH
    while rows // 2 >= texts or (rows - texts) * cost > CALL:
        rows //= 2
    return rows


def _alike(lengths: Sequence[int], most: int, padding: float) -> Iterator[tuple[int, list[int]]]:
    """(padded length, at most so many places)."""
    longest, batch = 0, list[int]()
    for number, place in enumerate(sorted(range(len(lengths)), key=lambda place: -lengths[place])):
        length = max(STEP, -(-lengths[place] // STEP) * STEP)
        left = min(most - len(batch), len(lengths) - number)
        if batch and (not left or left * (longest - length) * padding > CALL):
            yield longest, batch
            batch = []
        longest = longest if batch else length
        batch.append(place)
    if batch:
        yield longest, batch
