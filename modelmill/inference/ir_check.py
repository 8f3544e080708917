"""What an IR may hold before it is stored: arithmetic on tensors, and constants that lie in its own file.

OpenVINO's reader is native code (https://docs.openvino.ai, "IR format"), so what reaches it is looked at by Python's
first: no document type, no loop, branch or state, no operation of an extension, no constant outside of model.bin.
What this does not stop: a model whose arithmetic is wrong, takes long or much memory. That is the gate's part.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

BEGINS = b'<?xml version="1.0"?>\n<net '  # as OpenVINO writes it: plain UTF-8, nothing before the root
LARGEST = 16 << 20  # bytes of XML; MiniLM has 0.5 MB
OPERATIONS = {
    "Abs", "Add", "BitwiseAnd", "BitwiseNot", "BitwiseOr", "Broadcast", "Ceiling", "Clamp", "Concat", "Const",
    "Convert", "ConvertLike", "Cos", "CumSum", "Divide", "Equal", "FakeQuantize", "Floor", "FloorMod", "Gather",
    "GatherElements", "Gelu", "Greater", "GreaterEqual", "Less", "LessEqual", "Log", "LogicalAnd", "LogicalNot",
    "LogicalOr", "MVN", "MatMul", "Maximum", "Minimum", "Mod", "Multiply", "Negative", "NormalizeL2", "NotEqual",
    "Parameter", "Power", "Range", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceProd", "ReduceSum", "Relu", "Reshape",
    "Result", "ScaledDotProductAttention", "Select", "ShapeOf", "Sigmoid", "Sign", "Sin", "Slice", "SoftMax",
    "Split", "Sqrt", "Squeeze", "StridedSlice", "Subtract", "Tanh", "Tile", "TopK", "Transpose", "Unsqueeze",
    "VariadicSplit",
}  # fmt: skip


def fault(xml: Path, weights: Path) -> str:
    """What is wrong with the two files of an IR; empty when nothing is."""
    if not xml.is_file():
        return f"there is no {xml.name} beside it"
    text = xml.read_bytes() if xml.stat().st_size <= LARGEST else b""
    if not text.startswith(BEGINS) or b"<!" in text:
        return f"it is not as OpenVINO writes it, or above {LARGEST >> 20} MB"
    try:
        net = ET.fromstring(text)  # noqa: S314  (entities need a document type, and there is none)
    except ET.ParseError as error:
        return f"no XML: {error}"
    size = weights.stat().st_size if weights.is_file() else 0
    for layer in net.iter("layer"):
        said = _of_layer(layer, size)
        if said:
            return f"layer {layer.get('name', '')[:80]!r}: {said}"
    return "" if net.find("layers/layer") is not None else "it has no layers"


def _of_layer(layer: ET.Element, size: int) -> str:
    kind, version = layer.get("type", ""), layer.get("version", "")
    if kind not in OPERATIONS or not version.startswith("opset"):
        return f"the operation {kind!r} of {version!r} is none that a text model needs"
    if kind != "Const":
        return ""
    data = layer.find("data")
    place = (data.get("offset", ""), data.get("size", "")) if data is not None else ("", "")
    if not all(number.isdecimal() for number in place) or int(place[0]) + int(place[1]) > size:
        return f"its numbers at {place} are not within the {size} bytes of the file"
    return ""
