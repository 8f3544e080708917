"""`mill run`: the main job."""

from __future__ import annotations

import typer

from modelmill.commands import session
from modelmill.commands.stages import TRIALS

CORPUS = typer.Option([], "--corpus", help="Only these; may be given several times. All when left out.")
TASK = typer.Option([], "--task", help="Only these; may be given several times. All when left out.")


def register(app: typer.Typer) -> None:
    """Add the word."""
    app.command()(run)


def run(
    corpus: list[str] = CORPUS,
    task: list[str] = TASK,
    profile: str | None = typer.Option(None, help="The size dial: tiny, small or full."),
    seed: int | None = typer.Option(None, min=0, help="Seed of every random choice."),
    trials: int | None = TRIALS,
    stage: str | None = typer.Option(None, help="Up to this stage, as embed; nothing is served or asked then."),
    only: bool = typer.Option(False, "--only", help="With --stage: that stage alone, changed or not."),
    force: bool = typer.Option(False, "--force", help="Also what has not changed."),
) -> None:
    """Do the main job, end to end.

    Take in what changed, train what has a reason, release what is better, serve it over HTTP and ask it a question.
    """
    settings, console = session.configured(profile, seed, trials), session.console()
    from modelmill.launching import Selection

    selected = Selection(tuple(corpus), tuple(task), force)
    if stage is not None or only:
        from modelmill import partrun

        raise typer.Exit(partrun.run(settings, selected, stage, only, console))
    from modelmill import mainrun

    raise typer.Exit(mainrun.run(settings, selected, console))
