"""How results look on an asset's page: tables and pictures as Markdown (Dagster has no metadata for images)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from modelmill import bars as svg
from modelmill import drawing, guard

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LARGEST = 25  # rows of a table; the rest is counted


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> dg.MarkdownMetadataValue:
    """A Markdown table; numbers with four significant digits."""
    shown = [[_cell(value) for value in row] for row in rows]
    if not shown:
        return dg.MetadataValue.md("none")
    lines = [list(header), ["---"] * len(header), *shown[:LARGEST]]
    text = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    left_out = f"\n\nand {len(shown) - LARGEST} more" if len(shown) > LARGEST else ""
    return dg.MetadataValue.md(text + left_out)


def counts(what: str, numbers: Mapping[str, int]) -> dg.MarkdownMetadataValue:
    """How many of each, most first."""
    most_first = sorted(numbers, key=lambda name: (-numbers[name], name))
    return table([what, "number"], ((name, numbers[name]) for name in most_first))


def picture(draw: Callable[["Axes"], None], said: str) -> dg.MarkdownMetadataValue:
    """What `draw` draws on one pair of axes, as a PNG inside the Markdown; `said` is for those who cannot see it."""
    return dg.MetadataValue.md(f"![{said}]({drawing.data_uri(drawing.png(draw))})")


def drawn(picture: Mapping[str, str]) -> dg.MarkdownMetadataValue:
    """A picture that is drawn already: its address, and what it says."""
    return dg.MetadataValue.md(f"![{picture['said']}]({picture['address']})")


def bars(title: str, numbers: Mapping[str, float], unit: str = "", upright: bool = False) -> dg.MarkdownMetadataValue:
    """Bars with their values: horizontal, first on top, or upright in the order given."""
    said = ", ".join(f"{name} {_cell(value)}" for name, value in numbers.items())
    draw = svg.upright if upright else svg.horizontal
    return drawn({"address": draw(title, numbers, unit), "said": f"{title}: {said}"})


def curves(title: str, lines: Mapping[str, Sequence[tuple[int, float]]]) -> dg.MarkdownMetadataValue:
    """One line a name over its steps."""
    return picture(drawing.curves(title, lines), f"{title}: curves of {', '.join(lines)}")


def result(sha256: str, fresh: bool, **metadata: Any) -> dg.MaterializeResult[Any]:
    """An asset as it is now. Its data version is the content's sha256: the same content is the same version."""
    return dg.MaterializeResult(
        metadata={**metadata, "fresh": fresh, "sha256": dg.MetadataValue.text(sha256)},
        data_version=dg.DataVersion(sha256) if sha256 else None,
    )


def verdict(passed: bool, failures: Sequence[Mapping[str, Any]], **metadata: Any) -> dg.AssetCheckResult:
    """A blocking check's answer: when it says no, nothing downstream runs. failures: one flat row of the table each."""
    header = list(dict.fromkeys(name for failure in failures for name in failure))
    if failures:
        metadata["broken"] = table(header, ([failure.get(name) for name in header] for failure in failures))
    return dg.AssetCheckResult(
        passed=passed,
        severity=dg.AssetCheckSeverity.ERROR,
        description=guard.said(failures) or None,
        metadata={"failures": len(failures), **metadata},
    )


def _cell(value: object) -> str:
    return drawing.number(value).replace("|", "\\|").replace("\n", " ")
