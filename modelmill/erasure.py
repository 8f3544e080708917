"""Erases a corpus from every table and folder, and marks what was trained on it. What cannot be undone is said.

A model is not unlearnt: the releases that knew it are marked, refused promotion, and named, until they are retrained.
One that was never released goes, weights and words: nobody is answered by it.
Files are deleted before the rows are committed: an erasure that is killed in between is there to be called again, with
rows whose files are gone, and never leaves a file that no row leads to. Only of a frozen set that neither a row nor its
own manifest tells of can nobody say whether it holds something of the corpus: it stays, and is named.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine

from modelmill import logs
from modelmill.datasets import freeze
from modelmill.datasets.intent_labels import OUT_OF_SCOPE, labels_of
from modelmill.errors import DataError
from modelmill.normalize import clustering
from modelmill.records import FEEDBACK, Corpus, sha256_file, sha256_text
from modelmill.settings import Settings
from modelmill.store import artifacts, audit, bucket, corpora, datasets, publications, units
from modelmill.store import erasure as rows
from modelmill.store.tables import corpus


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows and files went, the releases that knew it, and the folders that may hold something of it still."""

    counts: dict[str, int]
    releases: tuple[str, ...]
    unread: tuple[Path, ...] = ()

    def whole(self, name: str) -> None:
        """Raises DataError when of a frozen set nobody can say whether it holds something of the corpus `name`."""
        if self.unread:
            raise DataError(
                f"{name} was erased, but for what may be of it in frozen sets that cannot be read",
                allowed="frozen sets whose manifest.json says of which corpora they are, or that a row tells of",
                found=", ".join(map(str, self.unread)),
                next="delete these folders: no dataset on record is in them",
            )


@dataclass(frozen=True, slots=True)
class _Rowless:
    """Frozen sets and copies that no row leads to: those that say they are of the corpus, with the set's sha256, which
    is "" where a copy does not say; those that say nothing.
    """

    its: dict[Path, str]
    unread: tuple[Path, ...]


def remove(settings: Settings, db: Engine, tenant: str, name: str, *, by: str) -> Erased:
    """Erase the corpus; by: who does, for the audit log. Raises UserError when there is none of that name."""
    one = corpora.get(db, tenant, name)
    for asset in rows.PARTITIONED:  # whoever works on it now can no longer publish
        publications.take(db, asset, one.key)
    lease = publications.take(db, corpora.ERASED, one.key)
    with db.begin() as conn:
        clustering.lock(conn)
        knew = rows.knew(conn, one)
        rowless = _rowless(settings, conn, one, knew)
        counts = rows.erase(conn, one, knew, _labels(conn, one))
        clustering.bring_up_to_date(conn)  # what only its texts held together falls apart
        # Before the commit: if a file cannot be deleted the rows stay, and the same command tries again.
        sets = sorted({*knew.datasets, *rowless.its.values()} - {""})
        counts["files"] = sum(delete(path) for path in _files(settings, one, knew, rowless.its, sets))
        pages = [_page_of(sha256) for sha256 in knew.candidates]
        counts["files"] += bucket.erase(settings, [*sets, *knew.unreleased], pages)
        counts["log_lines"] = logs.forget(settings.home_dir, knew.runs, knew.partitions)
        nothing = sha256_text("")
        publications.publish(conn, lease, input_hash=nothing, sha256=nothing, rows=0, detail=counts)
        audit.append(conn, tenant=tenant, by=by, action="corpus erased", subject=name, detail=counts)
    rows.forget_samples(db)
    return Erased(counts, knew.releases, rowless.unread)


def _files(
    settings: Settings, one: Corpus, knew: rows.Knew, rowless: Iterable[Path], sets: Iterable[str]
) -> Iterator[Path]:
    """The frozen sets with their working copies, what DVC cached of them and what a training kept; models that were
    never released; the pages of reports that show examples, here and as MLflow has them; what Dagster's runs printed;
    and our copy of a remote source, if no other corpus is read from it.

    In the store that machines share bucket.erase deletes the same. The homes of other machines are not reached.
    """
    folders = [Path(folder) for folder in knew.datasets.values()]
    copies = [folder for folder in _working_copies(settings) if _sha256(folder) in knew.datasets]
    for folder in (*folders, *copies, *rowless):
        yield from _cached_by_dvc(settings, folder)
        yield folder
    for name in sets:
        yield settings.home_dir / "checkpoints" / name  # of a training that was stopped: weights that knew it
    for sha256 in knew.unreleased:
        yield artifacts.location(settings, sha256)
    for sha256 in knew.candidates:
        for folder in (settings.home_dir / "reports", settings.mlruns_dir):
            yield from sorted(folder.rglob(f"*{_page_of(sha256)}"))
    for run in knew.runs:
        yield settings.home_dir / "dagster" / "storage" / run
    if not knew.read_by_others:
        yield our_copy(settings, one)


def _labels(conn: Connection, one: Corpus) -> list[str]:
    """What only it taught to answer with. What users said with such a label (`feedback:TASK`) does not keep it."""
    tenants, its = corpus.c.tenant == one.tenant, corpus.c.id == one.id
    taught, others = (
        {label for fields in units.labelled_fields(conn, chosen) for label in labels_of(fields)}
        for chosen in (its, tenants & ~its & ~corpus.c.uri.startswith(FEEDBACK))
    )
    return sorted(taught - others - {OUT_OF_SCOPE})


def _rowless(settings: Settings, conn: Connection, one: Corpus, knew: rows.Knew) -> _Rowless:
    """Of runs that ended before a row led to their set, and working copies of none; one that is being made now is
    refused when it wants to be published.
    """
    its: dict[Path, str] = {}
    unread: list[Path] = []
    frozen = sorted(file.parent for file in settings.artifacts_dir.glob(f"??/*/{freeze.MANIFEST}"))
    named = {folder: folder.name for folder in frozen} | {copy: _sha256(copy) for copy in _working_copies(settings)}
    for folder, sha256 in named.items():
        if sha256 in knew.datasets or datasets.recorded(conn, sha256):
            continue
        try:
            if one.key in freeze.made_of(folder):
                its[folder] = sha256
        except DataError:
            unread.append(folder)
    return _Rowless(its, tuple(unread))


def our_copy(settings: Settings, of: Corpus) -> Path:
    """Where the working copy of a remote repository lies, if the corpus is one."""
    return settings.home_dir / "sources" / f"git-{sha256_text(of.uri.partition('#')[0])[:24]}"


def delete(path: Path) -> int:
    """Files deleted; none if there is nothing."""
    if path.is_dir():
        number = sum(file.is_file() for file in path.rglob("*"))
        shutil.rmtree(path)
        return number
    existed = path.exists()
    path.unlink(missing_ok=True)
    return int(existed)


def _page_of(sha256: str) -> str:
    """What the name of a candidate's report ends with."""
    return f"-{sha256[:12]}.html"


def _working_copies(settings: Settings) -> list[Path]:
    """What lies where a person and DVC find frozen sets, whole or not."""
    manifests = (freeze.MANIFEST, artifacts.MANIFEST)
    return sorted({file.parent for name in manifests for file in (settings.data_dir / "datasets").glob(f"*/{name}")})


def _sha256(copy: Path) -> str:
    """Of which set it is a copy, where it says so."""
    manifest = copy / artifacts.MANIFEST
    return sha256_file(manifest) if manifest.is_file() else ""


def _cached_by_dvc(settings: Settings, folder: Path) -> Iterator[Path]:
    for file in sorted(folder.glob("*")):
        md5 = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()  # DVC's name for a content
        yield settings.root / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]
