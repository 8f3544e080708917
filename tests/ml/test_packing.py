"""A model of any family is packed or padded, and gives the rows that torch gives."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelmill.embed.encoder import SentenceEncoder
from modelmill.inference import conversion, ir, packing, retrieval
from modelmill.inference.batches import PACKED
from modelmill.inference.conversion import Judge, Source
from modelmill.predictors import intent_model

SIZES = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64,
    "max_position_embeddings": 140,
}  # fmt: skip
TEXTS = [f"{text}{number}" for number in range(9) for text in ("a b c ", "def add(x, y): return x + y ", "long " * 30)]

MARKS = {"pad_token_id": 0, "cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3}
# By the name that transformers gives it: more of its configuration; from where it counts positions, None: it is padded.
FAMILIES: dict[str, tuple[dict[str, int], int | None]] = {
    "Bert": ({}, 0),
    "Roberta": ({"pad_token_id": 0}, 1),
    "Electra": ({}, 0),
    "ModernBert": ({**MARKS, "local_attention": 300}, 0),
    "MPNet": ({}, None),
}


def source(family: str, tiny_base: Path, **more: int) -> tuple[Source, intent_model.IntentModel]:
    """Of a small one with random weights."""
    import torch
    import transformers

    tokenizer: Any = transformers.AutoTokenizer.from_pretrained(tiny_base)
    torch.manual_seed(17)
    config = getattr(transformers, f"{family}Config")(vocab_size=len(tokenizer), **SIZES, **FAMILIES[family][0] | more)
    encoder = getattr(transformers, f"{family}Model")(config).eval()
    for weights in encoder.parameters():  # far from nothing: where a word piece stands has to be seen
        if weights.dim() > 1:
            torch.nn.init.normal_(weights, std=0.3)
    model = intent_model.IntentModel(encoder, tokenizer, torch.nn.Linear(32, 2), ("a", "b"))
    return intent_model.source(model), model


def sentences(tiny_base: Path, pooling: str, **settings: Any) -> SentenceEncoder:
    """The tiny base with another pooling, and a layer with weights behind it."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling, Transformer

    torch.manual_seed(17)
    parts = [Transformer(str(tiny_base), max_seq_length=64), Pooling(32, pooling), Dense(32, 8), Normalize()]
    return SentenceEncoder("tiny", 8, SentenceTransformer(modules=parts, device="cpu", **settings).eval())


def cosines(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """(n,) of rows, the second of unit length."""
    return (retrieval.unit_length(ours) * theirs).sum(axis=1)


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_has_torchs_rows_and_is_packed_where_its_attention_allows_it(
    family: str, tiny_base: Path, tmp_path: Path
) -> None:
    given, model = source(family, tiny_base)
    attention = model.encoder.config._attn_implementation
    theirs = model.all_embeddings(TEXTS)
    judge = Judge("cosine", lambda rows: float((rows(TEXTS) * theirs).sum(axis=1).mean()), len(TEXTS))
    made = conversion.make(lambda: given, tmp_path, TEXTS, judge, precisions=("fp32",))
    assert made.kind == "fp32", made.told
    assert np.abs(ir.load(tmp_path).rows(TEXTS) - theirs).max() < 1e-5
    assert model.encoder.config._attn_implementation == attention, "torch goes on as it was"

    first = FAMILIES[family][1]
    assert (made.inputs == PACKED) == (first is not None) == (conversion.PADDED_ONLY not in made.reason)
    assert made.first_position == (first or 0)
    assert ir.about(tmp_path) == made


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_is_made_for_onnx_runtime_in_int8(family: str, tiny_base: Path, tmp_path: Path) -> None:
    """How near it is says little: weights are random here."""
    given, model = source(family, tiny_base)
    theirs = model.all_embeddings(TEXTS)
    judge = Judge("cosine", lambda rows: float((rows(TEXTS) * theirs).sum(axis=1).mean()), len(TEXTS))
    made = conversion.make(lambda: given, tmp_path, TEXTS, judge, precisions=("onnx-int8",), least=0.8)
    assert made.kind == "onnx-int8", made.told
    assert cosines(ir.load(tmp_path).rows(TEXTS), theirs).mean() == pytest.approx(made.measured["onnx-int8"], abs=1e-3)


@pytest.mark.parametrize("pooling", ["mean", "cls", "max", "lasttoken", "weightedmean"])
def test_whatever_makes_a_row_of_states_is_converted_with_its_weights(
    pooling: str, tiny_base: Path, tmp_path: Path
) -> None:
    encoder = sentences(tiny_base, pooling)
    judge = Judge("cosine", lambda rows: float(cosines(rows(TEXTS), encoder.encode(TEXTS)).mean()), len(TEXTS))
    made = conversion.make(
        lambda: conversion.of_sentences(encoder.model, encoder.encode), tmp_path, TEXTS, judge, precisions=("fp32",)
    )
    assert (made.kind, made.inputs, made.width) == ("fp32", PACKED, 8), made.told
    asked = ["", "a", *TEXTS]
    assert cosines(ir.load(tmp_path).rows(asked), encoder.encode(asked)).min() > 1 - packing.ALIKE


def test_a_model_that_puts_a_prompt_before_every_text_runs_on_torch(tiny_base: Path, tmp_path: Path) -> None:
    """What reads texts for an IR knows of no prompt: rows would be of other texts, and might score as well."""
    encoder = sentences(tiny_base, "mean", prompts={"asked": "find: "}, default_prompt_name="asked")
    judge = Judge("nothing", lambda _: 1.0, 1)
    made = conversion.make(lambda: conversion.of_sentences(encoder.model, encoder.encode), tmp_path, TEXTS, judge)
    assert made.kind == "torch" and made.reason == "it puts its prompt 'asked' before every text"


def test_texts_without_any_word_piece_have_rows_of_their_own(tiny_base: Path, tmp_path: Path) -> None:
    """Nothing of an empty text is left where a tokenizer puts nothing around it."""
    given, _ = source("Bert", tiny_base)
    bare = json.dumps({**json.loads(given.tokenizer), "post_processor": None})
    for one in (given, conversion._packed(given, TEXTS)):
        conversion._write(replace(one, tokenizer=bare), "fp32", tmp_path, TEXTS)
        model = ir.load(tmp_path)
        alone = model.rows([""])
        assert np.isfinite(alone).all() and alone.any()
        assert np.allclose(model.rows(["a b c", "", "", "long " * 30])[1:3], alone, atol=1e-6)


def test_texts_that_see_each_other_are_not_taken_for_packed_ones(tiny_base: Path) -> None:
    given, model = source("Bert", tiny_base)
    packed = conversion._packed(given, TEXTS)
    assert packed.inputs == PACKED and packed.module is given.packed

    whole = packing.module(_Everywhere(model.encoder), intent_model.pooled)
    assert conversion._packed(replace(given, packed=whole), TEXTS).packed is None


def test_a_window_shorter_than_texts_is_not_packed_and_rows_that_are_no_numbers_are_not_kept(
    tiny_base: Path, tmp_path: Path
) -> None:
    """OpenVINO's attention over a window of padding alone is no number, which torch's is."""
    given, model = source("ModernBert", tiny_base, local_attention=8)
    short = ["a b c", "def add"]  # what is longer than the window is asked of it all the same
    theirs = model.all_embeddings(TEXTS)
    judge = Judge("cosine", lambda rows: float((rows(TEXTS) * theirs).sum(axis=1).mean()), len(TEXTS))
    made = conversion.make(lambda: given, tmp_path, short, judge, precisions=("fp32",))
    assert conversion.PADDED_ONLY in made.reason
    assert made.kind == "torch" and "fp32 has less than 0.99" in made.reason


def test_a_model_that_fails_is_not_the_best_one() -> None:
    """MRR of rows that are no numbers: nothing scores more than nothing, which is no first place."""
    texts = ["a", "b", "c", "d"]
    assert retrieval.judge(texts, texts).score(lambda asked: np.full((len(asked), 3), np.nan)) == 0.25
    assert retrieval.judge(texts, texts).score(lambda asked: np.eye(4)[: len(asked)]) == 1.0
    assert retrieval.judge(texts, texts).score(lambda asked: np.ones((len(asked), 3))) == 1.0


class _Everywhere:
    """An encoder that cannot be told how to attend."""

    def __init__(self, encoder: Any) -> None:
        from types import SimpleNamespace

        self.encoder, self.config = encoder, SimpleNamespace(_attn_implementation="sdpa")

    def __call__(self, **given: Any) -> Any:
        return self.encoder(**given)
