"""`mill corpus`: what may be read, and what may be learnt from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from modelmill.commands import session

if TYPE_CHECKING:
    from modelmill.records import Corpus
    from modelmill.settings import Settings

corpus = typer.Typer(help="What may be read, and trained on.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the words."""
    app.add_typer(corpus, name="corpus")


@corpus.command()
def add(
    name: str = typer.Argument(..., help="What it is called from now on."),
    uri: str = typer.Argument(
        ...,
        help="A directory (of code, content, or CSV and JSON rows with labels), a git repository (path or https), "
        "a .zip or .tar archive, python:stdlib, python:packages[:NAME,NAME] or feedback:TASK.",
    ),
    license: str | None = typer.Option(None, "--license", metavar="SPDX", help="Its licence, as Apache-2.0 or MIT."),
    consent_to_train: bool = typer.Option(
        False, "--consent-to-train", help="Models may learn from it. Off by default."
    ),
) -> None:
    """Add a corpus. Without consent it is searchable, and never trained on."""
    from modelmill.store import corpora

    settings = session.configured()
    db = session.opened(settings)
    before = next((one for one in corpora.all_corpora(db, settings.tenant) if one.name == name), None)
    made = corpora.add(settings, db, name, uri, licence=license, consent=consent_to_train, by=session.actor())
    for change in _changes(before, made) if before else ():
        typer.echo(f"it was there already: {change}")
    _tell(settings, made)


def _changes(before: Corpus, made: Corpus) -> Iterator[str]:
    """What adding it again, perhaps without its options, did to a corpus."""
    if before.licence != made.licence:
        yield f"its licence was {before.licence or 'as its files say'}"
    if before.consent_to_train and not made.consent_to_train:
        yield f"consent is withdrawn, models made with it are marked; next: mill corpus consent {made.name} --give"
    if made.consent_to_train and not before.consent_to_train:
        yield "consent is given"


def _tell(settings: Settings, made: Corpus) -> None:
    typer.echo(f"corpus {made.name}: {made.kind} {made.uri}")
    licence = made.licence or "as its files say"
    typer.echo(f"licence {licence}; {_use(settings, made)}")
    typer.echo(f"next: mill run --corpus {made.name}")


def _use(settings: Settings, made: Corpus) -> str:
    from modelmill.licences.policy import may_train

    if not made.consent_to_train:
        return "search only"
    if made.licence is None or may_train(made.licence, settings.training_policy):
        return "may be trained on"
    return (
        f"with consent, but nothing is learnt under it (MILL_TRAIN_ON={settings.train_on}): only its files that "
        "say another may be trained on"
    )


@corpus.command()
def move(
    name: str,
    uri: str = typer.Argument(..., help="Where the same corpus lies now."),
    consent_to_train: bool = typer.Option(False, "--consent-to-train", help="Models may learn from what lies there."),
) -> None:
    """Say where a corpus lies now. What was read stays; the next intake takes what differs."""
    from modelmill import moving

    settings = session.configured()
    db = session.opened(settings)
    made = moving.move(settings, db, name, uri, consent=consent_to_train, by=session.actor())
    _tell(settings, made)


@corpus.command("list")
def list_corpora(json: bool = typer.Option(False, "--json", help="For programs.")) -> None:
    """The corpora, their revision and how many units they have."""
    from rich.table import Table

    from modelmill.store import overview

    settings = session.configured()
    rows = overview.corpora(session.opened(settings), settings.tenant)
    if json:
        session.print_json(rows)
        return
    table = Table("corpus", "kind", "licence", "training", "documents", "units", "revision", "uri")
    for row in rows:
        consent = "yes" if row["consent_to_train"] else "no"
        counts = [str(row["documents"]), str(row["units"])]
        table.add_row(
            row["name"],
            row["kind"],
            row["licence"] or "unknown",
            consent,
            *counts,
            (row["revision"] or "-")[:12],
            row["uri"],
        )
    session.show(table, none="no corpus yet; next: mill corpus add NAME URI")


@corpus.command()
def report(
    name: str,
    json: bool = typer.Option(False, "--json", help="For programs."),
    dropped: str | None = typer.Option(None, metavar="FILE", help="Write one JSON line per dropped thing; - prints."),
) -> None:
    """What was taken of a corpus, what was left out and why, what was found in it."""
    from modelmill import reporting

    settings = session.configured()
    db = session.opened(settings)
    told = reporting.report(settings, db, name)
    if dropped is not None:
        reporting.write_dropped(db, told, dropped)
    elif json:
        session.print_json(told.as_dict())
    else:
        typer.echo("\n".join(reporting.lines(told)))


@corpus.command()
def consent(
    name: str,
    give: bool = typer.Option(False, "--give", help="Allow it from now on."),
    withdraw: bool = typer.Option(False, "--withdraw", help="Take it back; models made with it are marked."),
) -> None:
    """Who allowed models to learn from a corpus, and when. Give or withdraw it."""
    from modelmill import consenting

    settings = session.configured()
    db = session.opened(settings)
    for line in consenting.change(settings, db, name, give=give, withdraw=withdraw, by=session.actor()):
        typer.echo(line)


@corpus.command()
def remove(
    name: str,
    yes: bool = typer.Option(False, "--yes", help="Do not ask."),
) -> None:
    """Erase a corpus: documents, units, vectors, examples, predictions that name it. Mark what learnt from it."""
    from modelmill import erasure
    from modelmill.store import corpora

    settings = session.configured()
    db = session.opened(settings)
    known = corpora.get(db, settings.tenant, name)
    if not yes:
        typer.confirm(f"erase {known.name} ({known.uri}) and what was read from it?", abort=True)
    erased = erasure.remove(settings, db, settings.tenant, name, by=session.actor())
    for what, number in erased.counts.items():
        typer.echo(f"{what.replace('_', ' ')}: {number}")
    typer.echo("backups that were written before still hold it: delete them, or remove it again after restoring one")
    typer.echo("no table holds it any more, but the database's own files do until their space is used: VACUUM FULL;")
    typer.echo("its write-ahead log (pg_wal) does until that is written over, which VACUUM FULL cannot hasten")
    for release in erased.releases:
        typer.echo(f"{release} learnt from it: mill run, then it is replaced, then mill clean --yes deletes it")
    erased.whole(name)
