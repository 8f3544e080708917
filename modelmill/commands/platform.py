"""`mill up`, `down`, `doctor`, `migrate`: the installation itself."""

from __future__ import annotations

import typer

from modelmill.commands import session


def register(app: typer.Typer) -> None:
    """Add the words."""
    app.command()(up)
    app.command()(down)
    app.command()(doctor)
    app.command()(migrate)


def up() -> None:
    """Start all programs; Ctrl-C ends them. Prints the addresses when they answer."""
    from modelmill import standing

    standing.up(session.configured(), session.console())


def down() -> None:
    """End what `mill up` started, from elsewhere."""
    from modelmill import supervise
    from modelmill.store import server

    settings = session.configured()
    ended = supervise.down(settings)
    if settings.database_url is None:
        server.join_if_running(settings.home_dir)  # and so stop it with us, if nobody else uses it
    typer.echo("ended" if ended else "nothing was running")


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
