"""`mill up`, `down`, `reload`, `doctor`, `migrate`, `backup`, `restore`, `clean`: the installation itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from modelmill.commands import session

if TYPE_CHECKING:
    from modelmill.programs import Program

PART = typer.Option([], "--part", help="Only orchestration, tracking or serving; may be given several times.")
NEW_FILE = typer.Argument(..., help="A file that does not exist yet.")
WRITTEN_FILE = typer.Argument(..., help="What `mill backup` wrote.")


def register(app: typer.Typer) -> None:
    """Add the words."""
    app.command()(up)
    app.command()(down)
    app.command()(reload)
    app.command()(doctor)
    app.command()(migrate)
    app.command()(backup)
    app.command()(restore)
    app.command()(clean)


def up(part: list[str] = PART) -> None:
    """Start all programs; Ctrl-C ends them. Prints the addresses when they answer."""
    from modelmill import standing

    settings = session.configured()
    standing.up(settings.model_copy(update={"parts": ",".join(part)}) if part else settings, session.console())


def down(part: list[str] = PART) -> None:
    """End what `mill up` started on this machine, from elsewhere."""
    from modelmill import supervise
    from modelmill.store import server

    settings = session.configured()
    settings = settings.model_copy(update={"parts": ",".join(part)}) if part else settings
    chosen = [settings] if settings.parts else supervise.kept(settings) or [settings]
    ended = sum(supervise.down(one) for one in chosen) > 0  # all of them, not only the first
    if settings.database_url is None:
        server.join_if_running(settings.home_dir)  # and so stop it with us, if nobody else uses it
    typer.echo("ended" if ended else "nothing was running")


def reload() -> None:
    """Let a running `mill up` read task files that were written or changed since. Runs and releases go on."""
    from modelmill import reloading

    def ready(program: Program, seconds: float) -> None:
        typer.echo(f"{program.title}: started again, {seconds:.0f} s")

    reloading.reload(session.configured(), ready)


def doctor(json: bool = typer.Option(False, "--json", help="For programs.")) -> None:
    """Say what is missing and what mends it. Exit code 3 when a needed part is missing."""
    from dataclasses import asdict

    from modelmill import doctor

    findings = doctor.examine(session.configured())
    if json:
        session.print_json([asdict(finding) for finding in findings])
    else:
        session.console().print(doctor.table(findings))
    if any(finding.state == "missing" for finding in findings):
        raise typer.Exit(3)


def migrate() -> None:
    """Make or update the tables. Default corpora and Dagster's home too; `mill run` and `mill up` do it themselves."""
    from modelmill import setup

    settings = session.configured()
    setup.prepare(settings)
    typer.echo(f"ready: {settings.home_dir}")


def backup(file: Path = NEW_FILE) -> None:
    """Write database, artifacts, MLflow's files, DVC's cache and settings into one file. Secrets stay out."""
    from modelmill import backup, setup
    from modelmill.store import bucket

    settings = session.configured()
    setup.prepare(settings)
    made = backup.write(settings, file.absolute())
    typer.echo(f"{made.files} files, {made.bytes / 1e6:.1f} MB in {made.seconds:.1f} s: {made.file}")
    for name in made.left_out:
        typer.echo(f"left out, no regular file: {name}")
    if shared := bucket.shown(settings):
        typer.echo(f"not in it, keep it as it is: {shared} (MLflow's files, models that are not here)")
    typer.echo(f"keep by itself: {session.pepper_place(settings)} (without it the API keys of now are worth nothing)")


def restore(
    file: Path = WRITTEN_FILE,
    replace: bool = typer.Option(False, "--replace", help="Also over what is there: that is then lost."),
) -> None:
    """Put a backup in place of an empty installation; every hash is compared first."""
    from modelmill import restore

    settings = session.configured()
    done = restore.read(settings, file.absolute(), replace)
    typer.echo(f"{done.files} files, {done.bytes / 1e6:.1f} MB of {done.made_at} in {done.seconds:.1f} s")
    typer.echo(f"settings to choose from: {settings.home_dir / restore.CHOSEN}")
    typer.echo(f"API keys need the pepper of then as {session.pepper_place(settings)}; else: mill key create NAME")


def clean(
    yes: bool = typer.Option(False, "--yes", help="Remove it; else it is only shown."),
    days: int = typer.Option(30, min=1, max=3650, help="Only what is older."),
) -> None:
    """Show what the installation goes back to no more, or remove it: superseded models, old conversions, drafts."""
    from rich.table import Table

    from modelmill import cleaning
    from modelmill.store import candidates

    settings = session.configured()
    db = session.opened(settings)
    sized = [(one, one.bytes) for one in cleaning.leftovers(settings, db, days)]
    if yes:
        gone = {one.name for one in cleaning.remove(settings, db, days)}
        sized = [(one, size) for one, size in sized if one.name in gone]
    table = Table("what", "name", "why", "MB")
    for one, size in sized:
        table.add_row(one.what, one.name[:12], one.why, f"{size / 1e6:.1f}")
    session.show(table, none="nothing is there that may go")
    with db.connect() as conn:
        for task in sorted(candidates.in_training(conn)):
            typer.echo(f"models of {task} stay: a training of it began and has published nothing yet")
    total = sum(size for _, size in sized) / 1e6
    if sized:
        typer.echo(f"removed {total:.1f} MB" if yes else f"{total:.1f} MB may go; mill clean --yes removes them")
