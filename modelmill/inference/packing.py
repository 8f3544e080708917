"""A transformer that reads texts side by side, without padding: what conversion.py makes an IR of where it can.

Its weights meet each word piece once, and no padding: an encoder is told that there is one text, of all the word pieces
of a batch, with the positions they have in their own. Attention alone sees rows, as many as there are texts: queries,
keys and values are gathered into them, and what comes out is gathered back (ByteTransformer,
https://arxiv.org/abs/2210.03052). It goes into a model of transformers by its own interface for attention
(https://huggingface.co/docs/transformers/attention_interface).

A model that does not take it (no such interface, positions within its attention, a window, an order) is seen by its
rows: whatever is not what torch makes of the padded texts is not used.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from modelmill.inference.batches import Tokens

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

ATTENTION = "modelmill_packed"
ALIKE = 1e-5  # how far a row's cosine to torch's may be from one; rounding makes 1e-7
COMPARED = 16  # texts, short and long

# From the states of word pieces (rows, length, hidden) and their mask (rows, length) to a row for each text.
Finish = Callable[["Tensor", "Tensor"], "Tensor"]
Rows = Callable[[Sequence[str]], "np.ndarray"]


def module(encoder: Any, finish: Finish) -> Any:
    """A torch module from what `batches.PACKED` names to (rows, width)."""
    import torch

    class Packed(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.finish = encoder, finish  # what has weights has to be seen, to be converted

        def forward(
            self, input_ids: Tensor, position_ids: Tensor, cell: Tensor, attention_mask: Tensor, place: Tensor
        ) -> Tensor:
            with _attending(encoder, cell, attention_mask, place):
                states = self.encoder(input_ids=input_ids[None], position_ids=position_ids[None]).last_hidden_state[0]
            return self.finish(states[place], attention_mask)

    return Packed()


def first_position(packed: Any, tokens: Tokens, rows: Rows, texts: Sequence[str]) -> int | None:
    """From where the model counts positions: 0, or behind its padding as RoBERTa does; None when it cannot be packed.

    rows: what torch makes of texts.
    """
    compared = sorted(texts, key=len)[:: max(1, len(texts) // COMPARED)]
    longest = " ".join([*compared, *["and so on"] * tokens.max_tokens])  # as much as it reads: beyond every window
    for first in (0, tokens.pad_id + 1):
        if _same(packed, replace(tokens, first_position=first), rows, [*compared, longest]):
            return first
    return None


def _same(packed: Any, tokens: Tokens, rows: Rows, texts: Sequence[str]) -> bool:
    import numpy as np
    import torch

    theirs = rows(texts)
    ours = np.zeros_like(theirs)
    try:
        with torch.inference_mode():
            for batch in tokens.batches(texts):
                given = {name: torch.from_numpy(array) for name, array in batch.given.items()}
                ours[batch.places] = packed(**given)[: len(batch.places)].numpy()
    except Exception:  # noqa: BLE001  (whatever a model of another kind does with what it does not know)
        return False
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    return bool(texts and ((ours * theirs).sum(axis=1) >= (1 - ALIKE) * lengths).all())


@contextmanager
def _attending(encoder: Any, cell: Tensor, attention_mask: Tensor, place: Tensor) -> Generator[None]:
    """The encoder's attention in rows, within."""
    import torch
    from torch.nn.functional import scaled_dot_product_attention
    from transformers import AttentionInterface

    def attend(
        _module: Any, query: Tensor, key: Tensor, value: Tensor, _mask: Any, scaling: float | None = None, **_: Any
    ) -> tuple[Tensor, None]:
        """Each (1, heads, pieces, size) -> (1, pieces, heads, size)."""
        rows = [one[0].transpose(0, 1)[place].transpose(1, 2) for one in (query, key, value)]
        # Added to the scores: one of yes and no would be guarded, at each layer, against rows of nothing but padding.
        mask = torch.log(attention_mask[:, None, None, :].to(query.dtype))
        states = scaled_dot_product_attention(*rows, attn_mask=mask, scale=scaling)
        return states.transpose(1, 2).flatten(0, 1)[cell][None], None

    AttentionInterface.register(ATTENTION, attend)
    before = encoder.config._attn_implementation
    encoder.config._attn_implementation = ATTENTION
    try:
        yield
    finally:
        encoder.config._attn_implementation = before
