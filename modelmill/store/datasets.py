"""Frozen datasets as rows, with the units they were made of as these were then, and their examples from Parquet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Row, case, select
from sqlalchemy.dialects.postgresql import insert

from modelmill.errors import DataError, PrerequisiteError, UserError
from modelmill.records import Dataset, Example, Split, Unit
from modelmill.settings import Settings
from modelmill.store import artifacts, publications
from modelmill.store.copying import copying
from modelmill.store.tables import dataset, dataset_unit
from modelmill.task import Task

FILE = "{split}.parquet"
COLUMNS = ("sha256", "input", "target", "units", "group", "cluster", "kind")


@dataclass(frozen=True, slots=True)
class Source:
    """A unit that a dataset was made of, and the most telling split it is in."""

    unit: Unit
    split: Split


def record(conn: Connection, made: Dataset, sources: Iterable[Source], tenant: str) -> None:
    """Write the dataset's rows, in the caller's transaction. The same content again only takes a taint away.

    Whoever freezes it again found all its units there, with consent. tenant: whose corpora the sources are of. A set
    that was another's (from before manifests named the tenant) is everybody's from now on.
    """
    values = {"task": made.task, "path": str(made.path), "counts": dict(made.counts), "manifest": dict(made.manifest)}
    statement = insert(dataset).values(sha256=made.sha256, tenant=tenant, **values)
    again = {"tainted": None, "path": str(made.path), "tenant": case((dataset.c.tenant == tenant, tenant))}
    conn.execute(statement.on_conflict_do_update(index_elements=["sha256"], set_=again))
    names = [column.name for column in dataset_unit.columns]
    conn.execute(dataset_unit.delete().where(dataset_unit.c.dataset_sha256 == made.sha256))
    with copying(conn, f"COPY mill.dataset_unit ({', '.join(names)}) FROM STDIN") as copy:
        for one in sources:
            unit = one.unit
            copy.write_row(
                (made.sha256, unit.corpus, unit.path, unit.name, unit.sha256, unit.document_sha256, unit.revision,
                 one.split.value)
            )  # fmt: skip


def recorded(conn: Connection, sha256: str) -> bool:
    """Whether a dataset of that sha256 was ever published."""
    return conn.scalar(select(dataset.c.sha256).where(dataset.c.sha256 == sha256)) is not None


def load(db: Engine, task: Task) -> Dataset:
    """The task's dataset as last published. Raises UserError when there is none."""
    last = publications.current(db, f"{task.name}/dataset")
    if last is None:
        raise UserError(
            f"{task.name} has no dataset yet",
            allowed="a task whose dataset was frozen",
            found="none was ever published",
            next=f"mill datasets --task {task.name}",
        )
    return get(db, last.sha256)


def get(db: Engine, sha256: str) -> Dataset:
    """The dataset of that sha256. Raises DataError when there is no such row."""
    with db.connect() as conn:
        row = conn.execute(select(dataset).where(dataset.c.sha256 == sha256)).one_or_none()
    if row is None:
        raise DataError(
            f"there is no dataset {sha256[:12]}", allowed="a dataset on record", found=sha256, next="mill status"
        )
    return _record(row)


def here(settings: Settings, dataset: Dataset) -> Dataset:
    """The same set where this machine keeps it, fetched if it must be, verified. Raises as `open_artifact` does."""
    return replace(dataset, path=artifacts.open_artifact(settings, dataset.sha256))


def kept(settings: Settings, dataset: Dataset) -> Dataset:
    """As `here`; one that nobody keeps any more, for its corpus was erased, stays as it is and reads as empty."""
    try:
        return here(settings, dataset)
    except PrerequisiteError:
        return dataset


def named(db: Engine, prefix: str) -> Dataset:
    """The one dataset whose sha256 begins with `prefix`. Raises UserError for none or several."""
    wanted = dataset.c.sha256.startswith(prefix, autoescape=True)
    with db.connect() as conn:
        rows = conn.execute(select(dataset).where(wanted).order_by(dataset.c.created_at).limit(3)).all()
    if len(rows) != 1:
        raise UserError(
            f"{prefix!r} does not name one dataset",
            allowed="the beginning of one dataset's sha256, as long as needed",
            found=", ".join(row.sha256[:16] for row in rows) or "none that begins so",
            next="mill dataset list",
        )
    return _record(rows[0])


def history(db: Engine, task: str | None = None) -> list[tuple[Dataset, datetime]]:
    """All that were ever frozen, of the task or of all, newest first, each with when."""
    statement = select(dataset).order_by(dataset.c.created_at.desc(), dataset.c.sha256)
    if task is not None:
        statement = statement.where(dataset.c.task == task)
    with db.connect() as conn:
        return [(_record(row), row.created_at) for row in conn.execute(statement)]


def tainted(db: Engine, sha256: str) -> str:
    """Why models that knew this dataset are not released; empty when nothing of it was erased."""
    with db.connect() as conn:
        return conn.execute(select(dataset.c.tainted).where(dataset.c.sha256 == sha256)).scalar_one_or_none() or ""


def read_examples(made: Dataset, split: Split | str | None = None) -> list[Example]:
    """The examples of one split, or of all, in the frozen order. Raises DataError naming the file and record."""
    wanted = [Split(split)] if split else [one for one in Split if made.counts.get(one.value)]
    return [example for one in wanted for example in _read(made.path / FILE.format(split=one.value), one)]


def _read(file: Path, split: Split) -> Iterator[Example]:
    import pyarrow.parquet as pq

    if not file.is_file():
        return
    try:
        rows = pq.read_table(file, columns=list(COLUMNS)).to_pylist()
    except (OSError, ValueError, KeyError) as error:
        raise _bad(file, 0, error) from error
    for number, row in enumerate(rows, 1):
        try:
            example = _example(row, split)
        except (ValueError, TypeError) as error:
            raise _bad(file, number, error) from error
        if example.sha256 != row["sha256"]:
            raise _bad(file, number, ValueError(f"its content has sha256 {example.sha256[:12]}"))
        yield example


def _example(row: dict[str, Any], split: Split) -> Example:
    asked, right = json.loads(row["input"]), json.loads(row["target"])
    return Example(asked, right, split, tuple(row["units"]), row["group"], row["cluster"], row["kind"])


def _record(row: Row[Any]) -> Dataset:
    return Dataset(row.sha256, row.task, Path(row.path), row.counts, row.manifest)


def _bad(file: Path, number: int, error: Exception) -> DataError:
    return DataError(
        f"record {number} of {file.name} cannot be read" if number else f"{file.name} cannot be read",
        allowed=f"Parquet with the columns {', '.join(COLUMNS)}, as it was frozen",
        found=f"{type(error).__name__}: {error}",
        next="mill datasets --force",
    )
