"""`mill key`: who may ask the gateway."""

from __future__ import annotations

import typer

from modelmill.commands import session

key = typer.Typer(help="API keys of the gateway.", no_args_is_help=True)


SCOPE = typer.Option(["predict", "feedback"], help="What it may do; may be given several times.")


def register(app: typer.Typer) -> None:
    """Add the words."""
    app.add_typer(key, name="key")


@key.command()
def create(
    name: str = typer.Argument(
        ..., help="What it is for; two live keys may have one name, so that one can follow the other."
    ),
    scope: list[str] = SCOPE,
    days: int = typer.Option(90, min=1, max=3650, help="Days until it expires."),
) -> None:
    """Make a key and print it: this once, it is not stored."""
    from datetime import UTC, datetime, timedelta

    from modelmill.store import keys

    settings = session.configured()
    until = datetime.now(UTC) + timedelta(days=days)
    made = keys.create(settings, session.opened(settings), name, scope, expires_at=until, by=session.actor())
    typer.echo(made.secret)
    typer.echo(f"scopes {', '.join(sorted(made.key.scopes))}; expires {until:%Y-%m-%d}; shown only now", err=True)


@key.command()
def revoke(key: str = typer.Argument(..., help="Its prefix, or its name: then all live keys of that name.")) -> None:
    """Take a key back; it is refused within five seconds."""
    from modelmill.store import keys

    settings = session.configured()
    for revoked in keys.revoke(session.opened(settings), settings.tenant, key, by=session.actor()):
        typer.echo(f"revoked {revoked.prefix} ({revoked.name})")


@key.command("list")
def list_keys(json: bool = typer.Option(False, "--json", help="For programs.")) -> None:
    """All keys, newest first, without their secrets."""
    from dataclasses import asdict

    from rich.table import Table

    from modelmill.store import keys

    settings = session.configured()
    found = keys.all_keys(session.opened(settings), settings.tenant)
    if json:
        session.print_json([{**asdict(known), "scopes": sorted(known.scopes), "live": known.live} for known in found])
        return
    table = Table("prefix", "name", "scopes", "made", "expires", "state")
    for known in found:
        expires = f"{known.expires_at:%Y-%m-%d}" if known.expires_at else "never"
        state = "live" if known.live else "revoked" if known.revoked_at else "expired"
        table.add_row(
            known.prefix, known.name, ", ".join(sorted(known.scopes)), f"{known.created_at:%Y-%m-%d}", expires, state
        )
    session.show(table, none="no key yet; next: mill key create NAME")
