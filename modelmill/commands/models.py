"""`mill status`, `report`, `releases`, `rollback`, `rebuild`, `lineage`: what there is, how good, where from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from modelmill.commands import session

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from modelmill.errors import UserError
    from modelmill.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the words."""
    app.command()(status)
    app.command()(report)
    app.command()(releases)
    app.command()(rollback)
    app.command()(rebuild)
    app.command()(lineage)


def status(json: bool = typer.Option(False, "--json", help="For programs.")) -> None:
    """Show the corpora, the tasks, what runs, and what a run would make."""
    from modelmill import status

    settings = session.configured()
    db = session.opened(settings)
    if json:
        session.print_json(status.as_dict(settings, db))
        return
    for part in status.parts(settings, db):
        session.show(part)


def report(
    task: str | None = typer.Argument(
        None,
        help="A page: of a task's newest candidate, as semantic_search, or of a release, as semantic_search@1.0.0.",
    ),
    json: bool = typer.Option(False, "--json", help="For programs."),
    markdown: bool = typer.Option(False, "--markdown", help="As the README shows it."),
) -> None:
    """Show how good the released models are; with a task's or a release's name, write its report as one HTML page.

    Value with its 95 % interval, baseline, champion before, n, seed: never a score without these.
    """
    from modelmill import scoreboard

    settings = session.configured()
    db = session.opened(settings)
    if task is not None:
        typer.echo(_page(settings, db, task))
        return
    rows = scoreboard.rows(db)
    if json:
        session.print_json(rows)
    elif markdown:
        typer.echo(scoreboard.markdown(rows))
    else:
        session.show(scoreboard.table(rows), none="no model was measured yet; next: mill run")


def _page(settings: Settings, db: Engine, name: str) -> Path:
    """Where the report now lies as HTML: of a task's newest candidate or of the release `task@version`.

    Raises UserError when there is none.
    """
    from modelmill.errors import UserError
    from modelmill.evaluate import page, reports
    from modelmill.store import releases
    from modelmill.task import get_task

    if "@" in name:
        release = releases.by_name(db, name)
        return page.write(settings, db, get_task(release.task), reports.get(db, release.report_id))
    task = get_task(name)
    newest = reports.latest(db, task)
    if newest is None:
        raise UserError(
            f"{task.name} has no report",
            allowed="a task that was measured",
            found="no report on record",
            next=f"mill run --task {task.name}",
        )
    return page.write(settings, db, task, newest)


def releases(
    task: str | None = typer.Argument(None, help="Only of this task."),
    json: bool = typer.Option(False, "--json", help="For programs."),
) -> None:
    """List the releases, newest first."""
    from dataclasses import asdict

    from rich.table import Table

    from modelmill.store import releases
    from modelmill.task import get_task

    settings = session.configured()
    name = get_task(task).name if task else None
    found = releases.all_releases(session.opened(settings), name)
    if json:
        session.print_json([{"name": one.name, **asdict(one)} for one in found])
        return
    table = Table("release", "status", "candidate", "bento", "made")
    for one in found:
        made = f"{one.created_at:%Y-%m-%d %H:%M}"
        table.add_row(one.name, one.status, one.candidate_sha256[:12], one.bento_tag or "-", made)
    session.show(table, none="no release yet; next: mill run")


def rollback(task: str = typer.Argument(..., help="As semantic_search.")) -> None:
    """Let the release before answer again. It was kept warm, so it does at once."""
    from modelmill import supervise
    from modelmill.deploy import stage
    from modelmill.task import get_task

    settings = session.configured()
    db = session.opened(settings)
    now = stage.rollback(settings, db, get_task(task), by=session.actor())
    supervise.reconcile(settings, db)
    typer.echo(f"{now.name} is {now.status}")


def rebuild(task: str = typer.Argument(..., help="As semantic_search.")) -> None:
    """After an upgrade: let the code of now serve the live releases, from the next `mill up` on."""
    from modelmill.deploy import stage
    from modelmill.task import get_task

    settings = session.configured()
    for one in stage.rebuild(settings, session.opened(settings), get_task(task), by=session.actor()):
        typer.echo(f"{one.name}: {one.bento_tag}")
    typer.echo("what answers now goes on as it is, until: mill down, then mill up")


def lineage(
    id: str = typer.Argument(..., help="A prediction's id, or a release as semantic_search@1.0.0."),
    limit: int = typer.Option(50, min=1, max=10_000, help="At most so many units and files."),
) -> None:
    """Walk an answer or a release back to its files.

    Release, candidate, dataset, units, files, revisions; prints JSON.
    """
    from modelmill import lineage

    settings = session.configured()
    db = session.opened(settings)
    if "@" in id:
        session.print_json(lineage.of_release_name(db, id, limit))
        return
    if not _is_uuid(id):
        raise _no_answer(id)
    session.print_json(lineage.lineage(db, id, limit, settings.tenant))


def _is_uuid(text: str) -> bool:
    from uuid import UUID

    try:
        return bool(UUID(text))
    except ValueError:
        return False


def _no_answer(id: str) -> UserError:
    from modelmill.errors import UserError

    return UserError(
        f"{id!r} names neither an answer nor a release",
        allowed="the prediction_id of an answer, or a release as semantic_search@1.0.0",
        found=repr(id),
        next="mill releases; answers have their prediction_id where `mill up` runs: mill predict TASK JSON",
    )
