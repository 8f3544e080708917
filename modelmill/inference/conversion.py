"""From a torch model to the folder `openvino/` beside it: an IR in int8 where that is faster, else in fp32, else why
there is none.

int8 by NNCF's post-training quantization (https://docs.openvino.ai, "Post-training Quantization"; SmoothQuant for
transformers: https://arxiv.org/abs/2211.10438), calibrated on texts the model was trained on. What is made is judged
at once, by the score its task is judged by, on examples that are neither: less than `LEAST` of what torch scores is
not kept. So what is evaluated later is what is served.
"""

from __future__ import annotations

import importlib.metadata
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelmill.inference import ir, ir_check
from modelmill.inference.ir import BOTH, Made, Precision

if TYPE_CHECKING:
    import numpy as np

VERSION = 1  # raise it when the same torch model would get another IR
LEAST = 0.99  # of torch's score
CALIBRATE = 256  # texts that the ranges of the activations are taken from
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
NO_INT8 = "int8 is not tried on a processor that does not multiply bytes"

Rows = Callable[[Sequence[str]], "np.ndarray"]


@dataclass(frozen=True)
class Source:
    """What is converted. module: a torch module from `inputs` (n, length; int64) to (n, width). rows: what torch makes
    of texts, to compare with. tokenizer: its JSON. pad_id: the word piece that fills up.
    """

    module: Any
    inputs: tuple[str, ...]
    rows: Rows
    tokenizer: str
    pad_id: int
    max_tokens: int


@dataclass(frozen=True)
class Judge:
    """score: from what turns texts into rows to a number, more is better. n: on how many examples."""

    name: str
    score: Callable[[Rows], float]
    n: int


class NotConvertibleError(Exception):
    """The model runs on torch only; the message says why."""


def make(
    source: Callable[[], Source],
    folder: Path,
    texts: Sequence[str],
    judge: Judge,
    *,
    precisions: Sequence[Precision] = BOTH,
    least: float = LEAST,
) -> Made:
    """Write `folder`/openvino and return what its engine.json says. texts: to calibrate with. precisions: what is
    tried, the best first.

    Nothing is raised for a model that cannot be converted or is not as good: it runs on torch, `reason` says why.
    """
    measured: dict[str, float] = {}
    reasons = [] if "int8" in precisions else [NO_INT8]
    try:
        given = source()
        measured["torch"] = judge.score(given.rows)
        for kind in precisions:
            made = _write(given, kind, folder, texts)
            measured[kind] = judge.score(ir.load(folder).rows)
            if measured[kind] >= least * measured["torch"]:
                reasons.append(f"{kind} has at least {least:g} of torch's {judge.name}")
                return _done(folder, made, judge, measured, reasons)
            reasons.append(f"{kind} has less than {least:g} of torch's {judge.name}")
    except NotConvertibleError as error:
        reasons.append(str(error))
    except Exception as error:  # noqa: BLE001  (whatever three libraries throw at a model they do not know)
        said = str(error).strip().splitlines() or ["no message"]
        reasons.append(f"{type(error).__name__}: {said[0][:300]}")
    shutil.rmtree(folder / ir.FOLDER, ignore_errors=True)
    return _done(folder, Made("torch"), judge, measured, reasons)


def of_sentences(model: Any, rows: Rows) -> Source:
    """A sentence-transformers model, pooling and whatever follows it included."""
    import torch

    class Sentences(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any = None) -> Any:
            return self.model(as_given(input_ids, attention_mask, token_type_ids))["sentence_embedding"]

    names = tuple(name for name in INPUTS if name in model.preprocess(["a"]))
    return Source(Sentences(), names, rows, *_tokenizer(model.tokenizer), int(model.max_seq_length))


def of_module(module: Any, tokenizer: Any, rows: Rows, max_tokens: int) -> Source:
    """A torch module that takes what its tokenizer, one of transformers, gives."""
    names = tuple(name for name in INPUTS if name in tokenizer(["a"]))
    return Source(module, names, rows, *_tokenizer(tokenizer), max_tokens)


def as_given(input_ids: Any, attention_mask: Any, token_type_ids: Any) -> dict[str, Any]:
    """What a transformer takes by name: without the third where it has none."""
    given = {"input_ids": input_ids, "attention_mask": attention_mask}
    return given if token_type_ids is None else {**given, "token_type_ids": token_type_ids}


def _tokenizer(tokenizer: Any) -> tuple[str, int]:
    """Its JSON and padding id."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise NotConvertibleError(f"its tokenizer, {type(tokenizer).__name__}, is not one of the library `tokenizers`")
    return backend.to_str(), int(tokenizer.pad_token_id or 0)


def _write(source: Source, kind: Precision, folder: Path, texts: Sequence[str]) -> Made:
    """IR, tokenizer and engine.json, so that it can be loaded and judged."""
    versions = {name: importlib.metadata.version(name) for name in ("openvino", "nncf", "torch")}
    width = int(source.rows(["a"]).shape[1])
    made = Made(kind, "", width, source.max_tokens, source.pad_id, source.inputs, made_with=versions)
    ir.write_about(folder, made)
    (folder / ir.FOLDER / ir.TOKENIZER).write_text(source.tokenizer, encoding="utf-8")
    model = _traced(source)
    if kind == "int8":
        model = _quantized(model, list(_samples(ir.tokens(folder, made), texts)))
    model.set_friendly_name(ir.FOLDER)  # as they come, names count on from the model before
    for number, one in enumerate(model.get_ordered_ops()):
        one.set_friendly_name(f"{one.get_type_name()}_{number}")
    ir.runtime().save_model(model, str(folder / ir.FOLDER / ir.IR[0]), compress_to_fp16=False)
    fault = ir_check.fault(*(folder / ir.FOLDER / name for name in ir.IR))
    if fault:
        raise NotConvertibleError(f"its IR would not be stored: {fault}")
    return made


def _traced(source: Source) -> Any:
    """In fp32, for batches and lengths of any size."""
    import torch

    openvino = ir.runtime()
    example = {name: torch.ones((2, 5), dtype=torch.int64) for name in source.inputs}
    example["attention_mask"][1, 3:] = 0
    shapes: Any = [(name, openvino.PartialShape([-1, -1]), openvino.Type.i64) for name in source.inputs]
    with torch.inference_mode():
        return openvino.convert_model(source.module.eval(), example_input=example, input=shapes)


def _quantized(model: Any, samples: Sequence[Mapping[str, Any]]) -> Any:
    ir.runtime()  # first: it keeps telemetry out
    import nncf

    logging.getLogger("nncf").setLevel(logging.ERROR)
    data: Any = nncf.Dataset(samples)
    return nncf.quantize(model, data, model_type=nncf.ModelType.TRANSFORMER, subset_size=len(samples))


def _samples(tokens: ir.Tokens, texts: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """In batches of like length, as texts come in use. Every n-th text, so that all kinds are among them."""
    ids = tokens.ids(texts[:: max(1, len(texts) // CALIBRATE)][:CALIBRATE])
    for length, _, places in ir.batches([len(one) for one in ids]):
        yield tokens.arrays([ids[place] for place in places], length)


def _done(folder: Path, made: Made, judge: Judge, measured: dict[str, float], reasons: Sequence[str]) -> Made:
    done = replace(made, reason="; ".join(reasons), score=judge.name, measured=measured, n=judge.n)
    ir.write_about(folder, done)
    return done
