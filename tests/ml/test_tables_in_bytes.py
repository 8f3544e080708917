"""Tables of embeddings stay in bytes where a model looks rows up in them, and the rows are the same to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np

from modelmill.inference import ir
from modelmill.inference.quantization import looked_up_in_bytes

DICE = np.random.default_rng(17)
TABLE = DICE.integers(-128, 128, (500, 16), dtype=np.int8)
SCALE = DICE.random((500, 1), dtype=np.float32)
ASKED = np.array([499, 0, 7, 7, 250], dtype=np.int64)


def model(table: np.ndarray, scale: np.ndarray, axis: int = 0) -> Any:
    """As NNCF leaves an embedding: the whole table scaled, then rows (axis 0) or columns of it looked up."""
    openvino = ir.runtime()
    from openvino import opset13 as opset

    asked = opset.parameter([-1], np.int64)
    scaled = opset.multiply(opset.convert(opset.constant(table), np.float32), opset.constant(scale))
    return openvino.Model([opset.gather(scaled, asked, opset.constant(axis, np.int64))], [asked])


def rows(made: Any) -> np.ndarray:
    compiled = ir.runtime().Core().compile_model(made, "CPU", ir.config(1))
    return np.array(compiled(ASKED)[0])  # a copy: what it gives lies in what it holds


def looked_up_in(made: Any) -> list[tuple[str, list[int]]]:
    """Of each lookup the type and shape of its table."""
    tables = [one.input_value(0) for one in made.get_ops() if one.get_type_name() == "Gather"]
    return sorted((one.get_element_type().get_type_name(), list(one.get_shape())) for one in tables)


def test_a_scaled_table_is_looked_up_in_bytes() -> None:
    made = model(TABLE, SCALE)
    before = rows(made)
    assert np.array_equal(before, (TABLE.astype(np.float32) * SCALE)[ASKED])
    assert looked_up_in(looked_up_in_bytes(made)) == [("f32", [500, 1]), ("i8", [500, 16])]
    assert np.array_equal(rows(made), before)


def test_a_table_scaled_otherwise_is_left_as_it_is() -> None:
    made = model(TABLE, SCALE[:1])
    before = rows(made)
    assert looked_up_in(looked_up_in_bytes(made)) == [("f32", [500, 16])]
    assert np.array_equal(rows(made), before)


def test_columns_are_looked_up_as_they_were() -> None:
    made = model(TABLE, SCALE, axis=1)
    assert looked_up_in(looked_up_in_bytes(made)) == [("f32", [500, 16])]
