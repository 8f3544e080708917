"""Products of bytes instead of floats, by NNCF's post-training quantization with SmoothQuant, for either library."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from modelmill.inference import ir

# How much of the activations' range SmoothQuant moves into the weights. Of .6 to .95 (NNCF's own) the nearest to fp32
# for three trained models; MRR .998 of theirs in the mean where .95 gives .993 (docs/experiments.md).
ALPHA = 0.8


def quantized(
    model: Any, samples: Sequence[Mapping[str, Any]], names: Sequence[str] = (), kinds: Sequence[str] = ()
) -> Any:
    """An OpenVINO or ONNX model in int8. samples: arrays to calibrate by. names, kinds: operations left as they are."""
    ir.runtime()  # first: it keeps telemetry out
    import nncf

    logging.getLogger("nncf").setLevel(logging.ERROR)
    left = nncf.IgnoredScope(names=[*names], types=[*kinds], validate=False)
    data: Any = nncf.Dataset(samples)
    more = nncf.AdvancedQuantizationParameters(smooth_quant_alphas=nncf.AdvancedSmoothQuantParameters(matmul=ALPHA))
    return nncf.quantize(
        model, data, model_type=nncf.ModelType.TRANSFORMER, subset_size=len(samples), ignored_scope=left,
        advanced_parameters=more,
    )  # fmt: skip
