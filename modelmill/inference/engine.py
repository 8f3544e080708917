"""Which library runs a model: OpenVINO or ONNX Runtime where it may and can, else torch. Asked without loading one."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Literal

from modelmill.inference import ir
from modelmill.inference.compiled import processor_flags
from modelmill.inference.ir import BOTH, Kind, Precision
from modelmill.settings import Settings

# Instructions that multiply bytes: without them OpenVINO's int8 is slower than its fp32 (docs/experiments.md).
INT8 = {"avx512_vnni", "avx_vnni", "amx_int8", "asimddp"}
LIBRARIES: dict[Kind, str] = {"int8": "openvino", "fp32": "openvino", "onnx-int8": "onnxruntime", "torch": "torch"}


def wanted(settings: Settings) -> Literal["converted", "torch"]:
    """Whether a model made now is made for another library than torch."""
    return "converted" if settings.engine != "torch" and installed("fp32") else "torch"


def precisions(settings: Settings) -> tuple[Precision, ...]:
    """In which a conversion is tried, the best first. Who asks for one library gets its int8 on any processor."""
    if settings.engine == "openvino" or (settings.engine == "auto" and multiplies_bytes()):
        return BOTH
    return ("onnx-int8", "fp32") if installed("onnx-int8") else ("fp32",)


def of(settings: Settings, folder: Path) -> Kind:
    """What runs the model in `folder`: what it was made for wherever that is, so that every machine has one answer."""
    made = ir.about(folder)
    if made is None or settings.engine == "torch" or not installed(made.kind):
        return "torch"
    return made.kind


def installed(kind: Kind) -> bool:
    """Whether there is what runs a model of this kind."""
    return importlib.util.find_spec(LIBRARIES[kind]) is not None


def multiplies_bytes() -> bool:
    """Whether this processor has the instructions; False where nobody can tell."""
    return bool(INT8 & processor_flags())
