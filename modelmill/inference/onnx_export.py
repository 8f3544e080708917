"""From a torch module to an int8 model.onnx: exported by torch, quantized by NNCF as an IR is.

Quantized are products with weights only. An embedding that is looked up costs nothing as it is, and in int8 ONNX
Runtime would widen the whole table at every call; products of attention are few, and their inputs have no fixed range.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modelmill.inference.quantization import quantized

# Of .6 to .95 the nearest to fp32 for four trained models by ONNX Runtime: MRR .997 of theirs in the mean where .95
# gives .993. By OpenVINO, which multiplies attention in bytes too, .95 was no worse (docs/experiments.md).
SMOOTHING = 0.8
OPSET = 17  # the first with LayerNormalization as one operation, which ONNX Runtime has a kernel for


def write(module: Any, example: Mapping[str, Any], samples: Sequence[Mapping[str, Any]], file: Path) -> None:
    """module: from tensors like those of `example` (by name; any size) to (n, width). samples: arrays to calibrate by.

    Raises what torch, NNCF and ONNX do about a module they do not know.
    """
    import onnx

    _exported(module, example, file)
    model = onnx.load(file)
    takes = [one.name for one in model.graph.input]  # without what its arithmetic does not use
    given = [{name: sample[name] for name in takes} for sample in samples]
    model = quantized(model, given, _of_attention(model), ("Gather", "Gemm"), SMOOTHING)
    _unsigned(model)
    onnx.save(model, file)


def _exported(module: Any, example: Mapping[str, Any], file: Path) -> None:
    """By tracing, as an IR is: the other exporter needs one more package."""
    import warnings

    import torch

    axes = {name: {axis: f"{name}_{axis}" for axis in range(one.ndim)} for name, one in example.items()}
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's age, and constants that tracing finds in transformers
        torch.onnx.export(
            module.eval(), tuple(example.values()), str(file), input_names=list(example), output_names=["rows"],
            dynamic_axes=axes, opset_version=OPSET, dynamo=False,
        )  # fmt: skip


def _of_attention(model: Any) -> list[str]:
    """Names of products without weights."""
    weights = {one.name for one in model.graph.initializer}
    return [node.name for node in model.graph.node if node.op_type == "MatMul" and not weights.intersection(node.input)]


def _unsigned(model: Any) -> None:
    """Activations as bytes from 0 to 255 with the zero at 128 instead of from -128 to 127: the same steps.

    ONNX Runtime multiplies bytes on x86 in that form only; the other is widened to floats and multiplied as such.
    """
    import numpy as np
    from onnx import numpy_helper

    tensors = {one.name: one for one in model.graph.initializer}
    zeros = {node.input[2] for node in model.graph.node if node.op_type == "QuantizeLinear"}
    for name in sorted(zeros):
        zero = numpy_helper.to_array(tensors[name])
        if zero.dtype == np.int8:
            tensors[name].CopyFrom(numpy_helper.from_array((zero.astype(np.int16) + 128).astype(np.uint8), name))
    del model.graph.value_info[:]  # says int8 of what is uint8 now; it is inferred again
