"""Pictures of numbers, as PNG: for an asset's page, a candidate's report and MLflow alike.

matplotlib without pyplot: no state, no display, nothing to close.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from modelmill.records import Interval

BLUE, ORANGE, GREY = "#4878a8", "#d1822f", "#8a8a8a"
SIZE, DPI = (6.0, 3.0), 80
CUT = 28  # characters of a label on an axis


def png(draw: Callable[[Axes], None], size: tuple[float, float] = SIZE, dpi: int = DPI) -> bytes:
    """What `draw` draws on one pair of axes. size: inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, dpi=dpi, layout="constrained")
    FigureCanvasAgg(figure)
    draw(figure.subplots())
    buffer = io.BytesIO()
    # No metadata: the same numbers are the same bytes, whenever they are drawn.
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def data_uri(picture: bytes) -> str:
    """A PNG as an address that holds it."""
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}"


def number(value: object) -> str:
    """Four significant digits where it is a float; empty for None."""
    return f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)


def curves(title: str, lines: Mapping[str, Sequence[tuple[int, float]]]) -> Callable[[Axes], None]:
    """One line a name over its steps."""

    def draw(axes: Axes) -> None:
        for name, points in lines.items():
            axes.plot([step for step, _ in points], [value for _, value in points], label=name, linewidth=1.2)
        axes.legend(fontsize=8, frameon=False)
        _said(axes, title, "step")

    return draw


def gains(title: str, intervals: Mapping[str, Interval], unit: str) -> Callable[[Axes], None]:
    """Differences with their 95 % intervals beside zero: what lies wholly to the right of the line is a gain."""

    def draw(axes: Axes) -> None:
        names = list(intervals)[::-1]
        for place, name in enumerate(names):
            one = intervals[name]
            colour = BLUE if one.low > 0 else ORANGE
            axes.plot([one.low, one.high], [place, place], color=colour, linewidth=3, solid_capstyle="butt")
            axes.plot([one.value], [place], "o", color=colour)
            axes.annotate(f"{one.value:+.3f} [{one.low:+.3f}, {one.high:+.3f}]", (one.value, place), (0, 8),
                          textcoords="offset points", ha="center", fontsize=8)  # fmt: skip
        axes.axvline(0, color=GREY, linewidth=0.8)
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(-0.6, len(names) - 0.2)
        axes.margins(x=0.2)
        _said(axes, title, unit)

    return draw


def reliability(title: str, by_side: Mapping[str, Sequence[Mapping[str, float]]]) -> Callable[[Axes], None]:
    """Share that is right over the confidence, one line a side; the dashed line is where both are equal."""

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], "--", color=GREY, linewidth=0.8)
        for side, bins in by_side.items():
            axes.plot([one["confidence"] for one in bins], [one["right"] for one in bins], "o-", label=side,
                      linewidth=1.2, markersize=3)  # fmt: skip
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.02)
        axes.set_ylabel("share that is right", fontsize=9)
        axes.legend(fontsize=8, frameon=False)
        _said(axes, title, "confidence")

    return draw


def histogram(title: str, counts: Mapping[str, int], unit: str) -> Callable[[Axes], None]:
    """Upright bars in the order given: how many of each width."""

    def draw(axes: Axes) -> None:
        axes.bar(list(counts), list(counts.values()), color=BLUE)
        axes.tick_params(axis="x", labelsize=8)
        _said(axes, title, unit)

    return draw


def confusion(title: str, names: Sequence[str], cells: Sequence[Sequence[int]]) -> Callable[[Axes], None]:
    """How often each of `names` was answered (columns) where which was right (rows)."""
    most = max((max(row) for row in cells), default=0)

    def draw(axes: Axes) -> None:
        axes.imshow(cells, cmap="Blues", vmin=0)
        short = [name if len(name) <= CUT else f"…{name[-CUT:]}" for name in names]
        axes.set_xticks(range(len(names)), short, rotation=90, fontsize=7)
        axes.set_yticks(range(len(names)), short, fontsize=7)
        for row, counts in enumerate(cells):
            for column, count in enumerate(counts):
                colour = "white" if count > most / 2 else "black"
                axes.text(column, row, str(count or ""), ha="center", va="center", fontsize=6, color=colour)
        axes.set_ylabel("right", fontsize=9)
        _said(axes, title, "answered")

    return draw


def _said(axes: Axes, title: str, unit: str) -> None:
    axes.set_title(title, fontsize=10)
    axes.set_xlabel(unit, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
