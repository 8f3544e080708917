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
    stage: str | None = typer.Option(None, help="Only this stage, as finetune; nothing is served or asked then."),
    force: bool = typer.Option(False, "--force", help="Also what has not changed."),
) -> None:
    """Do the main job, end to end.

    Take in what changed, train what has a reason, release what is better, serve it over HTTP and ask it a question.
    """
    settings, console = session.configured(profile, seed, trials), session.console()
    if stage is not None:
        from modelmill import onestage

        raise typer.Exit(onestage.run(settings, stage, corpus, task, force, console))
    from modelmill import mainrun

    raise typer.Exit(mainrun.run(settings, mainrun.Selection(tuple(corpus), tuple(task), force), console))
