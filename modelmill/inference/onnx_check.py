"""What a model.onnx may hold before it is stored: arithmetic on tensors, and constants that lie in the file itself.

ONNX Runtime's reader is native code (https://github.com/onnx/onnx/blob/main/docs/IR.md), so what reaches it is looked
at first: no operation of another domain, no function, no graph within a graph (loop, branch), no tensor that lies in
another file, none that is longer or shorter than its shape says. As with an IR (ir_check.py), whether the arithmetic is
right is the gate's part.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LARGEST = 1 << 31  # bytes: what a protocol buffer holds
OPERATIONS = {
    "Abs", "Add", "And", "Cast", "Ceil", "Clip", "Concat", "Constant", "ConstantOfShape", "Cos", "CumSum",
    "DequantizeLinear", "Div", "Equal", "Erf", "Exp", "Expand", "Flatten", "Floor", "Gather", "GatherElements",
    "GatherND", "Gelu", "Gemm", "Greater", "GreaterOrEqual", "Identity", "IsNaN", "LayerNormalization", "Less",
    "LessOrEqual", "Log", "MatMul", "Max", "Min", "Mod", "Mul", "Neg", "Not", "Or", "Pow", "QuantizeLinear", "Range",
    "Reciprocal", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceProd", "ReduceSum", "Relu", "Reshape", "Shape",
    "Sigmoid", "Sign", "Sin", "Slice", "Softmax", "Split", "Sqrt", "Squeeze", "Sub", "Sum", "Tanh", "Tile", "TopK",
    "Transpose", "Trilu", "Unsqueeze", "Where",
}  # fmt: skip
BYTES = {"FLOAT": 4, "UINT8": 1, "INT8": 1, "INT32": 4, "INT64": 8, "BOOL": 1, "FLOAT16": 2, "DOUBLE": 8}  # a number
NUMBERS = ("float_data", "int32_data", "int64_data", "double_data", "uint64_data", "string_data")


def fault(file: Path) -> str:
    """What is wrong with the file; empty when nothing is."""
    import onnx

    if not 0 < file.stat().st_size < LARGEST:
        return f"it is empty, or above {LARGEST >> 30} GB"
    try:
        model = onnx.ModelProto.FromString(file.read_bytes())
    except Exception as error:  # noqa: BLE001  (protobuf's error has no public name)
        return f"no ONNX: {str(error)[:80]}"
    if model.functions or model.training_info or not model.graph.node:
        return "it brings functions or training along, or has no graph"
    if any(one.domain not in ("", "ai.onnx") for one in model.opset_import) or model.graph.sparse_initializer:
        return "it needs operations of another domain, or sparse tensors"
    return next((said for said in _faults(model.graph) if said), "")


def _faults(graph: Any) -> Iterator[str]:
    for tensor in graph.initializer:
        yield _of_tensor(tensor)
    for node in graph.node:
        if node.op_type not in OPERATIONS or node.domain not in ("", "ai.onnx"):
            yield f"the operation {node.op_type[:80]!r} of {node.domain[:80]!r} is none that a text model needs"
        for one in node.attribute:
            if one.HasField("g") or one.graphs or one.HasField("sparse_tensor") or one.sparse_tensors:
                yield f"{node.name[:80]!r} holds a graph or a sparse tensor"
            for tensor in (*((one.t,) if one.HasField("t") else ()), *one.tensors):
                yield _of_tensor(tensor)


def _of_tensor(tensor: Any) -> str:
    from onnx import TensorProto

    kinds = {number: name for name, number in TensorProto.DataType.items()}
    name, kind = tensor.name[:80], kinds.get(tensor.data_type, "")
    if tensor.data_location != TensorProto.DEFAULT or tensor.external_data:
        return f"the numbers of {name!r} lie in another file"
    if kind not in BYTES or any(size < 0 for size in tensor.dims):
        return f"{name!r} holds no numbers that a text model needs"
    raw = len(tensor.raw_data)
    held = raw / BYTES[kind] if raw else sum(len(getattr(tensor, one)) for one in NUMBERS)
    if held != math.prod(tensor.dims):
        return f"{name!r} holds {held:g} numbers, and not as many as its shape says"
    return ""
