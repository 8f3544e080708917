"""A library is imported without a part that it can do without, and the part can be imported afterwards."""

from __future__ import annotations

import subprocess
import sys

from modelmill.settings import CHECKOUT

PROGRAM = """
import json
import sys
from modelmill.optional import load, without

with without("colorsys", "json"):
    try:
        import colorsys
    except ImportError:
        print("hidden")
    import json.decoder
import colorsys
print(colorsys.__name__, json.loads("1"))
load("no.such.library", "colorsys")
{}
"""


def _said(more: str) -> list[str]:
    argv = [sys.executable, "-c", PROGRAM.format(more)]
    done = subprocess.run(argv, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_what_is_hidden_comes_back_and_what_is_loaded_stays() -> None:
    assert _said("") == ["hidden", "colorsys 1"]
    assert _said("import json.tool; print(sys.modules['json'].__name__)")[-1] == "json"


def test_openvino_comes_without_its_converter_which_can_be_imported_later() -> None:
    said = _said(
        "from modelmill.inference import ir\n"
        "ir.runtime()\n"
        "print('openvino.tools.ovc' in sys.modules)\n"
        "from openvino.tools.ovc import convert_model\n"
    )
    assert said[-1] == "False"
