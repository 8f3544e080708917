"""The prediction log: what was asked, which release answered, how sure it was; and what the user said of it.

Requests and answers go through `privacy.clean`. Long or many-lined strings of an answer (snippets of code) are kept as
their sha256 only: what is erased from the corpora must not live on in a log.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Row, bindparam, case, column, delete, func, select
from sqlalchemy.dialects.postgresql import JSONB, insert

from modelmill.errors import UserError
from modelmill.normalize.placeholders import Harmless
from modelmill.records import sha256_text
from modelmill.storable import storable, storable_text
from modelmill.store.tables import feedback, prediction

LONGEST = 100  # characters of a line in an answer that are kept as they are
PIECE = 10_000  # rows deleted at a time: a second's work, so that who logs meanwhile does not wait
Verdict = Literal["right", "wrong"]

# Rows as one JSON: for each of many at once .1 CPU-ms less than a set of parameters a row.
LOGGED = [c for c in prediction.c if c.name != "created_at"]
GIVEN = func.jsonb_to_recordset(bindparam("rows", type_=JSONB)).table_valued(*(column(c.name, c.type) for c in LOGGED))
LOG = (
    insert(prediction)
    .from_select([c.name for c in LOGGED], select(GIVEN.render_derived(with_types=True)))
    .on_conflict_do_nothing()
)


@dataclass(frozen=True, slots=True)
class Prediction:
    """One answer. created_at is set by the database."""

    id: uuid.UUID
    tenant: str
    key_prefix: str
    task: str
    release_id: int
    request: Mapping[str, Any]
    answer: Mapping[str, Any]
    confidence: float | None
    latency_ms: float
    created_at: datetime | None = None


def log(conn: Connection, made: Sequence[Prediction]) -> None:
    """Write them in one statement; one that is there already stays as it is."""
    if made:
        conn.execute(LOG, {"rows": [_row(one) for one in made]})


def get(db: Engine, tenant: str, prediction_id: uuid.UUID | str) -> Prediction:
    """The tenant's prediction. Raises UserError when there is none of that id."""
    try:
        wanted = uuid.UUID(str(prediction_id))
    except ValueError:
        raise _unknown(prediction_id) from None
    statement = select(prediction).where(prediction.c.tenant == tenant, prediction.c.id == wanted)
    with db.connect() as conn:
        row = conn.execute(statement).one_or_none()
    if row is None:
        raise _unknown(prediction_id)
    return _record(row)


def give_feedback(
    db: Engine,
    tenant: str,
    key_prefix: str,
    prediction_id: uuid.UUID | str,
    verdict: Verdict,
    correction: Mapping[str, Any] | None = None,
    comment: str = "",
) -> None:
    """Record what the user said of an answer; said again, the newer word counts. Raises UserError: no such id."""
    from modelmill.normalize.privacy import clean, clean_value

    known = get(db, tenant, prediction_id)
    said = {
        "verdict": verdict,
        "correction": clean_value(storable(correction))[0] if correction is not None else None,
        "comment": clean(storable_text(comment)).text,
        "created_at": func.now(),
    }
    statement = insert(feedback).values(prediction_id=known.id, tenant=tenant, key_prefix=key_prefix, **said)
    statement = statement.on_conflict_do_update(
        index_elements=[feedback.c.prediction_id, feedback.c.key_prefix], set_=said
    )
    with db.begin() as conn:
        conn.execute(statement)


def forget(db: Engine, days: int) -> int:
    """Delete what is older than `days` and has no feedback, a piece a transaction; returns how many."""
    said = select(feedback.c.id).where(feedback.c.prediction_id == prediction.c.id).exists()
    deleted = 0
    with db.connect() as conn:
        tasks = list(conn.scalars(select(prediction.c.task).distinct()))
    for task in tasks:  # the index begins with the task
        old = select(prediction.c.id).where(prediction.c.task == task, ~said)
        old = old.where(prediction.c.created_at < func.now() - timedelta(days=days)).limit(PIECE)
        gone = PIECE
        while gone == PIECE:
            with db.begin() as conn:
                gone = conn.execute(delete(prediction).where(prediction.c.id.in_(old))).rowcount
            deleted += gone
    return deleted


def confidences(db: Engine, release_id: int, bins: int, seconds: float) -> list[int]:
    """How many of the release's answers of the last `seconds` lie in each of `bins` equally wide bins of confidence."""
    place = func.least(func.greatest(func.floor(prediction.c.confidence * bins), 0), bins - 1)
    statement = (
        select(place, func.count())
        .where(prediction.c.release_id == release_id, prediction.c.confidence.is_not(None))
        .where(prediction.c.created_at > func.now() - timedelta(seconds=seconds))
        .group_by(place)
    )
    with db.connect() as conn:
        found = {int(number): count for number, count in conn.execute(statement)}
    return [found.get(number, 0) for number in range(bins)]


def labels_said(db: Engine, tenant: str, task: str) -> list[tuple[str, str]]:
    """(text, label) by text: what users confirmed, or gave instead, of the task's answers; of one text the newest word.

    Raises nothing: feedback that names no label says nothing about one.
    """
    label = case((feedback.c.verdict == "right", prediction.c.answer["label"]), else_=feedback.c.correction["label"])
    text = prediction.c.request["text"]
    statement = (
        select(text, label)
        .join(prediction, prediction.c.id == feedback.c.prediction_id)
        .where(prediction.c.tenant == tenant, prediction.c.task == task)
        .where(func.jsonb_typeof(text) == "string", func.jsonb_typeof(label) == "string")
        .order_by(feedback.c.created_at, feedback.c.id)
    )
    with db.connect() as conn:
        newest = {str(text): str(label) for text, label in conn.execute(statement)}
    return sorted(newest.items())


class Stored(dict[str, Any]):
    """An answer as it is stored: clean and short."""


def stored(answer: Mapping[str, Any]) -> Stored:
    """The answer without its long or many-lined strings, their sha256 and length instead, and cleaned."""
    from modelmill.normalize.privacy import clean_value

    return Stored(clean_value(_short(answer))[0])


def _short(value: Any) -> Any:
    """`storable` and short, in one go: it is done for each of an answer's hundred values."""
    if value is None or isinstance(value, (int, float)):
        return value
    if isinstance(value, str):
        if len(value) <= LONGEST and value.isascii() and value.isprintable():
            return value
        kept = storable_text(value)
        if len(kept) > LONGEST or "\n" in kept.strip():
            return Harmless(f"sha256:{sha256_text(kept)} ({len(kept)} characters)")
        return kept
    if isinstance(value, (dict, Mapping)):
        return {storable_text(str(name)): _short(part) for name, part in value.items()}  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, list | tuple):
        return [_short(part) for part in value]  # pyright: ignore[reportUnknownVariableType]
    return value


def _row(one: Prediction) -> dict[str, Any]:
    from modelmill.normalize.privacy import clean_value

    answer = one.answer if isinstance(one.answer, Stored) else stored(one.answer)
    return {
        "id": str(one.id),
        "tenant": one.tenant,
        "key_prefix": one.key_prefix,
        "task": one.task,
        "release_id": one.release_id,
        "request": clean_value(storable(one.request))[0],
        "answer": answer,
        "confidence": one.confidence,
        "latency_ms": one.latency_ms,
    }


def _record(row: Row[Any]) -> Prediction:
    return Prediction(**{name: getattr(row, name) for name in Prediction.__dataclass_fields__})


def _unknown(prediction_id: object) -> UserError:
    return UserError(
        f"there is no prediction {str(prediction_id)[:60]!r}",
        allowed="the prediction_id of an answer that was given to a key of the same tenant",
        found=repr(str(prediction_id)[:60]),
        next="ask something first: mill predict TASK JSON",
    )
