"""`mill run --stage X`: the main job up to a stage, or with --only that stage alone. Nothing is served or asked.

An intake is asked for as a whole, and each of its stages passes over what has not changed: so nothing is looked up
here, and this program loads no database. What trains begins with what has a reason, as `mill run` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelmill import launching
from modelmill.errors import UserError
from modelmill.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

INTAKE = ("extract", "normalize", "embed")
TRAINING = ("datasets", "finetune", "evaluate", "deploy")


def run(settings: Settings, selected: launching.Selection, stage: str | None, only: bool, console: Console) -> int:
    """The exit code of it. Raises UserError: there is no such stage."""
    if stage not in (*INTAKE, *TRAINING):
        raise UserError(
            f"there is no stage {stage!r}" if stage else "--only goes with a stage",
            allowed=", ".join((*INTAKE, *TRAINING)),
            found=repr(stage) if stage else "no --stage",
            next=f"mill run --stage {TRAINING[0]}",
        )
    if stage in TRAINING and not only:
        from modelmill import mainrun

        return mainrun.run(settings, selected, console, TRAINING[: TRAINING.index(stage) + 1])
    word, names = ("intake", selected.corpora) if stage in INTAKE else ("train", selected.tasks)
    asked = f"{stage}: asked for by itself" if only else f"up to {stage}: asked for"
    request = launching.Request(word, names, asked, selected.force, stage, only)
    return launching.launch(settings, request.argv(settings), console)
