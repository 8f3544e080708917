"""`mill run --stage X`: one stage of the corpora or tasks that are named, else of all. Nothing is served or asked.

It is made whether or not something changed, so nothing is looked up here: the program that makes it does that, and this
one loads no database.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from modelmill import launching
from modelmill.errors import UserError
from modelmill.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console

INTAKE = ("extract", "normalize", "embed")
TRAINING = ("datasets", "finetune", "evaluate", "deploy")


def run(
    settings: Settings, stage: str, corpora: Sequence[str], tasks: Sequence[str], force: bool, console: Console
) -> int:
    """The exit code of the stage. Raises UserError: there is no such stage."""
    if stage not in (*INTAKE, *TRAINING):
        raise UserError(
            f"there is no stage {stage!r}",
            allowed=", ".join((*INTAKE, *TRAINING)),
            found=repr(stage),
            next=f"mill run --stage {TRAINING[0]}",
        )
    word, names = ("intake", corpora) if stage in INTAKE else ("train", tasks)
    request = launching.Request(word, names, f"{stage}: asked for by itself", force)
    return launching.launch(settings, [*request.argv(settings), "--stage", stage], console)
