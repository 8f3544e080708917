"""Which library runs a model: OpenVINO where it may and can, else torch. Asked without loading either."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Literal

from modelmill.inference import ir
from modelmill.inference.ir import BOTH, Kind, Precision
from modelmill.settings import Settings

# Instructions that multiply bytes: without them int8 is slower than fp32 (docs/experiments.md).
INT8 = {"avx512_vnni", "avx_vnni", "amx_int8", "asimddp"}
CPU = Path("/proc/cpuinfo")


def wanted(settings: Settings) -> Literal["openvino", "torch"]:
    """What a model made now is made for."""
    if settings.engine == "auto":
        return "openvino" if installed() else "torch"
    return settings.engine


def precisions(settings: Settings) -> tuple[Precision, ...]:
    """In which an IR is tried, the best first. Who asks for OpenVINO gets int8 on any processor."""
    return BOTH if settings.engine == "openvino" or multiplies_bytes() else ("fp32",)


def of(settings: Settings, folder: Path) -> Kind:
    """What runs the model in `folder`: its IR wherever it can be run, so that every machine gets the same numbers."""
    made = ir.about(folder)
    if made is None or settings.engine == "torch" or not installed():
        return "torch"
    return made.kind


def installed() -> bool:
    """Whether there is an OpenVINO."""
    return importlib.util.find_spec("openvino") is not None


def multiplies_bytes() -> bool:
    """Whether this processor has the instructions; False where nobody can tell."""
    try:
        lines = CPU.read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    said = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return bool(INT8 & set(said.split()))
