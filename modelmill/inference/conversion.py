"""From a torch model to the folder `openvino/` beside it: a model in int8 (an IR for OpenVINO, or ONNX for ONNX Runtime
where that is faster), else an IR in fp32, else why there is none.

int8 by NNCF's post-training quantization (https://docs.openvino.ai, "Post-training Quantization"; SmoothQuant for
transformers: https://arxiv.org/abs/2211.10438), calibrated on texts the model was trained on. What is made is judged
at once, by the score its task is judged by, on examples that are neither: less than `LEAST` of what torch scores is
not kept. So what is evaluated later is what is served.
"""

from __future__ import annotations

import importlib.metadata
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from modelmill.inference import engine, ir, ir_check, onnx_check, onnx_export, onnx_model, packing
from modelmill.inference.batches import PACKED, PADDED, Tokens, reading
from modelmill.inference.ir import BOTH, QUANTIZED, Made, Precision
from modelmill.inference.packing import Finish, Rows
from modelmill.inference.quantization import looked_up_in_bytes, quantized

VERSION = 5  # raise it when the same torch model would get another IR
LEAST = 0.99  # of torch's score
CALIBRATE = 256  # texts that the ranges of the activations are taken from
MADE_WITH = ("nncf", "torch")
PADDED_ONLY = "texts are padded: its attention does not take them side by side"
NO_INT8 = "int8 is not tried: what would run it fast on this processor is not installed"


@dataclass(frozen=True)
class Source:
    """What is converted. module: a torch module from `inputs` (see batches.py; int64) to (n, width). rows: what torch
    makes of texts, to compare with. tokenizer: its JSON. pad_id: the word piece that fills up. packed: the module that
    takes texts without padding, to be tried.
    """

    module: Any
    inputs: tuple[str, ...]
    rows: Rows
    tokenizer: str
    pad_id: int
    max_tokens: int
    packed: Any = None
    first_position: int = 0


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
    reasons = [] if set(QUANTIZED) & set(precisions) else [NO_INT8]
    try:
        given = _packed(source(), texts)
        measured["torch"] = judge.score(given.rows)
    except Exception as error:  # noqa: BLE001  (whatever a library throws at a model it does not know)
        return _done(folder, Made("torch"), judge, measured, [*reasons, _said(error)])
    if given.packed is None:
        reasons.append(PADDED_ONLY)
    for kind in precisions:
        try:
            made = _write(given, kind, folder, texts)
            measured[kind] = judge.score(ir.load(folder).rows)
        except Exception as error:  # noqa: BLE001  (the same of four libraries)
            reasons.append(f"{kind}: {_said(error)}")
        else:
            if measured[kind] >= least * measured["torch"]:
                reasons.append(f"{kind} has at least {least:g} of torch's {judge.name}")
                return _done(folder, made, judge, measured, reasons)
            reasons.append(f"{kind} has less than {least:g} of torch's {judge.name}")
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

    class Following(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.following = torch.nn.ModuleList(list(model)[1:])

        def forward(self, states: Any, attention_mask: Any) -> Any:
            features = {"token_embeddings": states, "attention_mask": attention_mask}
            for module in self.following:
                features = module(features)
            return features["sentence_embedding"]

    if model.default_prompt_name:
        raise NotConvertibleError(f"it puts its prompt {model.default_prompt_name!r} before every text")
    encoder = getattr(model[0], "auto_model", None)
    packed = packing.module(encoder, Following()) if encoder is not None else None
    names = tuple(name for name in PADDED if name in model.preprocess(["a"]))
    return Source(Sentences(), names, rows, *_tokenizer(model.tokenizer), int(model.max_seq_length), packed)


def of_encoder(encoder: Any, finish: Finish, tokenizer: Any, rows: Rows, max_tokens: int) -> Source:
    """A transformer that takes what its tokenizer gives, and what is made of its states."""
    import torch

    class Finished(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any = None) -> Any:
            given = as_given(input_ids, attention_mask, token_type_ids)
            return finish(self.encoder(**given).last_hidden_state, attention_mask)

    names = tuple(name for name in PADDED if name in tokenizer(["a"]))
    packed = packing.module(encoder, finish)
    return Source(Finished(), names, rows, *_tokenizer(tokenizer), max_tokens, packed)


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


def _packed(source: Source, texts: Sequence[str]) -> Source:
    """The source without padding; as it is, with `packed` None, where that gives other rows."""
    from tokenizers import Tokenizer

    if source.packed is None:
        return source
    tokens = reading(Tokenizer.from_str(source.tokenizer), PACKED, source.max_tokens, source.pad_id)
    first = packing.first_position(source.packed.eval(), tokens, source.rows, texts)
    if first is None:
        return replace(source, packed=None)
    return replace(source, module=source.packed, inputs=PACKED, first_position=first)


def _write(source: Source, kind: Precision, folder: Path, texts: Sequence[str]) -> Made:
    """The model, tokenizer and engine.json, so that it can be loaded and judged."""
    versions = {name: importlib.metadata.version(name) for name in (*MADE_WITH, engine.LIBRARIES[kind])}
    width = int(source.rows(["a"]).shape[1])
    reads = (source.max_tokens, source.pad_id, source.inputs, source.first_position)
    made = Made(kind, "", width, *reads, made_with=versions)
    ir.write_about(folder, made)
    (folder / ir.FOLDER / ir.TOKENIZER).write_text(source.tokenizer, encoding="utf-8")
    if kind == "onnx-int8":
        file = folder / ir.FOLDER / onnx_model.FILE
        onnx_export.write(source.module, _example(source), _samples(folder, made, texts), file)
        fault = onnx_check.fault(file)
    else:
        model = _traced(source)
        if kind == "int8":
            model = looked_up_in_bytes(quantized(model, _samples(folder, made, texts)))
        _write_ir(model, folder / ir.FOLDER)
        fault = ir_check.fault(*(folder / ir.FOLDER / name for name in ir.IR))
    if fault:
        raise NotConvertibleError(f"it would not be stored: {fault}")
    return made


def _samples(folder: Path, made: Made, texts: Sequence[str]) -> list[Mapping[str, Any]]:
    """Every n-th text, so that all kinds are among them; in batches of like length, as texts come in use."""
    chosen = texts[:: max(1, len(texts) // CALIBRATE)][:CALIBRATE]
    return [batch.given for batch in ir.tokens(folder, made).batches(chosen)]


def _write_ir(model: Any, folder: Path) -> None:
    model.set_friendly_name(ir.FOLDER)  # as they come, names count on from the model before
    for number, one in enumerate(model.get_ordered_ops()):
        one.set_friendly_name(f"{one.get_type_name()}_{number}")
    ir.runtime().save_model(model, str(folder / ir.IR[0]), compress_to_fp16=False)


def _example(source: Source) -> dict[str, Any]:
    """Tensors to trace it with. Neither two sizes alike, nor what divides another: they would be taken for one."""
    import torch

    tokens = Tokens(None, source.inputs, source.max_tokens, source.pad_id, source.first_position)
    return {name: torch.from_numpy(array) for name, array in tokens.arrays([[1] * 7, [1] * 6], 2, 7).items()}


def _traced(source: Source) -> Any:
    """In fp32, for batches and lengths of any size."""
    import torch

    openvino = ir.runtime()
    from openvino.tools.ovc import convert_model

    example = _example(source)
    shapes: Any = [(name, openvino.PartialShape([-1] * one.ndim), openvino.Type.i64) for name, one in example.items()]
    with torch.inference_mode():
        return convert_model(source.module.eval(), example_input=example, input=shapes)


def _said(error: Exception) -> str:
    if isinstance(error, NotConvertibleError):
        return str(error)
    said = str(error).strip().splitlines() or ["no message"]
    return f"{type(error).__name__}: {said[0][:300]}"


def _done(folder: Path, made: Made, judge: Judge, measured: dict[str, float], reasons: Sequence[str]) -> Made:
    done = replace(made, reason="; ".join(reasons), score=judge.name, measured=measured, n=judge.n)
    ir.write_about(folder, done)
    return done
