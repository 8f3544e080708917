"""The bars on an asset's page: what they say, as SVG that a browser takes."""

from __future__ import annotations

import base64
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from assets import show
from modelmill import bars

SVG = "{http://www.w3.org/2000/svg}"


def _parsed(address: str) -> tuple[list[str], list[dict[str, str]]]:
    """Its texts, and the bars (without the ground)."""
    kind, _, content = address.partition(",")
    assert kind == "data:image/svg+xml;base64"
    root = ElementTree.fromstring(base64.b64decode(content))
    drawn = [one.attrib for one in root.iter(f"{SVG}rect") if one.get("fill") != "white"]
    return [one.text or "" for one in root.iter(f"{SVG}text")], drawn


def test_horizontal_bars_are_as_long_as_their_numbers_say() -> None:
    said, drawn = _parsed(bars.horizontal("units of <p> by kind", {"function": 40, "a & b": 10, "none": 0}, "units"))
    assert {"units of <p> by kind", "function", "40", "a & b", "10", "none", "0", "units"} == set(said)
    widths = [float(one["width"]) for one in drawn]
    assert widths == [250, 62.5, 0]


def test_upright_bars_are_as_tall_as_their_numbers_say() -> None:
    said, drawn = _parsed(bars.upright("by length", {"< 100": 5, "≥ 10000": 10}, "characters"))
    assert "≥ 10000" in said
    low, high = (float(one["height"]) for one in drawn)
    assert high == 2 * low > 0


@pytest.mark.parametrize("draw", [bars.horizontal, bars.upright])
def test_nothing_is_a_picture_too(draw: Callable[..., str]) -> None:
    assert _parsed(draw("nothing", {})) == (["nothing"], [])


def test_a_page_shows_the_bars_and_says_them_in_words() -> None:
    shown = show.bars("scores", {"candidate": 0.51234, "baseline": 0.4}).md_str
    assert shown.startswith("![scores: candidate 0.5123, baseline 0.4](data:image/svg+xml;base64,")
