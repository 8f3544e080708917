"""`mill dataset`: what was frozen, and what changed from one frozen set to another."""

from __future__ import annotations

import typer

from modelmill.commands import session

dataset = typer.Typer(help="Frozen datasets.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the words."""
    app.add_typer(dataset, name="dataset")


@dataset.command("list")
def listed(
    task: str | None = typer.Argument(None, help="Only of this task."),
    json: bool = typer.Option(False, "--json", help="For programs."),
) -> None:
    """List the datasets that were frozen, newest first."""
    from rich.table import Table

    from modelmill.store import datasets
    from modelmill.task import get_task

    db = session.opened(session.configured())
    found = datasets.history(db, get_task(task).name if task else None)
    if json:
        rows = [{"sha256": one.sha256, "task": one.task, "counts": one.counts, "made": made} for one, made in found]
        session.print_json(rows)
        return
    table = Table("dataset", "task", "profile", "seed", "examples", "made")
    for one, made in found:
        examples = ", ".join(f"{count} {split}" for split, count in one.counts.items() if count)
        dial = str(one.manifest.get("profile", "-")), str(one.manifest.get("seed", "-"))
        table.add_row(one.sha256[:12], one.task, *dial, examples, f"{made:%Y-%m-%d %H:%M}")
    session.show(table, none="no dataset yet; next: mill run")


@dataset.command()
def diff(
    old: str = typer.Argument(..., help="The beginning of a dataset's sha256."),
    new: str = typer.Argument(..., help="The beginning of another's, of the same task."),
    json: bool = typer.Option(False, "--json", help="For programs: every example."),
) -> None:
    """Show which examples came, went, moved to another split or got another answer, and why."""
    from modelmill.datasets import difference
    from modelmill.store import datasets

    settings = session.configured()
    db = session.opened(settings)
    found = difference.difference(*(datasets.kept(settings, datasets.named(db, one)) for one in (old, new)))
    if json:
        session.print_json(difference.to_json(found))
        return
    for part in difference.tables(found):
        session.show(part)
