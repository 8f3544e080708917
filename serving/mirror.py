"""What pgvector would be searched for, held in memory by the service that asks all the time: ten results of 15,000
units cost one product of matrices instead of a query that brings a hundred rows with their texts.

A copy answers only while the database says that nothing of what is searched has changed since it was made, which is
asked each time, by the gateway, which hands on what it was told, or here: what was erased is not found any more. While
a newer one is made, pgvector answers; and always where there are more units than fit
(docs/decisions/0019-a-copy-in-memory.md).
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from modelmill.embed.texts import passage
from modelmill.predictors import quantized
from modelmill.predictors.matrix_index import MatrixIndex
from modelmill.records import Unit
from modelmill.store import publications, vectors
from modelmill.store.publications import Stamp
from modelmill.task import Index

if TYPE_CHECKING:
    import numpy as np

LOG = logging.getLogger("bentoml.release")
MOST = 50_000  # units of all tenants together: some 185 MB with their texts
PAUSE_SECONDS = 10.0  # between two copies of a tenant: an intake publishes several times in a row


@dataclass(frozen=True, slots=True)
class Copy:
    """An index, and what was published when it was made. index: None where it would not fit."""

    stamp: Stamp
    index: MatrixIndex | None


class Mirror:
    """The vectors of one model, a copy a tenant. Several threads may ask; copies are made in threads of its own."""

    def __init__(
        self,
        db: Callable[[], Engine],
        model: str,
        dim: int,
        most: int = MOST,
        know: Callable[[MatrixIndex], None] | None = None,
    ) -> None:
        self.db, self.model, self.dim, self.most, self.know = db, model, dim, most, know
        self.copies: OrderedDict[str, Copy] = OrderedDict()
        self.begun: dict[str, float] = {}
        self.lock = threading.Lock()

    def index(self, tenant: str, told: Stamp | None = None) -> Index:
        """What to search now: the copy if it is true, else the database, and a new copy is begun.

        told: what the database said of what is searched, to who asks and since he asks; it is not asked again.
        """
        with self.lock:
            copy = self.copies.get(tenant)
            if copy is not None and copy.stamp == told and copy.index is not None:
                self.copies.move_to_end(tenant)
                return copy.index
        db = self.db()
        stamp = publications.searched(db)
        with self.lock:
            copy = self.copies.pop(tenant, None)
            if copy is not None and copy.stamp == stamp:  # else it is let go at once: something may have been erased
                self.copies[tenant] = copy
        if copy is None or copy.stamp != stamp:
            self._begin(tenant)
        elif copy.index is not None:
            return copy.index
        return vectors.PgIndex(db, self.model, tenant)

    def copy(self, tenant: str) -> Copy:
        """Make the tenant's copy now; those asked for least are given up until all fit."""
        with self.db().connect().execution_options(isolation_level="REPEATABLE READ") as conn:
            stamp = publications.stamp(conn)  # of the very snapshot that is read
            found = vectors.everything(conn, self.model, tenant, self.dim, self.most)
        made = Copy(stamp, _index(*found) if found else None)
        with self.lock:
            self.copies[tenant] = made
            while sum(_size(one) for one in self.copies.values()) > self.most:
                self.copies.popitem(last=False)
        return made

    def _begin(self, tenant: str) -> None:
        now = time.monotonic()
        with self.lock:  # two who ask at once would both begin one
            if now - self.begun.get(tenant, -PAUSE_SECONDS) < PAUSE_SECONDS:
                return
            self.begun[tenant] = now
        threading.Thread(target=self._try, args=(tenant,), name=f"copy of {tenant}", daemon=True).start()

    def _try(self, tenant: str) -> None:
        try:
            made = self.copy(tenant)
            if self.know is not None and made.index is not None:
                self.know(made.index)
        except SQLAlchemyError as error:  # the database is away: whoever asks is told by itself
            LOG.warning("no copy of %s's vectors: %s", tenant, type(error).__name__)


def _index(units: Sequence[Unit], vectors: np.ndarray) -> MatrixIndex:
    return MatrixIndex(units, vectors, said=passage, quantized=quantized.of(vectors, len(os.sched_getaffinity(0))))


def _size(copy: Copy) -> int:
    return len(copy.index.units) if copy.index else 0
