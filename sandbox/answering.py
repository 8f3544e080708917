"""From what the host saw to the answer that a caller gets."""

from __future__ import annotations

import base64
import uuid
from typing import Any

from sandbox.box import BrokenError, Outcome
from sandbox.contract import Answer, Finding
from sandbox.display import escaped, shown
from sandbox.program import Program
from sandbox.verdict import Verdict


def answered(
    asked: uuid.UUID, wanted: Program, container: str, outcome: Outcome, verdict: Verdict, findings: list[Finding]
) -> Answer:
    """A run that took place."""
    final = outcome.final
    return Answer(
        **_known(asked, wanted, findings),
        status=verdict.status,
        reason=verdict.reason,
        exit_code=verdict.exit_code,
        signal=verdict.signal,
        container_id=container,
        wall_seconds=final.wall_seconds if final else outcome.wall_seconds,
        cpu_seconds=final.cpu_seconds if final else None,
        peak_memory_bytes=final.peak_bytes if final else None,
        truncated=verdict.status == "output_limit",
        **_output(wanted, outcome),
    )


def refused(wanted: Program, findings: list[Finding]) -> Answer:
    """Not run, because of what the scan saw and the operator's policy."""
    rules = ", ".join(sorted({f"{one.kind}:{one.rule}" for one in findings}))
    known = _known(uuid.uuid4(), wanted, findings)
    return Answer(**known, status="refused", reason=f"the scan found {rules}")


def unanswered(
    asked: uuid.UUID, wanted: Program, container: str | None, error: BrokenError, findings: list[Finding]
) -> Answer:
    """The sandbox failed; nothing is said about the program."""
    return Answer(**_known(asked, wanted, findings), status="sandbox_error", reason=str(error), container_id=container)


def _known(asked: uuid.UUID, wanted: Program, findings: list[Finding]) -> dict[str, Any]:
    return {
        "id": str(asked),
        "language": wanted.language.name,
        "code_sha256": wanted.request.sha256,
        "findings": findings,
    }


def _output(wanted: Program, outcome: Outcome) -> dict[str, Any]:
    most = wanted.limits.output_bytes
    made: dict[str, Any] = {}
    for name, raw in (("stdout", bytes(outcome.stdout[:most])), ("stderr", bytes(outcome.stderr[:most]))):
        made[name] = shown(raw)
        if wanted.request.raw:
            made[f"{name}_base64"] = base64.b64encode(raw).decode()
        if wanted.request.html:
            made[f"{name}_html"] = escaped(made[name])
    return made
