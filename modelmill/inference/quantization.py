"""Products of bytes instead of floats, by NNCF's post-training quantization with SmoothQuant, for either library."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from modelmill.inference import ir


def quantized(
    model: Any,
    samples: Sequence[Mapping[str, Any]],
    names: Sequence[str] = (),
    kinds: Sequence[str] = (),
    smoothing: float | None = None,
) -> Any:
    """An OpenVINO or ONNX model in int8. samples: arrays to calibrate by. names, kinds: operations left as they are.

    smoothing: how much of the activations' range SmoothQuant moves into the weights, 0 to 1; None: NNCF's own (.95).
    """
    ir.runtime()  # first: it keeps telemetry out
    import nncf

    logging.getLogger("nncf").setLevel(logging.ERROR)
    left = nncf.IgnoredScope(names=[*names], types=[*kinds], validate=False)
    data: Any = nncf.Dataset(samples)
    alphas = nncf.AdvancedSmoothQuantParameters(**({} if smoothing is None else {"matmul": smoothing}))
    return nncf.quantize(
        model, data, model_type=nncf.ModelType.TRANSFORMER, subset_size=len(samples), ignored_scope=left,
        advanced_parameters=nncf.AdvancedQuantizationParameters(smooth_quant_alphas=alphas),
    )  # fmt: skip
