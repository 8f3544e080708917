"""Bars as SVG, written by hand: for pages that are made with every run, where matplotlib's second of import would be
most of what the page costs. Pictures with scales, lines or colours of their own are drawn by drawing.py.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape

from modelmill.drawing import BLUE, CUT, number

WIDTH, ROW, TOP = 480, 20, 26  # pixels: of the picture, of a bar with its gap, of the title
LABELS, VALUES = 170, 60  # pixels left for names and for numbers
HEIGHT = 200  # of upright bars


def horizontal(title: str, numbers: Mapping[str, float], unit: str = "") -> str:
    """One bar a name with its value, first on top; the picture as an address that holds it."""
    most = max(numbers.values(), default=0) or 1
    drawn: list[str] = []
    for place, (name, value) in enumerate(numbers.items()):
        y, width = TOP + place * ROW, max(0.0, (WIDTH - LABELS - VALUES) * value / most)
        drawn.append(_text(LABELS - 6, y + 14, _short(name), "end"))
        drawn.append(_bar(LABELS, y + 3, width, ROW - 6))
        drawn.append(_text(LABELS + width + 4, y + 14, number(value)))
    height = TOP + len(numbers) * ROW + (ROW if unit else 0)
    return _picture(title, height, [*drawn, *_unit(unit, height)])


def upright(title: str, numbers: Mapping[str, float], unit: str = "") -> str:
    """Upright bars in the order given, with their values; the picture as an address that holds it."""
    most = max(numbers.values(), default=0) or 1
    each = WIDTH / max(1, len(numbers))
    drawn: list[str] = []
    for place, (name, value) in enumerate(numbers.items()):
        x, tall = place * each, max(0.0, (HEIGHT - TOP - 60) * value / most)
        drawn.append(_bar(x + 2, HEIGHT - 40 - tall, each - 4, tall))
        drawn.append(_text(x + each / 2, HEIGHT - 44 - tall, number(value), "middle"))
        drawn.append(_text(x + each / 2, HEIGHT - 26, _short(name), "middle"))
    return _picture(title, HEIGHT, [*drawn, *_unit(unit, HEIGHT)])


def _bar(x: float, y: float, width: float, height: float) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{BLUE}"/>'


def _text(x: float, y: float, said: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(said)}</text>'


def _unit(unit: str, height: float) -> list[str]:
    return [_text(WIDTH / 2, height - 6, unit, "middle")] if unit else []


def _short(name: str) -> str:
    return name if len(name) <= CUT else f"{name[: CUT - 1]}…"


def _picture(title: str, height: float, drawn: list[str]) -> str:
    """White behind it: the page may be dark."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height:.0f}" '
    head += 'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>'
    said = f"<title>{escape(title)}</title>" + _text(WIDTH / 2, 16, title, "middle")
    svg = f"{head}{said}{''.join(drawn)}</svg>"
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
