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


def looked_up_in_bytes(model: Any) -> Any:
    """An OpenVINO model from `quantized` whose tables of embeddings stay in bytes: a row is looked up, then scaled.

    As NNCF leaves it, a whole table is scaled and then looked up in, so OpenVINO makes numbers of all its rows when it
    compiles: 46 MB more of MiniLM in each process that loads it. The rows are the same to the bit.
    """
    ir.runtime()
    from openvino import opset13 as opset

    for lookup in model.get_ops():
        found = _scaled_table(lookup) if lookup.get_type_name() == "Gather" else None
        if found is not None:
            table, scale = found
            row, factor = (opset.gather(of, lookup.input_value(1), lookup.input_value(2)) for of in (table, scale))
            scaled = opset.multiply(opset.convert(row, lookup.get_output_element_type(0)), factor)
            lookup.output(0).replace(scaled.output(0))
    model.validate_nodes_and_infer_types()
    return model


def _scaled_table(lookup: Any) -> tuple[Any, Any] | None:
    """The table (rows, width) in bytes and the scale (rows, 1) of a lookup in their product; None for any other."""
    product, axis = (lookup.input_value(at).get_node() for at in (0, 2))
    if product.get_type_name() != "Multiply" or axis.get_type_name() != "Constant" or axis.data.any():
        return None
    numbers, scale = (product.input_value(at) for at in (0, 1))
    if numbers.get_node().get_type_name() != "Convert" or scale.get_node().get_type_name() != "Constant":
        return None
    table = numbers.get_node().input_value(0)
    if table.get_node().get_type_name() != "Constant" or list(scale.get_shape()) != [table.get_shape()[0], 1]:
        return None
    return table, scale
