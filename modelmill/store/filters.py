"""What a search may be narrowed to: the corpora, languages and kinds of what has vectors. Looked up when nothing was
found, so that a slip in a filter is not told as an empty list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, Select, select

from modelmill.errors import UserError
from modelmill.store.tables import corpus, unit, vector

COLUMNS = {"corpus": corpus.c.name, "language": unit.c.language, "kind": unit.c.kind}
SHOWN = 30


def refuse_unknown(db: Engine, tenant: str, asked: Mapping[str, Any]) -> None:
    """Raises UserError, with those that there are, for a filter whose value nothing of the tenant has. asked: may hold
    other fields too; a filter without a value filters nothing.
    """
    for name in COLUMNS:
        value = asked.get(name)
        if value and value not in (there := _there(db, tenant, name)):
            raise UserError(
                f"nothing that is searched has the {name} {str(value)[:60]!r}",
                allowed=_listed(there) or f"none: no {name} is searched yet",
                found=repr(str(value)[:60]),
                next=f"ask again with another {name}, or without one",
            )


def _there(db: Engine, tenant: str, name: str) -> list[str]:
    with db.connect() as conn:
        return sorted(conn.scalars(_distinct(tenant, name)))


def _distinct(tenant: str, name: str) -> Select[Any]:
    searched = select(vector.c.sha256).where(vector.c.sha256 == unit.c.sha256).exists()
    joined = select(COLUMNS[name]).distinct().select_from(unit).join(corpus, corpus.c.id == unit.c.corpus_id)
    return joined.where(corpus.c.tenant == tenant, searched)


def _listed(there: list[str]) -> str:
    more = f" and {len(there) - SHOWN} more" if len(there) > SHOWN else ""
    return ", ".join(there[:SHOWN]) + more
