"""One sentence about what a stage brought about, from its result."""

from __future__ import annotations

from typing import Any


def sentence(result: Any) -> str:
    """For people; the receipt has the whole of it."""
    said = _SENTENCES[type(result).__name__](result)
    return said if result.fresh else f"{said} (nothing changed)"


def _extracted(result: Any) -> str:
    left_out = sum(result.dropped.values())
    news = f"{result.changed} changed, {result.removed} gone, {left_out} left out"
    return f"{result.corpus}: {result.documents} documents ({news})"


def _normalized(result: Any) -> str:
    secrets = sum(result.secrets.values())
    return f"{result.corpus}: {result.units} units, {result.clusters} distinct, {secrets} secrets taken out"


def _embedded(result: Any) -> str:
    rate = f" at {result.embedded / result.seconds:.0f}/s" if result.embedded and result.seconds else ""
    return f"{result.corpus}: {result.embedded} texts embedded{rate}, {result.reused} stored before"


def _built(result: Any) -> str:
    counts = ", ".join(f"{count} {split}" for split, count in result.dataset.counts.items())
    return f"{result.dataset.task}: {counts}; dataset {result.dataset.sha256[:12]}"


def _trained(result: Any) -> str:
    candidate = result.candidate
    return f"{candidate.task}: candidate {candidate.sha256[:12]} ({candidate.profile}, seed {candidate.seed})"


def _evaluated(result: Any) -> str:
    report = result.report
    against = f"baseline {report.baseline:.3f}"
    if report.champion is not None:
        against += f", champion {report.champion:.3f}"
    verdict = "passes the gate" if report.passed else "is refused: " + "; ".join(report.reasons)
    spread = f"[{report.value.low:.3f}, {report.value.high:.3f}]"
    return f"{report.task}: {report.main_score} {report.value.value:.3f} {spread} ({against}, n {report.n}): {verdict}"


def _deployed(result: Any) -> str:
    return f"{result.release.name} is {result.release.status}: {result.reason}"


_SENTENCES = {
    "Extracted": _extracted,
    "Normalized": _normalized,
    "Embedded": _embedded,
    "Built": _built,
    "Trained": _trained,
    "Evaluated": _evaluated,
    "Deployed": _deployed,
}
