"""A converted model says what the torch model says, whoever shares the batch, and is not kept when it is worse."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelmill.embed.encoder import load_sentence_model
from modelmill.errors import DataError
from modelmill.inference import conversion, ir, retrieval
from modelmill.inference.batches import reading
from modelmill.inference.ir import QUANTIZED
from modelmill.settings import CHECKOUT, load

PAIRS = [json.loads(line) for line in (CHECKOUT / "modelmill/inference/calibration.jsonl").read_text().splitlines()]
TEXTS = [pair["passage"] for pair in PAIRS[:24]] + [pair["query"] for pair in PAIRS[:24]]
HOSTILE = ["", " ", "\x00", "\ud800", "a\u0301" * 50, "\u202e\U0001f600", "x" * 1_000_000, "word " * 200_000]


@pytest.fixture(scope="module")
def encoder() -> Any:
    return load_sentence_model(load())


@pytest.fixture(scope="module", params=QUANTIZED)
def converted(encoder: Any, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """The base model in int8, calibrated on few texts."""
    folder = tmp_path_factory.mktemp("converted")
    source = partial(conversion.of_sentences, encoder.model, encoder.encode)
    made = conversion.make(source, folder, TEXTS, judge(), precisions=(request.param,), least=0.9)
    assert made.kind == request.param, made.told
    return folder


def judge() -> conversion.Judge:
    return retrieval.judge([pair["query"] for pair in PAIRS[128:192]], [pair["passage"] for pair in PAIRS[128:192]])


def test_int8_is_near_torch_and_tells_its_scores(encoder: Any, converted: Path) -> None:
    rows = retrieval.unit_length(ir.load(converted).rows(TEXTS))
    assert (rows * encoder.encode(TEXTS)).sum(axis=1).min() > 0.98
    made = ir.about(converted)
    assert made is not None and made.measured[made.kind] >= 0.9 * made.measured["torch"]
    assert made.told.startswith(f"{made.kind}: {made.kind} has at least 0.9 of torch's MRR (MRR of 64 examples: ")


def test_a_row_depends_on_its_text_alone(converted: Path) -> None:
    model = ir.load(converted)
    together = model.rows(TEXTS)
    assert np.array_equal(together[::-1], model.rows(TEXTS[::-1]))
    assert np.allclose(together, np.concatenate([model.rows([text]) for text in TEXTS]), atol=1e-6)


def test_one_thread_gives_the_rows_that_two_give(converted: Path) -> None:
    assert np.array_equal(ir.load(converted, 1).rows(TEXTS), ir.load(converted, 2).rows(TEXTS))


def test_threads_that_ask_at_once_get_their_own_rows(converted: Path) -> None:
    model = ir.load(converted, 2)
    alone = model.rows(TEXTS)
    with ThreadPoolExecutor(8) as pool:
        asked = list(pool.map(lambda n: model.rows(TEXTS[n % 40 : n % 40 + 8]), range(80)))
    assert all(np.allclose(rows, alone[n % 40 : n % 40 + 8], atol=1e-6) for n, rows in enumerate(asked))


def test_hostile_texts_and_none_have_rows_too(converted: Path) -> None:
    rows = ir.load(converted).rows(HOSTILE)
    assert rows.shape == (len(HOSTILE), 384)
    assert np.isfinite(rows).all()
    assert ir.load(converted).rows([]).shape == (0, 384)


def test_what_is_not_good_enough_runs_on_torch_and_says_why(tiny_base: Path, tmp_path: Path) -> None:
    encoder = load_sentence_model(load(), tiny_base)
    made = conversion.make(
        lambda: conversion.of_sentences(encoder.model, encoder.encode), tmp_path, TEXTS, judge(), least=1e9
    )
    assert made == ir.about(tmp_path) and made.kind == "torch"
    assert "int8 has less than" in made.reason and "fp32 has less than" in made.reason
    assert [file.name for file in (tmp_path / ir.FOLDER).iterdir()] == [ir.ABOUT]
    with pytest.raises(DataError, match="cannot be run"):
        ir.load(tmp_path)


def test_a_batch_that_fails_leaves_the_model_answering(tiny_base: Path, tmp_path: Path) -> None:
    """Texts of more word pieces than the model has positions: all batches fail that are at work."""
    encoder = load_sentence_model(load(), tiny_base)
    padded = replace(conversion.of_sentences(encoder.model, encoder.encode), packed=None)
    conversion._write(padded, "fp32", tmp_path, TEXTS)
    model = ir.load(tmp_path, 2)
    before = model.rows(TEXTS)
    failing = replace(model, tokens=reading(model.tokens.tokenizer, padded.inputs, 512, padded.pad_id))
    with pytest.raises(RuntimeError, match="mismatch"):
        failing.rows(["a " * 300] * 40)
    assert model.requests.qsize() == 2, "each is there for the next who asks"
    reading(model.tokens.tokenizer, padded.inputs, padded.max_tokens, padded.pad_id)
    assert np.array_equal(model.rows(TEXTS), before)


def test_a_model_of_a_newer_version_says_that_this_one_is_to_be_updated(tmp_path: Path) -> None:
    """Making it again would not help: nothing is trained beside a champion that cannot be read."""
    ir.write_about(tmp_path, ir.Made("fp32"))
    file = tmp_path / ir.FOLDER / ir.ABOUT
    file.write_text(json.dumps({**json.loads(file.read_text()), "later": 1}))
    with pytest.raises(DataError, match="is of a newer modelmill") as told:
        ir.about(tmp_path)
    assert told.value.found == "also later" and "git pull" in told.value.next

    for broken in ("[]", "{", '{"kind": "fp32"}', '{"inputs": []}'):
        file.write_text(broken)
        with pytest.raises(DataError, match="cannot be run"):
            ir.about(tmp_path)


def test_where_int8_is_slower_only_fp32_is_made_and_says_so(tiny_base: Path, tmp_path: Path) -> None:
    encoder = load_sentence_model(load(), tiny_base)
    made = conversion.make(
        lambda: conversion.of_sentences(encoder.model, encoder.encode), tmp_path, TEXTS, judge(), precisions=("fp32",)
    )
    assert made.kind == "fp32" and list(made.measured) == ["torch", "fp32"]
    assert made.reason.startswith(conversion.NO_INT8)
    rows = retrieval.unit_length(ir.load(tmp_path).rows(TEXTS))
    assert np.allclose(rows, encoder.encode(TEXTS), atol=1e-4)


def test_a_tokenizer_of_another_library_is_refused_with_the_reason(encoder: Any, tmp_path: Path) -> None:
    def refused() -> conversion.Source:
        given = conversion.of_sentences(encoder.model, encoder.encode)
        return replace(given, tokenizer=conversion._tokenizer(object())[0])

    made = conversion.make(refused, tmp_path, TEXTS, judge())
    assert made.kind == "torch" and "its tokenizer, object" in made.reason


def test_rows_need_no_torch_and_tell_nobody(converted: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from modelmill.inference import ir\n"
        "assert ir.load(Path(sys.argv[1])).rows(['a text']).shape == (1, 384)\n"
        "print([name for name, module in sys.modules.items() if module and name.split('.')[0] in "
        "('torch', 'transformers', 'sentence_transformers', 'dagster', 'mlflow', 'openvino_telemetry', 'onnx')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(converted)], capture_output=True, text=True, cwd=CHECKOUT, check=True
    )
    assert done.stdout.strip() == "[]"
