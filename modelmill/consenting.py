"""Giving and withdrawing consent, told in sentences: what the command `mill corpus consent` does."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Engine

from modelmill.errors import UserError
from modelmill.settings import Settings
from modelmill.store import consents, corpora


def change(settings: Settings, db: Engine, name: str, *, give: bool, withdraw: bool, by: str) -> Iterator[str]:
    """Change the consent if asked to, then tell its history. Raises UserError: no such corpus, both ways."""
    of = corpora.get(db, settings.tenant, name)
    if give and withdraw:
        raise UserError(
            "the consent was not changed",
            allowed="--give or --withdraw",
            found="both",
            next=f"mill corpus consent {name} --withdraw",
        )
    with db.begin() as conn:
        if give:
            consents.give(conn, of, "train", by)
        marked = consents.withdraw(conn, of, "train", by) if withdraw else None
    if marked is not None:
        yield f"withdrawn; {marked} datasets are marked: models that knew them are not released any more"
    yield from _told(db, of)


def _told(db: Engine, of: corpora.Corpus) -> Iterator[str]:
    history = consents.history(db, of)
    if not history:
        yield f"{of.name}: no consent was ever given; it is only searched"
    for one in history:
        until = f", withdrawn {one.withdrawn_at:%Y-%m-%d %H:%M} by {one.withdrawn_by}" if one.withdrawn_at else ", live"
        yield f"{of.name}: {one.scope}, given {one.given_at:%Y-%m-%d %H:%M} by {one.given_by}{until}"
