"""What every command begins with: settings with the options laid over them, a prepared database, a console."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.table import Table
    from sqlalchemy import Engine

    from modelmill.settings import Settings

ENDLESS = 10_000  # columns: what a table would like
PIPED_WIDTH = 140  # columns in a file or pipe, which have no width of their own


def configured(profile: str | None = None, seed: int | None = None, trials: int | None = None) -> Settings:
    """The settings, with options from the command line first. Raises UserError on one that cannot be."""
    from modelmill import settings

    given = {"profile": profile, "seed": seed, "trials": trials}
    return settings.load(**{name: value for name, value in given.items() if value is not None})


def opened(settings: Settings) -> Engine:
    """The database, with the tables of this version and the default corpora. Raises PrerequisiteError."""
    from modelmill import setup

    return setup.prepare(settings)


def console() -> Console:
    """Where answers go (stdout). Progress and errors go to stderr.

    Texts are printed as they are: `[id]` in a path is no style and `:key:` no picture.
    """
    import os
    import sys

    from rich.console import Console

    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(highlight=False, markup=False, emoji=False, width=PIPED_WIDTH if piped else None)


def show(part: object, none: str = "") -> None:
    """Print a text, or a table: without lines where it is too wide with them, and else each row as a block, so that no
    name is cut. none: what is said instead of a table without rows.
    """
    from rich.table import Table

    out = console()
    if isinstance(part, Table) and not part.row_count and none:
        out.print(none)
    elif not isinstance(part, Table) or _fits(part, out):
        out.print(part)
    else:
        out.print("\n\n".join(_blocks(part)) + "\n", soft_wrap=True)


def _fits(table: Table, out: Console) -> bool:
    """Takes its lines away where they are what does not fit."""
    if _wide(table, out) <= out.width:
        return True
    table.box, table.pad_edge = None, False
    return _wide(table, out) <= out.width


def _wide(table: Table, out: Console) -> int:
    return out.measure(table, options=out.options.update(width=ENDLESS)).maximum


def _blocks(table: Table) -> Iterator[str]:
    """Each row as lines of a column's name and its value; the table's title before, its caption behind."""
    names = [str(column.header) for column in table.columns]
    wide = max(map(len, names))
    if table.title:
        yield str(table.title)
    for row in zip(*(column.cells for column in table.columns), strict=True):
        yield "\n".join(f"{name:<{wide}}  {cell}" for name, cell in zip(names, row, strict=True))
    if table.caption:
        yield str(table.caption)


def print_json(value: object) -> None:
    """JSON for programs: nothing else on stdout."""
    import json
    import sys

    json.dump(value, sys.stdout, indent=2, ensure_ascii=False, default=str)
    sys.stdout.write("\n")


def actor() -> str:
    """Who does it, for the record of releases, keys and consents: the account that runs the command."""
    import os
    import pwd

    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # as in a container that was told a number
        name = str(os.getuid())
    return f"{name} (cli)"


def pepper_place(settings: Settings) -> str:
    """Where the secret of the API keys is, for people."""
    kept = settings.home_dir / "secrets" / "pepper"
    return "the setting MILL_KEY_PEPPER" if settings.key_pepper else str(kept)
